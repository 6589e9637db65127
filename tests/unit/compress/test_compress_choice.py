"""Which channels are chosen, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepack.compress.pruning.channel_costs import Costs, Term
from edgepack.compress.pruning.select import Group, chosen
from edgepack.compress.pruning.spec import PruneSpec


def group(name: str, first: int, scores: list[float]) -> Group:
    values = np.asarray(scores, float)
    return Group((name,), tuple(range(first, first + len(scores))), values / values.mean())


A = group("a", 0, [5, 1, 4, 2, 3, 6, 8, 7])
B = group("b", 100, [0.1, 0.2, 0.9, 0.8])
ORIGINAL = {("a",): 8, ("b",): 4}


def removed(rate: float, groups: tuple[Group, ...] = (A, B), **how: Any) -> set[int]:
    spec = PruneSpec(**{"min_channels": 1, **how})
    costs = Costs([Term(1.0, {}, {root: 1 for g in groups for root in g.roots})], 0.0)
    return chosen(groups, spec, rate, ORIGINAL, costs, sum(ORIGINAL.values()))


def test_weakest_of_each_layer() -> None:
    assert removed(0.5) == {1, 3, 4, 2, 100, 101}
    assert removed(0.0) == set()


def test_floor_and_multiple() -> None:
    assert removed(0.75, min_channels=4) == {1, 3, 4, 2}
    assert removed(0.4, multiple_of=4) == set()
    assert removed(0.5, multiple_of=4) == {1, 3, 4, 2}


def test_rate_counts_from_the_original_width() -> None:
    already = group("a", 0, [5, 1, 4, 2, 3, 6])
    assert len(removed(0.5, (already,))) == 2


def test_global_takes_from_where_it_hurts_least() -> None:
    assert removed(0.25, ranking="global") == {1, 100, 101}
    assert removed(0.999, ranking="global", min_channels=2) == {0, 1, 2, 3, 4, 5, 100, 101}
