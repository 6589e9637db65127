"""Which of the offered kernels each operator takes: the least of a price.

    price = time * RAM ** a * flash ** b        with a and b from WEIGHTS[level]

of the whole model, each as predicted. At "balanced" a per cent of time is worth a per cent of
flash, or two of RAM; at "speed" twenty of either; at "size" a per cent of memory is worth a hundred
of time.
Where the model exceeds a budget, what brings it below goes before every price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from edgepack.compiler.costs import cost_of, functions_of, rough_cost
from edgepack.compiler.live import needs
from edgepack.compiler.lowering import Offered
from edgepack.compiler.planner import plan_memory
from edgepack.program import Choice, Const, Cost, Isa, Level, MemoryPlan, Params, Program, Step

STACK_BYTES = 512  # counted with the arena: about what every model needs besides
UNMEASURED = 0.97  # of the next worse offer's time: what a kernel without figures may take
PLANS = 3  # memory plans that a choice may take
_LEAST = 1e-9  # of a price's logarithm: what two searches may differ by


@dataclass(frozen=True, slots=True)
class Weights:
    """How many per cent of time a per cent of RAM and of flash are worth."""

    ram: float
    flash: float


WEIGHTS: Mapping[Level, Weights] = {
    "size": Weights(ram=100, flash=100),
    "balanced": Weights(ram=0.5, flash=1),
    "speed": Weights(ram=0.05, flash=0.05),
}


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that the arena, and constants with kernels, may take; None is no limit."""

    ram: int | None = None
    flash: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run an operator, and what it takes."""

    kernels: str
    cost: Cost
    measured: bool
    flash: Mapping[object, int]  # constants and functions, which others may share, with bytes
    ram: int  # bytes in use while it runs
    skips: bool = False  # multiplications by zero

    @property
    def time(self) -> float:
        """Predicted cycles, or instructions where the core has no table of costs."""
        return self.cost.cycles or self.cost.instructions


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the whole model by one choice of ways."""

    time: float
    ram: int
    flash: int

    def price(self, weights: Weights) -> float:
        """The logarithm of the price."""
        memory = weights.ram * math.log(self.ram + STACK_BYTES)
        return math.log(self.time + 1) + memory + weights.flash * math.log(self.flash + 1)

    def excess(self, budget: Budget) -> int:
        """Bytes over the budget."""
        pairs = ((self.ram, budget.ram), (self.flash, budget.flash))
        return sum(max(0, value - limit) for value, limit in pairs if limit is not None)


def choose(offered: Offered, budget: Budget | None = None) -> tuple[Program, MemoryPlan]:
    """The program of the least price with its plan, and why each operator runs as it does.

    Prices take the RAM that `live.needs` predicts; where the plan of what they choose takes more,
    they are asked again with that figure, and the better program stays.
    """
    search = Search(offered, budget or Budget())
    best: tuple[tuple[int, float], list[int], MemoryPlan] | None = None
    for _ in range(PLANS):
        picks = search.best()
        plan = plan_memory(offered.program(picks))
        predicted = search.figures(picks)
        real = replace(predicted, ram=plan.block_bytes)
        rank = search.rank(real)
        if best is not None and rank >= best[0]:
            break
        best = rank, picks, plan
        if plan.block_bytes <= predicted.ram or not search.open:
            break
        search.learn(predicted.ram, plan.block_bytes)
    assert best is not None
    _, picks, plan = best
    return offered.program(picks, search.reasons(picks)), plan


