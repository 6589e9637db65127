from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgepack.compress.data import Arrays
from edgepack.compress.score import dequantized, is_one_hot, quantized, score
from edgepack.compress.spec import Score, TensorFacts
from edgepack.errors import TrainingError, UsageError


def samples(labels: Any, x: Any = None) -> Arrays:
    n = len(labels) if labels is not None else len(x)
    x = np.zeros((n, 2)) if x is None else np.asarray(x, float)
    return Arrays((x,), None if labels is None else np.asarray(labels))


OUT = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])


def test_classes_by_index_and_one_hot() -> None:
    assert score(OUT, samples([1, 0, 0, 0]), "d") == Score("accuracy", 0.75, 4)
    one_hot = np.eye(2)[[1, 0, 0, 0]]
    assert score(OUT, samples(one_hot), "d") == Score("accuracy", 0.75, 4)


def test_one_output_is_binary_or_a_value() -> None:
    out = np.array([[0.9], [0.2], [0.6]])
    assert score(out, samples([1, 0, 0]), "d") == Score("accuracy", 2 / 3, 3)
    found = score(out, samples([[0.9], [0.2], [0.1]]), "d")
    assert (found.metric, found.n) == ("mse", 3)
    assert found.value == pytest.approx(0.25 / 3)


def test_values_and_autoencoder() -> None:
    assert score(OUT, samples(OUT + 0.5), "d").value == pytest.approx(0.25)
    assert score(OUT, samples(None, OUT + 2), "d").value == pytest.approx(4.0)


def test_errors() -> None:
    with pytest.raises(UsageError, match=r"^d: holds no y to score against; add y with the"):
        score(OUT, samples(None, np.zeros((4, 3))), "d")
    with pytest.raises(UsageError, match=r"^d: y is \[4, 3\], the model answers \[4, 2\]; give"):
        score(OUT, samples(np.zeros((4, 3))), "d")
    with pytest.raises(TrainingError, match="answers NaN"):
        score(OUT * np.nan, samples([1, 0, 0, 0]), "d")


def test_one_hot() -> None:
    assert is_one_hot(np.eye(3))
    assert not is_one_hot(np.ones((3, 1)))
    assert not is_one_hot(np.array([[1, 1], [0, 1]]))
    assert not is_one_hot(np.array([[0.5, 0.5]]))


def test_quantised_saturates_and_returns() -> None:
    facts = TensorFacts("x", (1, 4), "int8", 0.5, 10)
    x = np.array([[0.0, 0.5, -1000.0, 1000.0]], np.float32)
    integers = quantized(x, facts, np.int8)
    np.testing.assert_array_equal(integers, [[10, 11, -128, 127]])
    np.testing.assert_array_equal(dequantized(integers, facts)[0, :2], [0.0, 0.5])
    plain = TensorFacts("x", (1, 4), "float32", 0.0, 0)
    np.testing.assert_array_equal(quantized(x, plain, np.float32), x)
