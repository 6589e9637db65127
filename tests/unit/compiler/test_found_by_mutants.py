"""What broken models brought to light, each as a small model."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.tflite_builder import ModelBuilder


@pytest.mark.parametrize("kind", ["DIV", "FLOOR_DIV", "FLOOR_MOD", "POW", "SQUARED_DIFFERENCE"])
@pytest.mark.parametrize(("one", "other"), [("int32", "float32"), ("float32", "int32")])
def test_arithmetic_gives_the_type_of_its_operands(kind: str, one: str, other: str):
    b = ModelBuilder()
    x, z, y = b.tensor((4,), one), b.tensor((4,), one), b.tensor((4,), other)
    b.operator(kind, [x, z], [y])
    with pytest.raises(ModelError, match=r"type|float32|int32"):
        read_model(b.build([x, z], [y]))


def test_a_bias_that_is_beyond_int32_by_itself_ends():
    b = ModelBuilder()
    x = b.tensor((1, 2, 2, 2), scale=0.1, zero_point=-128)
    dead = b.tensor((2, 1, 1, 2), scale=0.1, data=[0, 0, 1, 1])
    m = b.tensor((1, 2, 2, 2), scale=0.1, zero_point=-128)
    w = b.tensor((2, 1, 1, 2), scale=0.1, data=[0, 1, 0, 1])
    bias = b.tensor((2,), "int64", scale=0.01, data=np.int64([2**45, -(2**45)]))
    y = b.tensor((1, 2, 2, 2), scale=0.1)
    for ends, out in (([x, dead], m), ([m, w, bias], y)):
        b.operator("CONV_2D", ends, [out], padding="VALID", stride_w=1, stride_h=1)
    assert optimise(read_model(b.build([x], [y]))).operators


def test_a_shape_without_elements_is_a_scalars():
    b = ModelBuilder()
    x, y = b.tensor((1, 1), "float32"), b.tensor((), "float32")
    b.operator("RESHAPE", [x, b.tensor((0,), "int32", data=b"")], [y])
    (op,) = read_model(b.build([x], [y])).operators
    assert op.inputs == (x,)
