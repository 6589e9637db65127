"""The full text of what activations refuse."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.tflite_builder import ModelBuilder


def refusal(model: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        read_model(model, "m")
    return str(caught.value)


def unary(kind: str, one: float, two: float, point: int = 0, **options: float) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor((1, 4), "int8", scale=one, name="x")
    y = builder.tensor((1, 4), "int8", scale=two, zero_point=point, name="y")
    builder.operator(kind, [x], [y], **options)
    return builder.build([x], [y])


AGAIN = "Convert the model again with a current TensorFlow."


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (
            unary("LOGISTIC", 0.1, 0.25),
            "op 0 LOGISTIC 'y': tensor 1 'y' int8[1,4] has scale 0.25; TFLite fixes 0.00390625. "
            + AGAIN,
        ),
        (
            unary("SOFTMAX", 0.1, 1 / 256, 0, beta=1.0),
            "op 0 SOFTMAX 'y': tensor 1 'y' int8[1,4] has scale 0.00390625 and zero point 0; "
            "TFLite fixes 0.00390625 and -128. " + AGAIN,
        ),
        (
            unary("SOFTMAX", 0.5, 1 / 256, -128, beta=float("inf")),
            "op 0 SOFTMAX 'y': beta is inf; it must be a finite number. " + AGAIN,
        ),
        (
            unary("SOFTMAX", 2**-20, 1 / 256, -128, beta=2**-6),
            "op 0 SOFTMAX 'y': beta * input scale is 1.49e-08; TFLite needs more than 2**-26. "
            "Quantise the model again with representative data.",
        ),
        (
            unary("HARD_SWISH", 1.0, 2**-8),
            "op 0 HARD_SWISH 'y': tensor 1 'y' int8[1,4] has scale 0.00390625; TFLite needs one "
            "above 1/128 of the input's 1. " + AGAIN,
        ),
        (
            unary("LEAKY_RELU", 1.0, 1.0, alpha=float("nan")),
            "op 0 LEAKY_RELU 'y': alpha is nan; it must be a finite number. " + AGAIN,
        ),
    ],
    ids=["logistic", "softmax-output", "softmax-beta", "softmax-scale", "hard-swish", "leaky"],
)
def test_quantisation(model: bytes, text: str) -> None:
    assert refusal(model) == text


def test_prelu_that_does_not_broadcast() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 3, 4), "float32", name="x")
    alpha = builder.tensor((2, 4), "float32", data=np.ones((2, 4)), name="alpha")
    y = builder.tensor((1, 3, 4), "float32", name="y")
    builder.operator("PRELU", [x, alpha], [y])
    assert refusal(builder.build([x], [y])) == (
        "op 0 PRELU 'y': tensor 1 'alpha' float32[2,4] does not broadcast to tensor 0 'x' "
        "float32[1,3,4]; each of its dimensions must be 1 or the input's. " + AGAIN
    )


def test_another_shape() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 4), "float32", name="x"), builder.tensor((4,), "float32", name="y")
    builder.operator("RELU", [x], [y])
    assert refusal(builder.build([x], [y])).startswith(
        "op 0 RELU 'y': tensor 1 'y' float32[4] must be [1,4]"
    )
