from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgepack.compiler.operators.checks import window_output
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder, pack, unpack

KIND = "CONV_3D"
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def conv_case(rng: np.random.Generator, number: int) -> Case:
    """A convolution over a volume; every option in turn."""
    padding = "SAME" if number % 2 else "VALID"
    batch = 2 if number % 7 == 6 else 1
    kernel = [int(n) for n in rng.integers(1, 4, 3)]
    strides = [int(n) for n in rng.integers(1, 4, 3)]
    dilations = [int(n) for n in (rng.integers(1, 4, 3) if number % 3 == 2 else (1, 1, 1))]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    least = reach if padding == "VALID" else (1, 1, 1)
    size = [int(low + rng.integers(0, 5)) for low in least]
    depth, channels = (int(n) for n in rng.integers(1, 7, 2))
    sides = zip(size, kernel, strides, dilations, strict=True)
    outputs = [window_output(*side, padding) for side in sides]
    builder = ModelBuilder()
    x = builder.tensor((batch, *size, depth), "float32")
    weights = rng.standard_normal((*kernel, depth, channels))
    w = builder.tensor(weights.shape, "float32", data=weights)
    inputs = [x, w]
    if number % 5 != 4:
        inputs.append(builder.tensor((channels,), "float32", data=rng.standard_normal(channels)))
    y = builder.tensor((batch, *outputs, channels), "float32")
    named = zip("dhw", strides, dilations, strict=True)
    options: dict[str, Any] = {}
    for letter, stride, dilation in named:
        options |= {f"stride_{letter}": stride, f"dilation_{letter}_factor": dilation}
    activation = ACTIVATIONS[number % 4]
    builder.operator(
        KIND, inputs, [y], padding=padding, fused_activation_function=activation, **options
    )
    count = (2, *size, depth) if batch == 1 else (batch, *size, depth)
    values = (rng.standard_normal(count) * 2).astype(np.float32)
    label = f"{batch} {size} {depth} by {kernel} {strides} {dilations} {padding} {activation}"
    return Case(builder.build([x], [y]), [values], label=label)


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(71)
    check([conv_case(rng, n) for n in range(case_count)])


def refused(**change: Any) -> str:
    model = unpack(conv_case(np.random.default_rng(72), 0).model)
    graph = model.subgraphs[0]
    tensors = [graph.tensors[index] for index in graph.operators[0].inputs]
    for name, value in change.items():
        if name.startswith("_"):
            tensors[int(name[1:])].shape = value
        else:
            setattr(graph.operators[0].builtinOptions, name, value)
    with pytest.raises(ModelError) as error:
        read_model(pack(model))
    return str(error.value)


def test_refusals() -> None:
    assert "stride_d is 0; it must lie in 1 to" in refused(strideD=0)
    assert "dilation_w_factor is -1; it must lie in 1 to" in refused(dilationWFactor=-1)
    shape = unpack(conv_case(np.random.default_rng(72), 0).model).subgraphs[0].tensors[0].shape
    assert "dimensions; supported: 5" in refused(_0=shape[:4])
    wider = [*shape[:4], shape[4] + 1]
    assert "input channels; its fourth dimension must be as many" in refused(_0=wider)
    larger = [shape[0] + 1, *shape[1:]]
    assert "as its other tensors and options imply" in refused(_0=larger)
