"""Codebooks on plain arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgepack.compress.pruning.codebooks import assigned, codebook, on_grid, step_of


def error(values: np.ndarray, entries: np.ndarray) -> float:
    return float(np.square(values - entries[assigned(values, entries)]).sum())


def least_error(values: np.ndarray, entries: int) -> float:
    ordered = np.sort(values)
    cuts = itertools.combinations(range(1, len(ordered)), entries - 1)
    return min(
        sum(float(np.square(run - run.mean()).sum()) for run in np.split(ordered, cut))
        for cut in cuts
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("entries", [2, 3, 4])
def test_small_codebooks_are_the_best(seed: int, entries: int) -> None:
    values = np.random.default_rng(seed).normal(size=11)
    found = codebook(values, entries)
    assert len(found) == entries
    assert error(values, found) == pytest.approx(least_error(values, entries), rel=1e-9)


def test_few_values_are_kept_exactly() -> None:
    values = np.array([3.0, -1, 3, 0.25, -1])
    np.testing.assert_array_equal(codebook(values, 16), [-1, 0.25, 3])


def test_weights_pull_entries() -> None:
    values = np.array([0.0, 1, 10, 11])
    np.testing.assert_allclose(codebook(values, 2, np.array([3, 1, 1, 1])), [0.25, 10.5])


def test_large_sets_come_close_to_the_best() -> None:
    values = np.random.default_rng(1).normal(size=20_000)
    found = codebook(values, 16)
    assert len(found) == 16
    # Lloyd-Max: a normal variable in 16 levels has a squared error of 0.009497.
    assert error(values, found) / values.size == pytest.approx(0.0095, rel=0.03)
    ids = assigned(values, found)
    for i, entry in enumerate(found):
        assert values[ids == i].mean() == pytest.approx(entry, abs=2e-2)


def test_entries_on_the_grid_of_int8() -> None:
    entries = np.array([-0.5, 0.0, 0.1, 1.0])
    step = step_of(entries)
    assert step == pytest.approx(1 / 127)
    np.testing.assert_array_equal(on_grid(entries, step), [-64, 0, 13, 127])
    np.testing.assert_array_equal(on_grid(np.zeros(3), 0.0), [0, 0, 0])
