"""Packing rigid items into the shortest arena under pairwise forbidden distances.

An item is placed by one offset. Two items conflict by a set of half-open intervals that the
difference of their offsets must not lie in. The search is deterministic: its budget counts
placements, not seconds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

Interval = tuple[int, int]
BUDGET = 20_000  # placements looked at by the search


@dataclass(frozen=True, slots=True)
class Problem:
    """`forbidden[i][j]`: intervals that offset(i) - offset(j) must avoid; sorted, disjoint."""

    sizes: tuple[int, ...]
    forbidden: tuple[dict[int, tuple[Interval, ...]], ...]
    alignment: int
    lower_bound: int
    hints: tuple[tuple[int, ...], ...] = ()  # orders worth trying first


def lowest(problem: Problem, item: int, placed: dict[int, int]) -> int:
    """The lowest aligned offset of `item` that no placed item forbids."""
    intervals = sorted(
        (offset + low, offset + high)
        for other, distances in problem.forbidden[item].items()
        if (offset := placed.get(other, -1)) >= 0
        for low, high in distances
    )
    position = 0
    for low, high in intervals:
        if position < low:
            break
        if position < high:
            position = -(-high // problem.alignment) * problem.alignment
    return position


def place_in_order(problem: Problem, order: Sequence[int]) -> dict[int, int]:
    """Each item in turn at its lowest offset."""
    placed: dict[int, int] = {}
    for item in order:
        placed[item] = lowest(problem, item, placed)
    return placed


def height(problem: Problem, placed: dict[int, int]) -> int:
    """Bytes from 0 to the end of the highest item."""
    return max((offset + problem.sizes[item] for item, offset in placed.items()), default=0)


def pack(problem: Problem) -> tuple[int, ...]:
    """Offsets of all items, the arena as short as the search finds it."""
    count = len(problem.sizes)
    by_size = sorted(range(count), key=lambda i: (-problem.sizes[i], i))
    orders = [tuple(by_size), *problem.hints, tuple(range(count)), tuple(reversed(range(count)))]
    best, order = min(
        ((place_in_order(problem, order), order) for order in orders),
        key=lambda found: height(problem, found[0]),
    )
    if height(problem, best) > problem.lower_bound:
        best = _improve(problem, list(order), best)
    return tuple(best[item] for item in range(count))


def _improve(problem: Problem, order: list[int], best: dict[int, int]) -> dict[int, int]:
    """Local search over orders: an item near the top of the arena moves to an earlier place."""
    rng = random.Random(0)
    count, low = len(order), height(problem, best)
    current, placed = order, best
    for _ in range(BUDGET // max(1, count)):
        if low <= problem.lower_bound:
            break
        top = max(placed, key=lambda item: placed[item] + problem.sizes[item])
        moved = top if rng.random() < 0.7 else rng.choice(current)
        candidate = [item for item in current if item != moved]
        candidate.insert(rng.randrange(current.index(moved) + 1), moved)
        trial = place_in_order(problem, candidate)
        reached = height(problem, trial)
        if reached <= height(problem, placed):
            current, placed = candidate, trial
        if reached < low:
            low, best = reached, trial
    return best