class Search:
    """A descent from way to way: of one operator, or of all that may take or leave a kernel."""

    def __init__(self, offered: Offered, budget: Budget) -> None:
        spec, graph = offered.spec, offered.graph
        rams = needs(offered)
        self.offered, self.budget = offered, budget
        self.levels: list[Level] = [spec.level(operator.index) for operator in graph.operators]
        self.table = [
            _ways(lowered.ways, ram, offered)
            for lowered, ram in zip(offered.operators, rams, strict=True)
        ]
        self.open = [place for place, ways in enumerate(self.table) if len(ways) > 1]
        self.fixed = _flash_of(offered.tail, spec.isa)
        self.floor = 0  # bytes of RAM that no choice goes below

    def figures(self, picks: Sequence[int]) -> Figures:
        """What the model takes by these picks."""
        ways = [self.table[place][pick] for place, pick in enumerate(picks)]
        flash = dict(self.fixed)
        for way in ways:
            flash.update(way.flash)
        ram = max((way.ram for way in ways), default=0)
        ram = max(ram, self.floor)
        return Figures(sum(way.time for way in ways), ram, sum(flash.values()))

    def rank(self, figures: Figures) -> tuple[int, float]:
        """What is least for the best figures: bytes over the budget, then the price."""
        weights = WEIGHTS[self.offered.spec.optimize]
        return figures.excess(self.budget), figures.price(weights)

    def best(self) -> list[int]:
        """The picks of the least rank that descents from the portable and the first offers find.

        Where all of them exceed the budget, descents start from the smallest picks too.
        """
        starts = ([0] * len(self.table), [int(len(ways) > 1) for ways in self.table])
        found = [self.descend(start) for start in starts]
        if all(self.figures(picks).excess(self.budget) for picks in found):
            found += [self.descend(self._smallest(start)) for start in starts]
        return min(found, key=lambda picks: self.rank(self.figures(picks)))

    def _smallest(self, picks: list[int]) -> list[int]:
        """What a descent under no budget finds at the level "size"."""
        small = copy(self)
        small.levels, small.budget = ["size"] * len(self.levels), Budget()
        return small.descend(picks)

    def learn(self, predicted: int, planned: int) -> None:
        """A plan took more RAM than was predicted: so much is spent, or too much."""
        limit = self.budget.ram
        if limit is not None and planned > limit:
            self.budget = replace(self.budget, ram=predicted - (planned - limit))
        else:
            self.floor = planned

    def descend(self, picks: list[int]) -> list[int]:
        """The picks that no move makes better."""
        before = self.figures(picks)
        moved = True
        while moved:
            moved = False
            for level, changes in self._moves(picks):
                trial = list(picks)
                for place, pick in changes:
                    trial[place] = pick
                after = self.figures(trial)
                if self._is_better(after, before, WEIGHTS[level]):
                    picks, before, moved = trial, after, True
        return picks

    def _is_better(self, after: Figures, before: Figures, weights: Weights) -> bool:
        excess = after.excess(self.budget) - before.excess(self.budget)
        return excess < 0 or (excess == 0 and after.price(weights) < before.price(weights) - _LEAST)

    def _moves(self, picks: Sequence[int]) -> Iterator[tuple[Level, list[tuple[int, int]]]]:
        for place in self.open:
            for pick in range(len(self.table[place])):
                yield self.levels[place], [(place, pick)]
        for level in dict.fromkeys(self.levels):
            places = [place for place in self.open if self.levels[place] == level]
            kernels = {way.kernels for place in places for way in self.table[place]}
            for kernel in sorted(kernels):
                yield (
                    level,
                    [
                        (place, pick)
                        for place in places
                        for pick, way in enumerate(self.table[place])
                        if way.kernels == kernel
                    ],
                )
                yield (
                    level,
                    [
                        (place, self._without(place, kernel))
                        for place in places
                        if self.table[place][picks[place]].kernels == kernel
                    ],
                )

    def _without(self, place: int, kernel: str) -> int:
        """The fastest way of an operator that is not by that kernel, or the portable one."""
        ways = self.table[place]
        others = [pick for pick, way in enumerate(ways) if way.kernels != kernel]
        return min(others, key=lambda pick: ways[pick].time, default=0)

    def reasons(self, picks: Sequence[int]) -> tuple[Choice, ...]:
        """Why each operator runs the way that was picked."""
        chosen = self.figures(picks)
        operators = self.offered.graph.operators
        return tuple(
            Choice(
                operators[place].index,
                self.levels[place],
                self.table[place][pick].cost if self.table[place][pick].measured else None,
                self._why(place, picks, chosen),
            )
            for place, pick in enumerate(picks)
        )

    def _with(self, place: int, picks: Sequence[int], pick: int) -> Figures:
        return self.figures([*picks[:place], pick, *picks[place + 1 :]])

    def _skipping(self, place: int, picks: Sequence[int], chosen: Figures) -> tuple[str, ...]:
        """What the best kernel that leaves out zeros would take, where none of them was picked."""
        ways = self.table[place]
        skipping = [pick for pick, way in enumerate(ways) if way.skips]
        if not skipping or ways[picks[place]].skips:
            return ()
        best = min(skipping, key=lambda pick: ways[pick].time)
        other = self._with(place, picks, best)
        time = 100 * (other.time - chosen.time) / max(chosen.time, 1)
        flash = other.flash - chosen.flash
        return (f"{ways[best].kernels} leaves out zeros: {time:+.1f} % of the time, {flash:+,} B",)

    def _why(self, place: int, picks: Sequence[int], chosen: Figures) -> str:
        ways, refusals = self.table[place], self.offered.operators[place].refusals
        fastest = min(range(len(ways)), key=lambda pick: ways[pick].time)
        skipping = () if ways[fastest].skips else self._skipping(place, picks, chosen)
        refused = "; ".join((*skipping, *refusals))
        if len(ways) == 1:
            return f"portable: {refused}" if refused else ""
        own = ways[picks[place]]
        if picks[place] == fastest:
            others = len(ways) - 1
            text = f"the fastest of {len(ways)}"
            if not own.measured:
                text = f"new, not measured; {others} more offered"
            return f"{text}; {refused}" if refused else text
        other = self._with(place, picks, fastest)
        saved = 100 * (chosen.time - other.time) / max(chosen.time, 1)
        price = f"{other.ram - chosen.ram:+,} B of RAM, {other.flash - chosen.flash:+,} B of flash"
        if other.excess(self.budget) > chosen.excess(self.budget):
            price += ", over the budget"
        text = f"{ways[fastest].kernels} would save {saved:.1f} % of the time for {price}"
        return "; ".join((text, *skipping))


