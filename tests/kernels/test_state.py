"""Tensors that keep their contents between inferences."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_a_variable_starts_as_litert_resets_it(dtype: str) -> None:
    b = ModelBuilder()
    scale = 0.25 if dtype == "int8" else None
    x = b.tensor((1, 4), dtype, scale=scale, zero_point=-3 if scale else 0)
    v = b.tensor((1, 4), dtype, scale=scale, zero_point=17 if scale else 0, variable=True)
    y = b.tensor((1, 4), dtype, scale=scale)
    b.operator("ADD", [x, v], [y])
    data = random_values(np.random.default_rng(1), (3, 4), dtype)
    check([Case(b.build([x], [y]), [data], optimise=o) for o in (False, True)])


def test_a_variable_with_contents_is_refused() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 2), "float32"), b.tensor((1, 2), "float32")
    v = b.tensor((1, 2), "float32", variable=True, data=[1.0, 2.0])
    b.operator("ADD", [x, v], [y])
    with pytest.raises(ModelError, match="a variable with contents of its own"):
        read_model(b.build([x], [y]))


@pytest.mark.parametrize("role", ["input", "output"])
def test_a_variable_is_neither_input_nor_written_by_others(role: str) -> None:
    b = ModelBuilder()
    x, v = b.tensor((1, 2), "float32"), b.tensor((1, 2), "float32", variable=True)
    y = b.tensor((1, 2), "float32")
    b.operator("ADD", [x, v], [y])
    inputs = [x, v] if role == "input" else [x]
    if role == "output":
        b.operator("RELU", [y], [v])
    with pytest.raises(ModelError, match="a variable"):
        read_model(b.build(inputs, [y]))
