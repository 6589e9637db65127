"""Which weights become zero, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgepack.compress import DataSpec, WeightsSpec
from edgepack.compress.pruning.patterns import from_rows, removed, rows_of, units_of
from edgepack.errors import UsageError


def zeros(rows: Any, fraction: float, **keys: Any) -> np.ndarray:
    spec = WeightsSpec(**keys)
    (gone,) = removed([units_of(np.asarray(rows, float), spec)], spec, fraction)
    return gone


def test_single_weights_by_layer_and_over_all() -> None:
    a, b = np.array([[1.0, 4], [3, 2]]), np.array([[10, 20, 30, 0.5]])
    spec = WeightsSpec()
    gone = removed([units_of(a, spec), units_of(b, spec)], spec, 0.5)
    np.testing.assert_array_equal(gone[0], [[1, 0], [0, 1]])
    np.testing.assert_array_equal(gone[1], [[1, 0, 0, 1]])
    spec = WeightsSpec(ranking="global")
    gone = removed([units_of(a, spec), units_of(b, spec)], spec, 0.5)
    np.testing.assert_array_equal(gone[0], [[1, 0], [1, 1]])
    np.testing.assert_array_equal(gone[1], [[0, 0, 0, 1]])


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 13)),
        elements=st.floats(0, 1, width=32),
    ),
    st.sampled_from([(1, 4), (2, 4), (1, 2), (3, 5)]),
)
def test_at_most_n_of_m_stay(scores: np.ndarray, pattern: tuple[int, int]) -> None:
    n, m = pattern
    gone = zeros(scores, 1.0, pattern=f"{n}:{m}")
    for row, values in zip(~gone, scores, strict=True):
        for start in range(0, len(row), m):
            stays, part = row[start : start + m], values[start : start + m]
            assert stays.sum() == min(n, len(stays))
            if not stays.all():
                assert part[stays].min() >= part[~stays].max()


def test_n_of_m_fills_up_along_the_schedule() -> None:
    scores = np.array([[1, 2, 3, 4, 8, 7, 6, 5.0]])
    half = zeros(scores, 0.5, pattern="2:4")
    np.testing.assert_array_equal(half, [[1, 1, 0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(zeros(scores, 1.0, pattern="2:4"), [[1, 1, 0, 0, 0, 0, 1, 1]])


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 13)),
        elements=st.floats(0, 1, width=32),
    ),
    st.sampled_from([(1, 4), (2, 4), (4, 1)]),
    st.floats(0, 0.99),
)
def test_blocks_go_whole(scores: np.ndarray, block: tuple[int, int], fraction: float) -> None:
    gone = zeros(scores, fraction, pattern=f"{block[0]}x{block[1]}")
    height, width = block
    tiles = [
        gone[i : i + height, j : j + width]
        for i in range(0, scores.shape[0], height)
        for j in range(0, scores.shape[1], width)
    ]
    assert all(tile.all() or not tile.any() for tile in tiles)
    assert sum(bool(tile.all()) for tile in tiles) == round(fraction * len(tiles))


def test_the_weakest_block_goes() -> None:
    gone = zeros([[9, 0, 0, 0, 2, 2, 2, 2, 1, 5]], 0.34, pattern="1x4")
    np.testing.assert_array_equal(gone, [[0, 0, 0, 0, 1, 1, 1, 1, 0, 0]])


@pytest.mark.parametrize(("shape", "transposed"), [((3, 2, 5, 4), False), ((3, 2, 4, 5), True)])
def test_rows_are_those_of_the_tflite(shape: tuple[int, ...], transposed: bool) -> None:
    kernel = np.random.default_rng(0).normal(size=shape)
    rows = rows_of(kernel, transposed)
    assert rows.shape == (4, 30)
    at = kernel[1, 0, 3, 2] if transposed else kernel[1, 0, 2, 3]
    assert rows[3, (1 * 2 + 0) * 5 + 2] == at
    np.testing.assert_array_equal(from_rows(rows, shape, transposed), kernel)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (
            {"pattern": "4:2"},
            "prune.pattern: '4:2' is not known; known: none, N:M with 0 < N < M <= 32, such as "
            "2:4, and RxC of 1 to 64 each, such as 1x4",
        ),
        (
            {"pattern": "0x4"},
            "prune.pattern: '0x4' is not known; known: none, N:M with 0 < N < M <= 32, such as "
            "2:4, and RxC of 1 to 64 each, such as 1x4",
        ),
        (
            {"importance": "taylor"},
            "prune.importance: 'taylor' is measured on samples; name them in prune.data, or take "
            "'magnitude'",
        ),
        (
            {
                "importance": "movement",
                "schedule": "one-shot",
                "data": DataSpec(source="d.npz"),
            },
            "prune.importance: 'movement' is seen while training; take the schedule 'gradual' or "
            "'rewind', and epochs",
        ),
        (
            {"schedule": "rewind"},
            "prune.schedule: 'rewind' trains; name prune.data, and epochs",
        ),
        ({"teacher": "t.keras"}, "prune.teacher: is asked about samples; name them in prune.data"),
    ],
)
def test_wrong_values(keys: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        WeightsSpec(**keys)
    assert str(caught.value) == text