def _ways(ways: Sequence[Sequence[Step]], rams: Sequence[int], offered: Offered) -> tuple[Way, ...]:
    """The ways of one operator; those without figures are taken to be a little better."""
    graph, isa = offered.graph, offered.spec.isa
    costs = [cost_of(steps, graph, isa) for steps in ways]
    guesses = [_guess(costs, pick) or rough_cost(ways[0], graph) for pick in range(len(ways))]
    return tuple(
        Way(
            kernels=", ".join(dict.fromkeys(name for step in steps for name in step.kernels)),
            cost=cost or guess,
            measured=cost is not None,
            flash=_flash_of(steps, isa),
            ram=ram,
            skips=any(step.work is not None and step.work < step.macs for step in steps),
        )
        for steps, cost, guess, ram in zip(ways, costs, guesses, rams, strict=True)
    )


def _guess(costs: Sequence[Cost | None], pick: int) -> Cost | None:
    """Of a way that was not measured: a little less than the next worse offer's.

    The portable way is the worst. None where none of these was measured.
    """
    worse = next((cost for cost in (*costs[pick + 1 :], costs[0]) if cost is not None), None)
    return Cost(UNMEASURED * worse.instructions, UNMEASURED * worse.cycles) if worse else None


def _flash_of(steps: Sequence[Step], isa: frozenset[Isa]) -> dict[object, int]:
    """Bytes by what may be shared: a constant's type and values, a function's name."""
    found: dict[object, int] = {}
    for step in steps:
        found.update(functions_of(step, isa))
        for argument in step.arguments:
            if isinstance(argument, Const):
                found[argument.ctype, argument.data] = len(argument.data)
            elif isinstance(argument, Params):
                found[argument.ctype, argument.fields] = 4 * _numbers(argument.fields)
    return found


def _numbers(fields: Sequence[tuple[str, object]]) -> int:
    return sum(len(value) if isinstance(value, tuple) else 1 for _, value in fields)
