"""The full text of what convolutions, dense layers, pools, means and arithmetic refuse."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.program import LowerSpec
from tests.tflite_builder import ModelBuilder

AGAIN = "Convert the model again with a current TensorFlow."
QUANTISE = "Quantise the model again with representative data."


def refusal(model: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        lower(read_model(model, "m"), LowerSpec())
    return str(caught.value)


def convolution(
    w: tuple[int, ...] = (2, 1, 1, 3),
    x: tuple[int, ...] = (1, 2, 2, 3),
    kind: str = "CONV_2D",
    bias: int = 0,
    constant: bool = True,
    **options: int,
) -> bytes:
    builder = ModelBuilder()
    outputs = w[3] if kind.startswith("DEPTH") else w[0]
    source = builder.tensor(x, "int8", scale=1.0, name="x")
    data = np.full(w, 127) if constant else None
    weights = builder.tensor(w, "int8", scale=1.0, data=data, name="w")
    biases = builder.tensor((outputs,), "int32", scale=1.0, data=[bias] * outputs, name="b")
    y = builder.tensor((1, 2, 2, outputs), "int8", scale=1.0, name="y")
    strides = {"stride_h": 1, "stride_w": 1} | options
    builder.operator(kind, [source, weights, biases], [y], padding="VALID", **strides)
    return builder.build([source] if constant else [source, weights], [y])


def test_weights_that_the_model_computes() -> None:
    assert refusal(convolution(constant=False)) == (
        "op 0 CONV_2D 'y': input 1, tensor 1 'w' int8[2,1,1,3], is computed by the model; only a "
        "constant is supported here. Fix it in the model before you convert."
    )


def test_groups_that_do_not_divide() -> None:
    assert refusal(convolution(w=(3, 1, 1, 2), x=(1, 2, 2, 4))) == (
        "op 0 CONV_2D 'y': tensor 1 'w' int8[3,1,1,2] does not fit the 4 input channels; its last "
        "dimension must divide them into groups, and the groups must divide its 3 outputs. " + AGAIN
    )


def test_too_many_groups() -> None:
    assert refusal(convolution(w=(32768, 1, 1, 1), x=(1, 2, 2, 32768))) == (
        "op 0 CONV_2D 'y': it has 32768 groups; 32767 is the limit. Make it a depthwise "
        "convolution."
    )


def test_depthwise_outputs_that_are_no_multiple() -> None:
    assert refusal(convolution(w=(1, 1, 1, 4), kind="DEPTHWISE_CONV_2D")) == (
        "op 0 DEPTHWISE_CONV_2D 'y': tensor 1 'w' int8[1,1,1,4] does not fit the 3 input "
        f"channels; it must be [1,h,w,a multiple of 3]. {AGAIN}"
    )


def test_strides_out_of_range() -> None:
    assert refusal(convolution(stride_h=0)) == (
        f"op 0 CONV_2D 'y': stride_h is 0; it must lie in 1 to 32767. {AGAIN}"
    )


def test_sums_beyond_int32() -> None:
    limit = 2**31 - 1
    assert refusal(convolution(bias=limit - 3 * 127 * 127 + 1)) == (
        f"op 0 CONV_2D 'y': the sums of output channel 0 may reach {limit + 1}, an int32 ends at "
        f"{limit}. Its bias or its weights are out of proportion: quantise the model again with "
        "representative data."
    )
    lower(read_model(convolution(bias=limit - 3 * 127 * 127)), LowerSpec())


def test_dense_rows_that_do_not_fit() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 7), "int8", scale=1.0, name="x")
    w = builder.tensor((2, 3), "int8", scale=1.0, data=np.ones((2, 3)), name="w")
    y = builder.tensor((1, 2), "int8", scale=1.0, name="y")
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    assert refusal(builder.build([x], [y])) == (
        "op 0 FULLY_CONNECTED 'y': tensor 0 'x' int8[1,7] cannot be cut into rows of 3, which "
        f"tensor 1 'w' int8[2,3] takes. {AGAIN}"
    )


def binary(kind: str, scales: tuple[float, float], a: tuple[int, ...] = (1, 4)) -> bytes:
    builder = ModelBuilder()
    one = builder.tensor(a, "int8", scale=scales[0], name="a")
    two = builder.tensor((1, 4), "int8", scale=scales[0], name="b")
    y = builder.tensor((1, 4), "int8", scale=scales[1], name="y")
    builder.operator(kind, [one, two], [y], version=2)
    return builder.build([one, two], [y])


def test_operands_that_do_not_broadcast() -> None:
    assert refusal(binary("ADD", (1.0, 1.0), (1, 3))) == (
        "op 0 ADD 'y': tensor 0 'a' int8[1,3] and tensor 1 'b' int8[1,4] do not broadcast; each "
        f"pair of dimensions must be equal or hold a 1. {AGAIN}"
    )


def test_outputs_far_finer_than_the_inputs() -> None:
    assert refusal(binary("SUB", (1.0, 2.0**-19))) == (
        "op 0 SUB 'y': the scale 1.90734863e-06 of tensor 2 'y' int8[1,4] is 2^18 times smaller "
        f"than its inputs'. {QUANTISE}"
    )
    assert refusal(binary("MUL", (1.0, 2.0**-14))) == (
        "op 0 MUL 'y': the scale 6.10351562e-05 of tensor 2 'y' int8[1,4] is 16384 times smaller "
        "than its inputs' product; 2^14 is the limit, beyond which the reference overflows. "
        + QUANTISE
    )


def test_means_over_axes_that_are_not_there() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 4), "int8", scale=1.0, name="x")
    axes = builder.tensor((1,), "int32", data=[2], name="axes")
    y = builder.tensor((1,), "int8", scale=1.0, name="y")
    builder.operator("MEAN", [x, axes], [y])
    assert refusal(builder.build([x], [y])) == (
        f"op 0 MEAN 'y': axis 2; it must lie in -2 to 1. {AGAIN}"
    )
