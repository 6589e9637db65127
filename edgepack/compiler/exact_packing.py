"""Proofs about packings: a search that is complete, over the places two items may take.

Two items that conflict may lie at some distances only, which form a few ranges. A node of the
search has a range of places for each item and, for each pair, the ranges of distances still open.
Ranges shrink one another until nothing changes; a pair that the lowest places violate is then
branched on. So a search that ends without a solution proves that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgepack.compiler.packing import Problem, pack

FAR = 1 << 40
WHOLE_LOOKS = 30_000  # at pairs, by the search over all items
PART_LOOKS = 1_500  # by each search over some of them
PARTS_LOOKS = 30_000  # by all of these together
Range = tuple[int, int]  # both ends included
Pair = tuple[int, int]
Around = dict[int, list[Pair]]  # the pairs of each item


class OutOfBudget(Exception):
    """The search ended before it knew."""


@dataclass(slots=True)
class Budget:
    """Looks at a pair of items that all searches together may take."""

    left: int

    def spend(self) -> None:
        """Raises OutOfBudget where nothing is left."""
        self.left -= 1
        if self.left < 0:
            raise OutOfBudget


@dataclass(frozen=True, slots=True)
class Packing:
    """Offsets of all items, the bytes they take, aligned, and bytes that no packing goes below."""

    offsets: tuple[int, ...]
    height: int
    lower_bound: int


def pack_and_prove(problem: Problem, parts: Iterable[Sequence[int]]) -> Packing:
    """The shortest packing that is found, and how short one could be.

    Where all items together are too many for a proof, the bound is the best that follows from one
    of the `parts`.
    """
    unit, offsets = problem.alignment, pack(problem)
    ends = (offset + size for offset, size in zip(offsets, problem.sizes, strict=True))
    height = max(unit, -(-max(ends, default=0) // unit) * unit)
    bound = max(unit, -(-problem.lower_bound // unit) * unit)
    if height == bound:
        return Packing(offsets, height, bound)
    budget = Budget(WHOLE_LOOKS)
    items = range(len(offsets))
    try:
        while (found := shorter(problem, items, height - unit, budget)) is not None:
            offsets = tuple(found[item] for item in items)
            height = _height(problem, found)
    except OutOfBudget:
        return Packing(offsets, height, _bound_of_parts(problem, parts, bound, height))
    return Packing(offsets, height, height)


def _bound_of_parts(
    problem: Problem, parts: Iterable[Sequence[int]], bound: int, height: int
) -> int:
    left = PARTS_LOOKS
    for part in parts:
        budget = Budget(min(PART_LOOKS, left))
        low, high = bound, height
        try:  # halve what lies between a height that the part cannot have and one it may need
            while low < high:
                middle = (low + high) // 2 // problem.alignment * problem.alignment
                found = shorter(problem, part, middle, budget)
                if found is None:
                    low = bound = middle + problem.alignment
                else:
                    high = _height(problem, found)
        except OutOfBudget:
            pass
        left -= min(PART_LOOKS, left) - max(0, budget.left)
        if left <= 0 or bound == height:
            break
    return bound


def _height(problem: Problem, places: dict[int, int]) -> int:
    end = max(offset + problem.sizes[item] for item, offset in places.items())
    return max(problem.alignment, -(-end // problem.alignment) * problem.alignment)


@dataclass(slots=True)
class _Node:
    """What is left open: places of the items, and distances of the pairs."""

    low: list[int]
    high: list[int]
    pairs: dict[Pair, tuple[Range, ...]]

    def with_range(self, pair: Pair, chosen: Range) -> _Node:
        return _Node(list(self.low), list(self.high), {**self.pairs, pair: (chosen,)})

    def violated(self) -> list[Pair]:
        """Pairs that do not go together at the lowest places."""
        low = self.low
        return [
            (i, j)
            for (i, j), ranges in self.pairs.items()
            if not any(a <= low[i] - low[j] <= b for a, b in ranges)
        ]

    def rise(self, pair: Pair, distances: Range) -> int:
        """By how much one of the two must leave its lowest place to come into the range."""
        distance = self.low[pair[0]] - self.low[pair[1]]
        return max(distances[0] - distance, distance - distances[1])


def shorter(
    problem: Problem, items: Sequence[int], limit: int, budget: Budget
) -> dict[int, int] | None:
    """Places of the items within `limit` bytes; None where that is impossible.

    Other items are left out of consideration. Raises OutOfBudget.
    """
    unit = problem.alignment
    high = [(limit - size) // unit * unit for size in problem.sizes]
    if any(high[item] < 0 for item in items):
        return None
    node = _Node([0] * len(high), high, allowed_distances(problem, items))
    around: Around = {item: [] for item in items}
    for pair in node.pairs:
        for item in pair:
            around[item].append(pair)
    found = _search(node, around, budget)
    return None if found is None else {item: found[item] for item in items}


def allowed_distances(problem: Problem, items: Sequence[int]) -> dict[Pair, tuple[Range, ...]]:
    """For pairs (i, j), i < j, that conflict: the ranges of offset(i) - offset(j), aligned."""
    unit, members = problem.alignment, set(items)
    found: dict[Pair, tuple[Range, ...]] = {}
    for i in items:
        for j, intervals in problem.forbidden[i].items():
            if i < j and j in members:
                lows = [-FAR, *(-(-high // unit) * unit for _, high in intervals)]
                highs = [*((low - 1) // unit * unit for low, _ in intervals), FAR]
                ranges = zip(lows, highs, strict=True)
                found[i, j] = tuple((low, high) for low, high in ranges if low <= high)
    return found


def _search(root: _Node, around: Around, budget: Budget) -> list[int] | None:
    """The places of the first solution, depth first; None where there is none."""
    waiting = [(root, list(root.pairs))]
    while waiting:
        node, changed = waiting.pop()
        if not _shrink(node, changed, around, budget):
            continue
        violated = node.violated()
        if not violated:
            return node.low
        pair = _hardest(node, violated)
        ranges = sorted(node.pairs[pair], key=lambda r: -node.rise(pair, r))
        waiting += [(node.with_range(pair, chosen), [pair]) for chosen in ranges]
    return None


def _hardest(node: _Node, pairs: Iterable[Pair]) -> Pair:
    """The one with the fewest ranges, then that of which something must move the furthest."""

    def order(pair: Pair) -> tuple[int, int, Pair]:
        ranges = node.pairs[pair]
        return len(ranges), -min(node.rise(pair, r) for r in ranges), pair

    return min(pairs, key=order)


def _shrink(node: _Node, changed: list[Pair], around: Around, budget: Budget) -> bool:
    """Tighten places and distances until nothing changes; False where something has no place."""
    low, high, pairs = node.low, node.high, node.pairs
    waiting = dict.fromkeys(changed)
    while waiting:
        pair = next(iter(waiting))
        del waiting[pair]
        budget.spend()
        i, j = pair
        least, most = low[i] - high[j], high[i] - low[j]
        ranges = tuple(r for r in pairs[pair] if r[0] <= most and r[1] >= least)
        if not ranges:
            return False
        pairs[pair] = ranges
        least, most = ranges[0][0], ranges[-1][1]
        before = (low[i], high[i]), (low[j], high[j])
        low[i], high[i] = max(low[i], low[j] + least), min(high[i], high[j] + most)
        low[j], high[j] = max(low[j], low[i] - most), min(high[j], high[i] - least)
        if low[i] > high[i] or low[j] > high[j]:
            return False
        for item, bounds in zip(pair, before, strict=True):
            if bounds != (low[item], high[item]):
                waiting.update(dict.fromkeys(around[item]))
    return True
