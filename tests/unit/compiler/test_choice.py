from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepack.compiler import choice
from edgepack.compiler.choice import Budget, Figures, Weights, choose
from edgepack.compiler.costs import FEATURES, KernelCost, core_of, features, measured
from edgepack.compiler.live import needs
from edgepack.compiler.lowering import Offered, offer
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.program import Isa, Level, LowerSpec, Program, Scratch, Step
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

FEATURE_SETS: tuple[Isa, ...] = ("dsp", "mve", "rv32m", "thumb1", "thumb2")


def offered(feature: Isa = "dsp", level: Level = "balanced", **fields: object) -> Offered:
    spec = LowerSpec(frozenset({feature}), optimize=level)
    return offer(optimise(read_model(pack(cnn()))), dataclasses.replace(spec, **fields))  # type: ignore[arg-type]


def time_of(program: Program) -> float:
    return sum(c.cost.cycles or c.cost.instructions for c in program.choices if c.cost)


@pytest.mark.parametrize("feature", FEATURE_SETS)
def test_each_level_is_the_best_at_what_it_is_for(feature: Isa) -> None:
    size, balanced, speed = (choose(offered(feature, v)) for v in ("size", "balanced", "speed"))
    assert size[1].arena_bytes <= min(balanced[1].arena_bytes, speed[1].arena_bytes)
    assert time_of(speed[0]) <= time_of(balanced[0]) <= time_of(size[0])
    offers = [step for lowered in offered(feature).operators for step in lowered.offers]
    assert time_of(speed[0]) < time_of(size[0]) or all("dense" in s.kernel for s in offers)


@pytest.mark.parametrize("feature", FEATURE_SETS)
def test_a_choice_is_one_of_the_ways_and_says_why(feature: Isa) -> None:
    found = offered(feature)
    program, plan = choose(found)
    steps = [step for lowered in found.operators for way in lowered.ways for step in way]
    assert all(step in steps for step in program.steps)
    assert plan == plan_memory(program)
    for chosen, lowered in zip(program.choices, found.operators, strict=True):
        assert bool(chosen.why) == (len(lowered.ways) > 1 or bool(lowered.refusals))


def test_a_layer_may_have_a_level_of_its_own() -> None:
    plain, _ = choose(offered(level="size"))
    index = next(o.index for o in offered().graph.operators if o.kind == "CONV_2D")
    mixed, _ = choose(offered(level="size", levels=((index, "speed"),)))
    changed = [a.operator for a, b in zip(plain.steps, mixed.steps, strict=True) if a != b]
    assert changed == [index]
    assert {c.operator: c.level for c in mixed.choices}[index] == "speed"


def test_what_does_not_fit_at_speed_takes_smaller_ways() -> None:
    found = offered(level="speed")
    fast, plan = choose(found)
    small, least = choose(offered(level="size"))
    assert plan.arena_bytes > least.arena_bytes
    tight, fitting = choose(found, Budget(ram=least.arena_bytes))
    assert fitting.arena_bytes <= least.arena_bytes
    assert time_of(fast) < time_of(tight) <= time_of(small)


def test_what_does_not_fit_in_flash_takes_less_of_it() -> None:
    fast, small = (choice.Search(offered(level=v), Budget()) for v in ("speed", "size"))
    most, least = (search.figures(search.best()) for search in (fast, small))
    assert most.flash > least.flash
    tight = choice.Search(fast.offered, Budget(flash=least.flash))
    found = tight.figures(tight.best())
    assert found.flash <= least.flash
    assert found.time <= least.time
    program, _ = choose(fast.offered, Budget(flash=least.flash))
    assert program.steps != choose(fast.offered)[0].steps


def test_between_two_budgets_only_some_layers_step_back() -> None:
    found = offered(level="speed")
    (fast, plan), (small, least) = choose(found), choose(offered(level="size"))
    between = range(
        least.arena_bytes, plan.arena_bytes, (plan.arena_bytes - least.arena_bytes) // 7
    )
    tight = [choose(found, Budget(ram=limit)) for limit in between]
    for limit, (_, fitting) in zip(between, tight, strict=True):
        assert fitting.arena_bytes <= limit
    assert any(time_of(fast) < time_of(program) < time_of(small) for program, _ in tight)
    assert any(set(program.steps) & (set(fast.steps) - set(small.steps)) for program, _ in tight)


