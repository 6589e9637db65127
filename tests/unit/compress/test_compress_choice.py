"""Which channels and weights are chosen, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgepack.compress.channel_costs import Costs, Term
from edgepack.compress.select import Group, chosen
from edgepack.compress.sparsity import masks_at, sparsity_at
from edgepack.compress.spec import PruneSpec


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


def test_schedule_rises_to_the_rate() -> None:
    spec = PruneSpec(method="weights", rate=0.8, schedule_end=0.5, schedule_power=3)
    values = [sparsity_at(step, 100, spec) for step in range(101)]
    assert values[0] == 0.0
    assert values[25] == pytest.approx(0.8 * (1 - 0.5**3))
    assert values[50:] == [0.8] * 51
    assert values == sorted(values)


class Variable:
    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values, np.float32)

    def numpy(self) -> Any:
        return self._values


def test_masks_by_layer_and_over_all() -> None:
    kernels = [("a", Variable([[1, -4], [3, 2]])), ("b", Variable([10, -20, 30, 0.5]))]
    by_layer = masks_at(kernels, PruneSpec(method="weights"), 0.5)
    np.testing.assert_array_equal(by_layer[0], [[0, 1], [1, 0]])
    np.testing.assert_array_equal(by_layer[1], [0, 1, 1, 0])
    together = masks_at(kernels, PruneSpec(method="weights", ranking="global"), 0.5)
    np.testing.assert_array_equal(together[0], [[0, 1], [0, 0]])
    np.testing.assert_array_equal(together[1], [1, 1, 1, 0])
