import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.compiler.planner import (
    live_bytes,
    live_placements,
    lower_bound,
    plan_memory,
    plan_of,
    scratch_groups,
    tensor_groups,
)
from edgepack.graph import DType
from edgepack.program import Alias, Overlap, Program
from tests.unit.compiler.programs import ProgramBuilder, faults, random_program

SEEDS = st.integers(0, 2**32)


def groups_of(program: Program):
    return (*tensor_groups(program), *scratch_groups(program))


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(0, 14))
def test_nothing_live_is_ever_overwritten(seed: int, steps: int) -> None:
    program = random_program(seed, steps)
    plan = plan_memory(program)
    assert faults(program, plan) == []
    assert plan.arena_bytes >= plan.lower_bound >= lower_bound(groups_of(program), program)
    assert plan.arena_bytes % plan.alignment == 0
    assert all(offset % 4 == 0 for offset, own in _own_offsets(program, plan) if own)


def _own_offsets(program: Program, plan):
    aliased = {t for alias in program.aliases for t in (alias.input, alias.output)}
    return [(offset, tensor not in aliased) for tensor, offset in plan.offsets]


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 3))
def test_small_plans_are_optimal(seed: int, steps: int) -> None:
    program = random_program(seed, steps, unit=4)
    groups = groups_of(program)
    if len(groups) > 4:
        return
    plan = plan_memory(program)
    shortest = plan.arena_bytes
    for offsets in itertools.product(range(0, shortest, 4), repeat=len(groups)):
        ends = [base + g.bytes for base, g in zip(offsets, groups, strict=True)]
        if max(ends) < shortest and not faults(
            program, plan_of(groups, offsets, 4, len(program.steps))
        ):
            shortest = max(ends)
    assert plan.arena_bytes == max(4, -(-shortest // 4) * 4)
    assert plan.lower_bound == plan.arena_bytes


def test_the_faults_of_a_wrong_plan_are_seen() -> None:
    program = random_program(7, 6)
    plan = plan_memory(program)
    flat = dataclasses.replace(plan, offsets=tuple((t, 0) for t, _ in plan.offsets))
    assert faults(program, flat)


def chain(leads: list[int], size: int = 100) -> Program:
    b = ProgramBuilder()
    tensors = [b.tensor(size) for _ in range(len(leads) + 1)]
    for (one, other), lead in zip(itertools.pairwise(tensors), leads, strict=True):
        b.step([one], [other], [Overlap(one, other, lead)])
    return b.program(tensors[:1], tensors[-1:])


def test_a_chain_in_place_takes_one_buffer() -> None:
    assert plan_memory(chain([0, 0, 0])).arena_bytes == 100


def test_leads_shift_each_output_below_its_input() -> None:
    plan = plan_memory(chain([8, 8, 8]))
    assert [offset for _, offset in plan.offsets] == [24, 16, 8, 0]
    assert plan.arena_bytes == 124


def test_exact_leave_is_for_one_place_only() -> None:
    b = ProgramBuilder()
    x, y, z = b.tensor(100), b.tensor(60), b.tensor(60)
    b.step([x], [y], [Overlap(x, y, 8, exact=True)])
    b.step([y], [z], [Overlap(y, z, 0, exact=True)])
    plan = plan_memory(b.program([x], [z]))
    assert [plan.offset(t) for t in (x, y, z)] == [8, 0, 0]
    assert plan.arena_bytes == 108


def test_without_leave_two_buffers_are_live() -> None:
    b = ProgramBuilder()
    x, y = b.tensor(100), b.tensor(60)
    b.step([x], [y])
    assert plan_memory(b.program([x], [y])).arena_bytes == 160


def test_an_input_that_is_needed_later_is_not_written_over() -> None:
    b = ProgramBuilder()
    x, y, z = b.tensor(100), b.tensor(100), b.tensor(100)
    b.step([x], [y], [Overlap(x, y)])
    b.step([x, y], [z], [Overlap(x, z), Overlap(y, z)])
    plan = plan_memory(b.program([x], [z]))
    assert plan.arena_bytes == 200


def test_an_output_that_the_last_step_reads_is_not_written_over() -> None:
    b = ProgramBuilder()
    x, y, z = b.tensor(16), b.tensor(16), b.tensor(16)
    b.step([x], [y], [Overlap(x, y)])
    b.step([y], [z], [Overlap(y, z)])
    assert plan_memory(b.program([x], [y, z])).arena_bytes == 32


def test_an_unread_output_does_not_lie_over_the_input() -> None:
    b = ProgramBuilder()
    x, y, z = b.tensor(16), b.tensor(16), b.tensor(16)
    b.step([x], [y, z], [Overlap(x, y)])
    assert plan_memory(b.program([x], [y])).arena_bytes == 32


def test_concatenated_parts_are_written_in_place_and_free_before_that() -> None:
    b = ProgramBuilder()
    x, one, big, other, whole, y = (b.tensor(n) for n in (4, 40, 40, 40, 80, 4))
    b.step([x], [one])
    b.step([one], [big])
    b.step([big], [other])
    b.aliases += [Alias(whole, one, 0), Alias(whole, other, 40)]
    b.step([whole], [y])
    plan = plan_memory(b.program([x], [y]))
    assert plan.offset(one) == plan.offset(whole)
    assert plan.offset(other) == plan.offset(whole) + 40
    assert plan.arena_bytes == 120


def test_a_view_keeps_the_bytes_it_needs_and_no_more() -> None:
    b = ProgramBuilder()
    x, whole, head, z, y = (b.tensor(n) for n in (4, 80, 8, 72, 4))
    b.step([x], [whole])
    b.aliases.append(Alias(whole, head, 0))
    b.step([x], [z])
    b.step([head, z], [y])
    assert plan_memory(b.program([x], [y])).arena_bytes == 8 + 72 + 4


def test_leave_for_one_of_two_views_is_not_leave_for_the_other() -> None:
    b = ProgramBuilder()
    x, head, y = b.tensor(40), b.tensor(40), b.tensor(40)
    b.aliases.append(Alias(x, head, 0))
    b.step([x, head], [y], [Overlap(x, y)])
    assert plan_memory(b.program([x], [y])).arena_bytes == 80
    b.steps.clear()
    b.step([x, head], [y], [Overlap(x, y), Overlap(head, y)])
    assert plan_memory(b.program([x], [y])).arena_bytes == 40


def test_scratch_is_live_in_its_step_only() -> None:
    b = ProgramBuilder()
    x, y, z = b.tensor(16), b.tensor(16), b.tensor(64)
    b.step([x], [y], scratch=100)
    b.step([y], [z])
    plan = plan_memory(b.program([x], [z]))
    assert plan.arena_bytes == 132
    assert plan.peak_step == 0
    assert live_bytes(plan.placements, 0) == 132
    assert live_bytes(plan.placements, 1) == 80
    assert [(p.tensor, p.bytes) for p in live_placements(plan.placements, 0)] == [
        (-1, 100),
        (x, 16),
        (y, 16),
    ]


def test_the_same_program_gives_the_same_plan() -> None:
    program = random_program(3, 30)
    assert plan_memory(program) == plan_memory(program)


def test_an_identity_model_has_one_buffer() -> None:
    b = ProgramBuilder()
    x, y = b.tensor(10), b.tensor(10)
    b.aliases.append(Alias(x, y))
    plan = plan_memory(b.program([x], [y]))
    assert plan.arena_bytes == 12
    assert plan.offsets == ((x, 0), (y, 0))


@pytest.mark.parametrize(("dtype", "alignment"), [(DType.INT8, 4), (DType.INT64, 8)])
def test_alignment_follows_the_widest_element(dtype: DType, alignment: int) -> None:
    program = chain([0])
    tensors = tuple(dataclasses.replace(t, dtype=dtype) for t in program.graph.tensors)
    graph = dataclasses.replace(program.graph, tensors=tensors)
    plan = plan_memory(dataclasses.replace(program, graph=graph))
    assert plan.alignment == alignment
    assert all(offset % alignment == 0 for _, offset in plan.offsets)


def test_mve_wants_sixteen() -> None:
    program = chain([4])
    spec = dataclasses.replace(program.spec, isa=frozenset({"mve"}))
    assert plan_memory(dataclasses.replace(program, spec=spec)).alignment == 16


def test_an_exact_overlap_holds_at_its_distance_only() -> None:
    for lead, expected in ((0, 0), (4, 4), (400, None)):
        b = ProgramBuilder()
        x, y = b.tensor(64), b.tensor(64)
        b.step([x], [y])
        leave = Overlap(x, y, lead, exact=True)
        b.steps[-1] = dataclasses.replace(b.steps[-1], overlaps=(leave,))
        program = b.program([x], [y])
        plan = plan_memory(program)
        distance = plan.offset(x) - plan.offset(y)
        assert distance == expected or (expected is None and abs(distance) >= 64)
