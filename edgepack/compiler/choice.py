"""Which of the offered kernels each operator takes: the least of a price.

    price = time * (RAM * flash) ** WEIGHTS[level]

of the whole model, each as predicted. At "balanced" a per cent of time is worth two per cent of
RAM or of flash; at "speed" twenty; at "size" a per cent of either is worth ten per cent of time.
Where the model exceeds a budget, what brings it below goes before every price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgepack.compiler.costs import cost_of, functions_of, rough_cost
from edgepack.compiler.live import needs
from edgepack.compiler.lowering import Offered
from edgepack.program import Choice, Const, Cost, Isa, Level, Params, Program, Step

WEIGHTS: Mapping[Level, float] = {"size": 10.0, "balanced": 0.5, "speed": 0.05}
STACK_BYTES = 512  # counted with the arena: about what every model needs besides
UNMEASURED = 0.97  # of the cheapest measured way: a kernel without figures is new, and tried
_LEAST = 1e-9  # of a price's logarithm: what two searches may differ by


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

    def price(self, weight: float) -> float:
        """The logarithm of the price."""
        memory = math.log(self.ram + STACK_BYTES) + math.log(self.flash + 1)
        return math.log(self.time + 1) + weight * memory

    def excess(self, budget: Budget) -> int:
        """Bytes over the budget."""
        pairs = ((self.ram, budget.ram), (self.flash, budget.flash))
        return sum(max(0, value - limit) for value, limit in pairs if limit is not None)


def choose(offered: Offered, budget: Budget | None = None) -> Program:
    """The program of the least price, and why each operator runs as it does."""
    search = Search(offered, budget or Budget())
    starts = ([0] * len(search.table), [int(len(ways) > 1) for ways in search.table])
    found = [search.descend(list(start)) for start in starts]
    picks = min(found, key=search.rank)
    return offered.program(picks, search.reasons(picks))


class Search:
    """A descent from way to way: of one operator, or of all that may take or leave a kernel."""

    def __init__(self, offered: Offered, budget: Budget) -> None:
        spec, graph = offered.spec, offered.graph
        rams = needs(offered)
        self.offered, self.budget = offered, budget
        self.levels = [spec.level(operator.index) for operator in graph.operators]
        self.table = [
            _ways(lowered.ways, ram, offered)
            for lowered, ram in zip(offered.operators, rams, strict=True)
        ]
        self.open = [place for place, ways in enumerate(self.table) if len(ways) > 1]
        self.fixed = _flash_of(offered.tail, spec.isa)

    def figures(self, picks: Sequence[int]) -> Figures:
        """What the model takes by these picks."""
        ways = [self.table[place][pick] for place, pick in enumerate(picks)]
        flash = dict(self.fixed)
        for way in ways:
            flash.update(way.flash)
        ram = max((way.ram for way in ways), default=0)
        return Figures(sum(way.time for way in ways), ram, sum(flash.values()))

    def rank(self, picks: Sequence[int]) -> tuple[int, float]:
        """What is least for the best picks: bytes over the budget, then the price."""
        figures = self.figures(picks)
        weight = WEIGHTS[self.offered.spec.optimize]
        return figures.excess(self.budget), figures.price(weight)

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

    def _is_better(self, after: Figures, before: Figures, weight: float) -> bool:
        excess = after.excess(self.budget) - before.excess(self.budget)
        return excess < 0 or (excess == 0 and after.price(weight) < before.price(weight) - _LEAST)

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

    def _why(self, place: int, picks: Sequence[int], chosen: Figures) -> str:
        ways, refusals = self.table[place], self.offered.operators[place].refusals
        refused = "; ".join(refusals)
        if len(ways) == 1:
            return f"portable: {refused}" if refused else ""
        own = ways[picks[place]]
        fastest = min(range(len(ways)), key=lambda pick: ways[pick].time)
        if picks[place] == fastest:
            others = len(ways) - 1
            text = f"the fastest of {len(ways)}"
            if not own.measured:
                text = f"new, not measured; {others} more offered"
            return f"{text}; {refused}" if refused else text
        trial = list(picks)
        trial[place] = fastest
        other = self.figures(trial)
        saved = 100 * (chosen.time - other.time) / max(chosen.time, 1)
        price = f"{other.ram - chosen.ram:+,} B of RAM, {other.flash - chosen.flash:+,} B of flash"
        if other.excess(self.budget) > chosen.excess(self.budget):
            price += ", over the budget"
        return f"{ways[fastest].kernels} would save {saved:.1f} % of the time for {price}"


def _ways(ways: Sequence[Sequence[Step]], rams: Sequence[int], offered: Offered) -> tuple[Way, ...]:
    """The ways of one operator; those without figures are taken to be a little better."""
    graph, isa = offered.graph, offered.spec.isa
    costs = [cost_of(steps, graph, isa) for steps in ways]
    known = [cost for cost in costs if cost is not None]
    if known:
        best = min(known, key=lambda cost: cost.cycles or cost.instructions)
        guess = Cost(UNMEASURED * best.instructions, UNMEASURED * best.cycles)
    else:
        guess = rough_cost(ways[0], graph)
    return tuple(
        Way(
            kernels=", ".join(dict.fromkeys(step.kernel for step in steps)),
            cost=cost or guess,
            measured=cost is not None,
            flash=_flash_of(steps, isa),
            ram=ram,
        )
        for steps, cost, ram in zip(ways, costs, rams, strict=True)
    )


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
