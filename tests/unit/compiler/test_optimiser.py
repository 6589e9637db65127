"""Where the optimiser must leave a model alone. What it gains is in tests/kernels."""

import numpy as np
import pytest

from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from tests.tflite_builder import ModelBuilder

Q = {"scale": 0.05, "zero_point": -128}


def kinds(b: ModelBuilder, inputs: list[int], outputs: list[int]) -> list[str]:
    return [op.kind for op in optimise(read_model(b.build(inputs, outputs))).operators]


def image(b: ModelBuilder, side: int, **quantization: float) -> int:
    return b.tensor((1, side, side, 2), "int8", **(quantization or Q))


def pad(b: ModelBuilder, x: int, y: int, rows: list[list[int]]) -> None:
    amounts = b.tensor((4, 2), "int32", data=rows)
    b.operator("PAD", [x, amounts], [y])


def convolution(b: ModelBuilder, x: int, y: int) -> None:
    w = b.tensor((2, 3, 3, 2), "int8", scale=0.01, data=np.ones(36))
    bias = b.tensor((2,), "int32", scale=0.0005, data=[1, 2])
    b.operator(
        "CONV_2D", [x, w, bias], [y], padding="VALID", stride_h=1, stride_w=1,
        dilation_h_factor=1, dilation_w_factor=1,
    )  # fmt: skip


def pool(b: ModelBuilder, kind: str, x: int, y: int, size: int = 3) -> None:
    b.operator(
        kind, [x], [y], padding="VALID", stride_h=1, stride_w=1, filter_height=size,
        filter_width=size,
    )  # fmt: skip


SPATIAL = [[0, 0], [1, 1], [1, 1], [0, 0]]


def test_padding_is_folded_into_a_convolution_and_a_maximum() -> None:
    b = ModelBuilder()
    x, y, z, m = image(b, 5), image(b, 7), image(b, 5), image(b, 5)
    pad(b, x, y, SPATIAL)
    convolution(b, y, z)
    pool(b, "MAX_POOL_2D", y, m)
    graph = optimise(read_model(b.build([x], [z, m])))
    assert [op.kind for op in graph.operators] == ["CONV_2D", "MAX_POOL_2D"]
    assert [op.options["padding"] for op in graph.operators] == [(1, 1, 1, 1)] * 2
    assert [op.index for op in graph.operators] == [1, 2]


def test_padding_stays_where_an_average_counts_it() -> None:
    b = ModelBuilder()
    x, y, z = image(b, 5), image(b, 7), image(b, 5)
    pad(b, x, y, SPATIAL)
    pool(b, "AVERAGE_POOL_2D", y, z)
    assert kinds(b, [x], [z]) == ["PAD", "AVERAGE_POOL_2D"]


def test_padding_stays_where_a_maximum_may_take_it() -> None:
    b = ModelBuilder()
    q = {"scale": 0.05, "zero_point": 0}
    x, y, z = image(b, 5, **q), image(b, 7, **q), image(b, 5, **q)
    pad(b, x, y, SPATIAL)
    pool(b, "MAX_POOL_2D", y, z)
    assert kinds(b, [x], [z]) == ["PAD", "MAX_POOL_2D"]


def test_padding_stays_where_a_window_of_a_maximum_has_nothing_else() -> None:
    b = ModelBuilder()
    x, y, z = image(b, 5), image(b, 7), image(b, 7)
    pad(b, x, y, SPATIAL)
    pool(b, "MAX_POOL_2D", y, z, size=1)
    assert kinds(b, [x], [z]) == ["PAD", "MAX_POOL_2D"]


def test_padding_stays_where_it_is_an_output_too() -> None:
    b = ModelBuilder()
    x, y, z = image(b, 5), image(b, 7), image(b, 5)
    pad(b, x, y, SPATIAL)
    convolution(b, y, z)
    assert kinds(b, [x], [z, y]) == ["PAD", "CONV_2D"]


def test_padding_stays_where_another_operator_reads_it() -> None:
    b = ModelBuilder()
    x, y, z, s = image(b, 5), image(b, 7), image(b, 5), image(b, 7)
    pad(b, x, y, SPATIAL)
    convolution(b, y, z)
    b.operator("ADD", [y, y], [s])
    assert kinds(b, [x], [z, s]) == ["PAD", "CONV_2D", "ADD"]


