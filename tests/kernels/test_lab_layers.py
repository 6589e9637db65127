"""Layers of the kernel laboratory: what its portable kernels answer is the oracle's answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.oracle import run_reference
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.lab_layers import FORMS, LayerSpec, build_layer
from edgepack.program import LowerSpec
from tests.kernels.harness import run_programs
from tests.tflite_builder import ModelBuilder

LAYERS = (
    LayerSpec("conv", (9, 7, 5), out=6),
    LayerSpec("conv", (9, 7, 5), out=6, window=(3, 2), stride=(2, 1), relu=True, seed=1),
    LayerSpec("depthwise", (9, 7, 5), padding="valid"),
    LayerSpec("dense", (3, 37), out=11, relu=True),
    LayerSpec("add", (9, 7, 5), relu=True),
    LayerSpec("average_pool", (9, 7, 5)),
    LayerSpec("max_pool", (9, 7, 5), stride=(1, 1)),
    LayerSpec("softmax", (4, 37)),
)


def tflite(graph: Graph) -> bytes:
    builder = ModelBuilder()
    for tensor in graph.tensors:
        assert tensor.quantization is not None
        builder.tensor(
            tensor.shape,
            tensor.dtype.name.lower(),
            scale=tensor.quantization.scales,
            zero_point=tensor.quantization.zero_points,
            axis=tensor.quantization.axis,
            data=tensor.data,
        )
    for operator in graph.operators:
        options: dict[str, Any] = {name: _number(value) for name, value in operator.options.items()}
        builder.operator(operator.kind, operator.inputs, operator.outputs, **options)
    return builder.build(graph.inputs, graph.outputs)


def _number(value: object) -> object:
    names = {"SAME": 0, "VALID": 1, "NONE": 0, "RELU": 1, "DEFAULT": 0}
    return names[value] if isinstance(value, str) else value


def test_portable_kernels_give_the_oracles_bits_and_they_spread() -> None:
    assert {layer.kernel for layer in LAYERS} == set(FORMS)
    graphs = [build_layer(layer) for layer in LAYERS]
    inputs = [random_samples(graph, 2, seed=3).inputs for graph in graphs]
    found = run_programs([lower(graph, LowerSpec()) for graph in graphs], inputs)
    for layer, graph, given, (output,) in zip(LAYERS, graphs, inputs, found, strict=True):
        batched = graph.tensor(0).shape[0] > 1  # the oracle then takes one sample
        asked = [x[0] for x in given] if batched else given
        (wanted,) = run_reference(tflite(graph), asked).outputs
        answers = output.reshape(-1)[: wanted.size]
        assert np.array_equal(answers, wanted.reshape(-1)), layer
        if layer.kernel != "softmax":
            assert 20 < wanted.std() < 75, layer
            assert np.mean(wanted == 127) < 0.2, layer


def test_a_seed_makes_one_layer() -> None:
    one, same, other = (
        build_layer(LayerSpec("conv", (5, 5, 3), out=4, seed=seed)) for seed in (0, 0, 1)
    )
    assert one == same
    assert one.sha256 != other.sha256


def test_a_window_larger_than_the_image_needs_padding() -> None:
    layer = LayerSpec("conv", (5, 5, 3), out=4, window=(6, 1), padding="valid")
    with pytest.raises(UsageError, match="--kernel 6x1: does not fit into 5x5"):
        build_layer(layer)
