"""The LSTM of int16 with int8 weights, which only TFLite Micro takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_values
from tests.kernels.test_lstm import KIND, Weights
from tests.kernels.tflm_check import check_tflm
from tests.tflite_builder import ModelBuilder, pack, unpack

SAMPLES = 3


def int16_case(rng: np.random.Generator, number: int) -> Case:
    """A layer over several steps and invocations."""
    batch, time_major = (2 if number % 4 == 3 else 1), number % 2 == 1
    steps, inputs, cells = (int(n) for n in rng.integers(1, 9, 3))
    if number % 5 == 0:
        inputs, cells = (int(n) for n in rng.integers(9, 40, 2))
    builder = ModelBuilder()
    w = Weights(rng, builder, integer=True)
    shape = (steps, batch) if time_major else (batch, steps)
    x_scale, h_scale = (float(np.float32(10.0 ** rng.uniform(-5, -3.5))) for _ in range(2))
    h_scale = 2.0**-15 if number % 3 else h_scale
    tensors = [-1] * 24
    tensors[0] = builder.tensor((*shape, inputs), "int16", scale=x_scale)
    for gate in range(4):
        tensors[1 + gate], tensors[5 + gate] = w.matrix(cells, inputs), w.matrix(cells, cells)
        data = rng.integers(-(2**20), 2**20, cells)
        tensors[12 + gate] = builder.tensor((cells,), "int64", scale=1e-6, data=data)
    tensors[18] = builder.tensor((batch, cells), "int16", variable=True, scale=h_scale)
    power = int(rng.integers(8, 16))
    tensors[19] = builder.tensor((batch, cells), "int16", variable=True, scale=2.0**-power)
    y = builder.tensor((*shape, cells), "int16", scale=h_scale)
    clip = float(rng.choice([0.0, 0.0, 0.3, 2.0]))
    options = {"fused_activation_function": "TANH", "time_major": time_major, "cell_clip": clip}
    builder.operator(KIND, tensors, [y], version=3, **options)
    values = random_values(rng, (SAMPLES, *shape, inputs), "int16")
    values = values[:, 0] if shape[0] == 1 else values[0]
    label = f"{shape} {inputs} {cells} time_major {time_major} clip {clip} {x_scale} {h_scale}"
    return Case(builder.build([tensors[0]], [y]), [values], label=f"{label} 2^-{power}")


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(95)
    check_tflm([int16_case(rng, n) for n in range(case_count)])


def refused(change: Any) -> str:
    model = unpack(int16_case(np.random.default_rng(96), 1).model)
    change(model.subgraphs[0])
    with pytest.raises(ModelError) as error:
        read_model(pack(model))
    return str(error.value)


def test_refusals() -> None:
    def coupled(graph: Any) -> None:
        op = graph.operators[0]
        inputs = list(op.inputs)
        inputs[1] = inputs[5] = inputs[12] = -1
        op.inputs = inputs

    def odd_cells(graph: Any) -> None:
        graph.tensors[graph.operators[0].inputs[19]].quantization.scale = [0.003]

    def centred(graph: Any) -> None:
        graph.tensors[graph.operators[0].inputs[0]].quantization.zeroPoint = [3]

    def wide(graph: Any) -> None:
        graph.tensors[graph.operators[0].inputs[1]].quantization.scale = [2.0**10]

    assert "it has coupled gates, peepholes or a projection, which TFLite Micro" in refused(coupled)
    assert "it must be a power of two, from 2^-15 to 2^-1" in refused(odd_cells)
    assert "has zero point 3; TFLite fixes 0 for int16" in refused(centred)
    assert "2^7 is the limit" in refused(wide)