def test_padding_of_channels_stays() -> None:
    b = ModelBuilder()
    x, z = b.tensor((1, 5, 5, 1), "int8", **Q), image(b, 3)
    y = image(b, 5)
    pad(b, x, y, [[0, 0], [0, 0], [0, 0], [0, 1]])
    convolution(b, y, z)
    assert kinds(b, [x], [z]) == ["PAD", "CONV_2D"]


def test_padding_with_another_value_stays() -> None:
    b = ModelBuilder()
    x, y, z = image(b, 5), image(b, 7), image(b, 5)
    amounts = b.tensor((4, 2), "int32", data=SPATIAL)
    value = b.tensor((1,), "int8", **Q, data=[5])
    b.operator("PADV2", [x, amounts, value], [y])
    convolution(b, y, z)
    assert kinds(b, [x], [z]) == ["PADV2", "CONV_2D"]


def clamp_behind_add(kind: str, outputs: str = "z", **z_quantization: float) -> list[str]:
    b = ModelBuilder()
    q = {"scale": 0.05, "zero_point": 0}
    x, y = (b.tensor((1, 4), "int8", **q) for _ in range(2))
    z = b.tensor((1, 4), "int8", **(z_quantization or q))
    b.operator("ADD", [x, x], [y])
    b.operator(kind, [y], [z])
    return kinds(b, [x], [{"y": y, "z": z}[name] for name in outputs])


@pytest.mark.parametrize("kind", ["RELU", "RELU6", "RELU_N1_TO_1"])
def test_a_clamp_is_fused_where_nothing_is_rescaled(kind: str) -> None:
    assert clamp_behind_add(kind) == ["ADD"]
    assert clamp_behind_add(kind, scale=0.04) == ["ADD", kind]
    assert clamp_behind_add(kind, scale=0.05, zero_point=1) == ["ADD", kind]
    assert clamp_behind_add(kind, outputs="yz") == ["ADD", kind]


def test_a_second_clamp_is_not_fused_over_the_first() -> None:
    b = ModelBuilder()
    q = {"scale": 0.05, "zero_point": 0}
    x, y, z, u = (b.tensor((1, 4), "int8", **q) for _ in range(4))
    b.operator("ADD", [x, x], [y])
    b.operator("RELU", [y], [z])
    b.operator("RELU_N1_TO_1", [z], [u])
    assert kinds(b, [x], [u]) == ["ADD", "RELU_N1_TO_1"]


@pytest.mark.parametrize(
    ("kind", "scale", "zero_point", "left"),
    [
        ("RELU", 0.05, -128, 0),
        ("RELU", 0.05, -127, 1),
        ("RELU6", 6 / 255, -128, 0),
        ("RELU6", 6 / 254, -128, 1),
        ("RELU_N1_TO_1", 1 / 128, 0, 0),
        ("RELU_N1_TO_1", 1 / 64, 0, 1),
    ],
)
def test_a_clamp_at_the_ends_of_int8_is_gone(
    kind: str, scale: float, zero_point: int, left: int
) -> None:
    b = ModelBuilder()
    q = {"scale": scale, "zero_point": zero_point}
    x, y, z = (b.tensor((1, 4), "int8", **q) for _ in range(3))
    b.operator(kind, [x], [y])
    b.operator("LOGISTIC", [y], [b.tensor((1, 4), "int8", scale=1 / 256, zero_point=-128)])
    assert kinds(b, [x], [z + 1]) == [*[kind] * left, "LOGISTIC"]


def test_an_identity_that_makes_an_output_stays() -> None:
    b = ModelBuilder()
    x, y = (b.tensor((1, 4), "int8", **Q) for _ in range(2))
    b.operator("RELU", [x], [y])
    assert kinds(b, [x], [y]) == ["RELU"]


def test_identities_in_a_row_all_go() -> None:
    b = ModelBuilder()
    x, y, z, u = (b.tensor((1, 4), "int8", **Q) for _ in range(4))
    b.operator("QUANTIZE", [x], [y])
    b.operator("QUANTIZE", [y], [z])
    b.operator("ADD", [z, z], [u])
    graph = optimise(read_model(b.build([x], [u])))
    assert [(op.kind, op.inputs) for op in graph.operators] == [("ADD", (x, x))]


def test_a_quantize_that_rescales_stays() -> None:
    b = ModelBuilder()
    x = b.tensor((1, 4), "int8", **Q)
    y, z = (b.tensor((1, 4), "int8", scale=0.06, zero_point=-128) for _ in range(2))
    b.operator("QUANTIZE", [x], [y])
    b.operator("ADD", [y, y], [z])
    assert kinds(b, [x], [z]) == ["QUANTIZE", "ADD"]