def test_prices_weigh_time_and_memory() -> None:
    one, weights = Figures(1000, 10_000, 50_000), Weights(ram=0.5, flash=1)
    faster = dataclasses.replace(one, time=980)
    assert faster.price(weights) < one.price(weights)
    fatter = dataclasses.replace(faster, flash=51_500)  # 3 % for 2 %
    assert fatter.price(weights) > one.price(weights)
    roomier = dataclasses.replace(faster, ram=10_300)  # 3 % for 2 %, at half the price
    assert roomier.price(weights) < one.price(weights)
    assert one.excess(Budget(ram=9_000, flash=50_000)) == 1_000
    assert one.excess(Budget(ram=10_000, flash=48_000)) == 2_000
    assert one.excess(Budget()) == 0


def of_step(change: Callable[[Step], Step]) -> Offered:
    """The offers, each step of an instruction set changed."""
    found = offered()
    operators = tuple(
        dataclasses.replace(o, offers=tuple(change(step) for step in o.offers))
        for o in found.operators
    )
    return dataclasses.replace(found, operators=operators)


def test_a_kernel_without_figures_is_tried_and_said_to_be_new() -> None:
    program, _ = choose(of_step(lambda s: dataclasses.replace(s, kernel=f"{s.kernel}_new")))
    told = [c for c in program.choices if "not measured" in c.why]
    assert told
    assert all(c.cost is None for c in told)


def test_much_scratch_for_nothing_is_not_taken() -> None:
    def heavy(step: Step) -> Step:
        return dataclasses.replace(step, arguments=(*step.arguments, Scratch(1 << 20)))

    program, plan = choose(of_step(heavy))
    assert plan.arena_bytes < 1 << 20
    assert any("B of RAM" in c.why for c in program.choices)


@pytest.mark.parametrize("feature", FEATURE_SETS)
def test_predicted_ram_is_no_more_than_the_plan_and_near_it(feature: Isa) -> None:
    found = offered(feature)
    for pick in (0, 1):
        picks = [min(pick, len(o.ways) - 1) for o in found.operators]
        rams = [rams[p] for rams, p in zip(needs(found), picks, strict=True)]
        arena = plan_memory(found.program(picks)).arena_bytes
        assert 0.8 * arena <= max(rams) <= arena


def test_the_figures_are_whole() -> None:
    for core in ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m55", "rv32imac"):
        kernels = measured(core)
        assert kernels, core
        for kernel in kernels.values():
            assert isinstance(kernel, KernelCost)
            if kernel.instructions:
                assert len(kernel.instructions) == len(FEATURES)
                assert min(kernel.instructions) >= 0 < sum(kernel.instructions)
            assert sum(kernel.functions.values()) > 0
            assert (kernel.cycles > 0) == (core not in ("cortex-m55", "rv32imac"))


def test_features_count_what_they_name() -> None:
    found = offered()
    index, lowered = next(
        (n, o) for n, o in enumerate(found.operators) if o.steps and o.steps[0].macs
    )
    row = dict(zip(FEATURES, features(lowered.steps[0], found.graph), strict=True))
    output = found.graph.tensor(found.graph.operators[index].outputs[0])
    assert row["outputs"] == output.elements
    assert row["pixels"] * row["channels"] == row["outputs"]
    assert row["windows"] * row["channels"] == row["macs"] == lowered.steps[0].macs


def test_cores_by_instruction_set() -> None:
    assert core_of(frozenset()) == "cortex-m3"
    assert core_of(frozenset({"dsp", "mve", "fpu"})) == "cortex-m55"
    assert core_of(frozenset({"dsp", "fpu"})) == "cortex-m4"


def test_the_page_shows_the_weights_as_they_are() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "choice.md"
    rows = [line.split("|")[1:4] for line in page.read_text().splitlines() if "| `" in line[:3]]
    shown = {name.split("`")[1]: (float(a), float(b)) for name, a, b in rows}
    assert shown == {level: (w.ram, w.flash) for level, w in choice.WEIGHTS.items()}
