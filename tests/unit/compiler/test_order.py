import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.compiler import order
from edgepack.compiler.order import _Costs, best_order, in_best_order
from edgepack.compiler.planner import plan_memory
from edgepack.program import Overlap, Program
from tests.unit.compiler.programs import ProgramBuilder, faults, random_program

SEEDS = st.integers(0, 2**32)


def two_branches() -> Program:
    """Two wide branches that end narrow; as given, both are wide at once."""
    b = ProgramBuilder()
    x, wide, other, narrow, thin, y = (b.tensor(n) for n in (8, 100, 100, 4, 4, 4))
    b.step([x], [wide])
    b.step([x], [other])
    b.step([wide], [narrow])
    b.step([other], [thin])
    b.step([narrow, thin], [y])
    return b.program([x], [y])


def test_a_branch_ends_before_the_next_begins() -> None:
    program = two_branches()
    plan = plan_memory(program)
    other, found = in_best_order(program, plan)
    assert (plan.arena_bytes, found.arena_bytes) == (208, 112)
    assert faults(other, found) == []
    assert sorted(map(id, other.steps)) == sorted(map(id, program.steps))


def test_a_chain_stays_as_it_is() -> None:
    b = ProgramBuilder()
    x, y, z = (b.tensor(n) for n in (8, 100, 4))
    b.step([x], [y], [Overlap(x, y)])
    b.step([y], [z])
    program = b.program([x], [z])
    assert best_order(program) is None
    plan = plan_memory(program)
    assert in_best_order(program, plan) == (program, plan)


def legal(costs: _Costs, places: tuple[int, ...]) -> bool:
    done = 0
    for step in places:
        if costs.needs[step] & ~done:
            return False
        done |= 1 << step
    return True


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 6))
def test_no_order_of_a_small_program_has_a_lower_peak(seed: int, steps: int) -> None:
    program = random_program(seed, steps)
    costs = _Costs.of(program)
    given_order = tuple(range(steps))
    peaks = [
        costs.peak(places)
        for places in itertools.permutations(range(steps))
        if legal(costs, places)
    ]
    found = best_order(program)
    assert costs.peak(found or given_order) == min(peaks)
    assert found is None or legal(costs, found)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 14))
def test_whatever_the_order_nothing_is_overwritten(seed: int, steps: int) -> None:
    program = random_program(seed, steps)
    plan = plan_memory(program)
    other, found = in_best_order(program, plan)
    assert found.arena_bytes <= plan.arena_bytes
    assert faults(other, found) == []
    assert in_best_order(program, plan) == (other, found)


def test_out_of_looks_the_order_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "LOOKS", 2)
    assert best_order(two_branches()) is None
