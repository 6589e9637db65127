"""Which channels go and which stay, and what becomes of their share of the sums."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edgepack.compiler.channels import remove_channels
from edgepack.compiler.fixed_point import quantize_multiplier, requantize
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.graph import Graph, Operator
from edgepack.program import Const, LowerSpec
from tests.tflite_builder import ModelBuilder

MODELS = Path(os.environ.get("EDGEPACK_MODELS", "/nonexistent"))
KILL = 10**6  # as a bias, no sum of these layers comes back from it
SIZE = 5


class Chain:
    """Layers over images of 5 x 5 whose first channel may be constant."""

    def __init__(self, channels: int = 3) -> None:
        self.b = ModelBuilder()
        self.x = self.image(channels)

    def image(self, channels: int, zero_point: int = -7) -> int:
        return self.b.tensor((1, SIZE, SIZE, channels), "int8", scale=0.1, zero_point=zero_point)

    def conv(
        self,
        x: int,
        weights: np.ndarray,
        bias: list[int],
        *,
        kind: str = "CONV_2D",
        scales: list[float] | None = None,
        y: int | None = None,
    ) -> int:
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        outputs = weights.shape[axis]
        scales = scales or [0.01] * outputs
        w = self.b.tensor(weights.shape, "int8", scale=scales, data=weights, axis=axis)
        biases = self.b.tensor((outputs,), "int32", scale=[0.1 * s for s in scales], data=bias)
        y = self.image(outputs) if y is None else y
        options = {"depth_multiplier": 1} if axis else {}
        self.b.operator(
            kind, [x, w, biases], [y], padding="SAME", stride_h=1, stride_w=1,
            dilation_h_factor=1, dilation_w_factor=1, **options,
        )  # fmt: skip
        return y

    def dense(self, x: int, weights: np.ndarray, *, scales: list[float] | None = None,
              bias: list[int] | None = None) -> int:  # fmt: skip
        outputs = len(weights)
        w = self.b.tensor(weights.shape, "int8", scale=scales or 0.01, data=weights)
        inputs = [x, w]
        if bias is not None:
            bias_scales = [0.1 * s for s in scales or [0.01]]
            inputs.append(self.b.tensor((outputs,), "int32", scale=bias_scales, data=bias))
        y = self.b.tensor((1, outputs), "int8", scale=0.2, zero_point=3)
        self.b.operator("FULLY_CONNECTED", inputs, [y])
        return y

    def graph(self, *outputs: int) -> Graph:
        return read_model(self.b.build([self.x], list(outputs)))


def rows(outputs: int, kernel: int, depth: int, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).integers(1, 100, (outputs, kernel, kernel, depth))
    return np.asarray(values)


def shapes(graph: Graph) -> list[tuple[int, ...]]:
    return [graph.tensor(op.outputs[0]).shape for op in graph.operators]


def depths(graph: Graph) -> list[int]:
    return [shape[-1] for shape in shapes(graph)]


def constants(graph: Graph, operator: Operator) -> list[np.ndarray]:
    return [graph.tensor(i).array().astype(np.int64) for i in operator.inputs[1:]]


@pytest.mark.parametrize(("kill", "value"), [(-KILL, -128), (KILL, 127)])
def test_a_constant_goes_into_the_next_bias(kill: int, value: int) -> None:
    chain = Chain()
    first, second = rows(4, 3, 3), rows(2, 1, 4, seed=2)
    y = chain.conv(chain.x, first, [5, kill, 6, 7], scales=[0.01, 0.02, 0.03, 0.04])
    before = chain.graph(chain.conv(y, second, [11, -12]))
    after = remove_channels(before)
    assert depths(after) == [3, 2]
    weights, bias = constants(after, after.operators[0])
    assert (weights == first[[0, 2, 3]]).all() and bias.tolist() == [5, 6, 7]
    quantization = after.tensor(after.operators[0].inputs[1]).quantization
    assert quantization is not None
    assert np.float32(quantization.scales).tolist() == np.float32([0.01, 0.03, 0.04]).tolist()
    weights, bias = constants(after, after.operators[1])
    assert (weights == second[..., [0, 2, 3]]).all()
    assert bias.tolist() == [
        11 + int(second[0, 0, 0, 1]) * (value + 7),
        -12 + int(second[1, 0, 0, 1]) * (value + 7),
    ]


def test_tensors_keep_their_numbers_or_get_new_ones() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0, -KILL, 0, 0])
    before = chain.graph(chain.conv(y, rows(2, 1, 4), [0, 0]))
    after = remove_channels(before)
    assert after.tensors[: len(before.tensors)] == before.tensors
    assert [t.index for t in after.tensors] == list(range(len(after.tensors)))
    assert after.operators[0].outputs[0] >= len(before.tensors)
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)
    assert [op.index for op in after.operators] == [0, 1]


@pytest.mark.parametrize(("zero_point", "left"), [(-128, 3), (-7, 4)])
def test_behind_padding_a_constant_must_be_the_zero_point(zero_point: int, left: int) -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 1, 3), [0, -KILL, 0, 0], y=chain.image(4, zero_point))
    graph = chain.graph(chain.conv(y, rows(2, 3, 4), [1, 2]))
    after = remove_channels(graph)
    assert depths(after) == [left, 2]
    if left == 3:
        assert constants(after, after.operators[1])[1].tolist() == [1, 2]
    else:
        assert after is graph


def test_channels_that_nobody_reads_go_all_the_way_back() -> None:
    chain = Chain()
    last = rows(2, 1, 4)
    last[..., 2] = 0
    middle = rows(4, 3, 5)
    middle[[0, 1, 3], ..., 4] = 0  # only what nobody reads needs it
    y = chain.conv(chain.conv(chain.x, rows(5, 3, 3), [0] * 5), middle, [0] * 4)
    after = remove_channels(chain.graph(chain.conv(y, last, [3, 4])))
    assert depths(after) == [4, 3, 2]
    assert constants(after, after.operators[2])[1].tolist() == [3, 4]


def test_depthwise_layers_lose_a_channel_with_what_feeds_them() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0] * 4)
    z = chain.conv(y, rows(1, 3, 4), [0, 0, KILL, 0], kind="DEPTHWISE_CONV_2D")
    last = rows(2, 1, 4)
    after = remove_channels(chain.graph(chain.conv(z, last, [0, 0])))
    assert depths(after) == [3, 3, 2]
    assert constants(after, after.operators[1])[0].shape == (1, 3, 3, 3)
    assert constants(after, after.operators[2])[1].tolist() == (134 * last[:, 0, 0, 2]).tolist()


def test_flattened_channels_go_from_every_pixel() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0, KILL, 0, 0])
    count = SIZE * SIZE * 4
    flat = chain.b.tensor((1, count), "int8", scale=0.1, zero_point=-7)
    shape = chain.b.tensor((2,), "int32", data=[1, count])
    chain.b.operator("RESHAPE", [y, shape], [flat], new_shape=[1, count])
    weights = rows(2, 1, count).reshape(2, count)
    after = remove_channels(chain.graph(chain.dense(flat, weights)))
    assert shapes(after) == [(1, SIZE, SIZE, 3), (1, 75), (1, 2)]
    assert after.operators[1].option("new_shape") == (1, 75)
    kept, bias = constants(after, after.operators[2])
    pixels = weights.reshape(2, -1, 4)
    assert (kept == pixels[..., [0, 2, 3]].reshape(2, 75)).all()
    assert bias.tolist() == (134 * pixels[..., 1].sum(axis=1)).tolist()


def test_both_operands_of_a_sum_lose_a_channel_or_neither() -> None:
    def sum_of(second: list[int]) -> Graph:
        chain = Chain()
        y = chain.conv(chain.x, rows(4, 3, 3), [0, -KILL, 0, 0])
        z = chain.conv(chain.x, rows(4, 3, 3), second)
        total = chain.image(4)
        chain.b.operator("ADD", [y, z], [total])
        return remove_channels(chain.graph(chain.conv(total, rows(2, 1, 4), [0, 0])))

    assert depths(sum_of([0, -KILL, 0, 0])) == [3, 3, 3, 2]
    assert depths(sum_of([0, KILL, 0, 0])) == [3, 3, 3, 2]
    assert depths(sum_of([0, 0, 0, -KILL])) == [4, 4, 4, 2]


def test_a_constant_operand_loses_the_channel_too() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0, -KILL, 0, 0])
    factor = chain.b.tensor((1, 1, 4), "int8", scale=0.1, data=[1, 2, 3, 4])
    product = chain.image(4)
    chain.b.operator("MUL", [y, factor], [product])
    after = remove_channels(chain.graph(chain.conv(product, rows(2, 1, 4), [0, 0])))
    assert depths(after) == [3, 3, 2]
    assert constants(after, after.operators[1])[0].tolist() == [[[1, 3, 4]]]


def test_joined_tensors_lose_their_own_channels() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(2, 3, 3), [0, -KILL])
    z = chain.conv(chain.x, rows(3, 3, 3), [KILL, 0, 0])
    joined = chain.image(7)
    chain.b.operator("CONCATENATION", [y, z, y], [joined], axis=3)
    last = rows(2, 1, 7)
    after = remove_channels(chain.graph(chain.conv(joined, last, [0, 0])))
    assert depths(after) == [1, 2, 4, 2]
    weights, bias = constants(after, after.operators[3])
    assert (weights == last[..., [0, 3, 4, 5]]).all()
    shares = last[:, 0, 0, [1, 2, 6]] @ np.array([-121, 134, -121])
    assert bias.tolist() == shares.tolist()


def test_a_constant_among_joined_tensors_stays_whole() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(2, 3, 3), [0, -KILL])
    fixed = chain.b.tensor(
        (1, SIZE, SIZE, 2), "int8", scale=0.1, zero_point=-7, data=np.full((SIZE, SIZE, 2), 9)
    )
    joined = chain.image(4)
    chain.b.operator("CONCATENATION", [y, fixed], [joined], axis=3)
    after = remove_channels(chain.graph(chain.conv(joined, rows(2, 1, 4), [0, 0])))
    assert depths(after) == [1, 3, 2]


def test_channels_stay_where_they_move_to_another_axis_or_are_dealt_out() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(SIZE, 3, 3), [0, -KILL, 0, 0, 0])
    turned = chain.image(SIZE)
    order = chain.b.tensor((4,), "int32", data=[0, 1, 3, 2])
    chain.b.operator("TRANSPOSE", [y, order], [turned])
    last = rows(2, 1, SIZE)
    last[..., 1] = 0
    graph = chain.graph(chain.conv(turned, last, [0, 0]))
    assert remove_channels(graph) is graph
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0, -KILL, 0, 0])
    parts = [chain.image(2), chain.image(2)]
    axis = chain.b.tensor((), "int32", data=3)
    chain.b.operator("SPLIT", [axis, y], parts, num_splits=2)
    graph = chain.graph(chain.conv(parts[0], rows(2, 1, 2), [0, 0]), parts[1])
    assert remove_channels(graph) is graph


def test_outputs_and_what_a_softmax_reads_stay() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [0, -KILL, 0, 0])
    z = chain.conv(y, rows(2, 1, 4), [0, 0])
    graph = chain.graph(y, z)
    assert remove_channels(graph) is graph
    soft = chain.b.tensor((1, SIZE, SIZE, 4), "int8", scale=1 / 256, zero_point=-128)
    chain.b.operator("SOFTMAX", [y], [soft], beta=1.0)
    graph = chain.graph(soft, z)
    assert remove_channels(graph) is graph


def test_one_channel_stays() -> None:
    chain = Chain()
    y = chain.conv(chain.x, rows(4, 3, 3), [KILL] * 4)
    after = remove_channels(chain.graph(chain.conv(y, rows(2, 1, 4), [0, 0])))
    assert depths(after) == [1, 2]


def test_a_dense_layer_with_several_scales_keeps_two_outputs() -> None:
    chain = Chain()
    scales = [0.01, 0.02, 0.03]
    y = chain.dense(chain.x, rows(3, 1, 75).reshape(3, 75), scales=scales, bias=[0, KILL, -KILL])
    after = remove_channels(chain.graph(chain.dense(y, rows(2, 1, 3).reshape(2, 3))))
    assert depths(after) == [2, 2]
    chain = Chain()
    y = chain.dense(chain.x, rows(3, 1, 75).reshape(3, 75), bias=[0, KILL, -KILL])
    after = remove_channels(chain.graph(chain.dense(y, rows(2, 1, 3).reshape(2, 3))))
    assert depths(after) == [1, 2]


def test_a_bias_never_leaves_int32() -> None:
    last = rows(2, 1, 4)
    most = 2**31 - 1 - 134 * int(last[1, 0, 0, 1])

    def with_bias(value: int) -> Graph:
        chain = Chain()
        y = chain.conv(chain.x, rows(4, 3, 3), [0, KILL, 0, 0])
        return chain.graph(chain.conv(y, last, [0, value]))

    fits, beyond = remove_channels(with_bias(most)), with_bias(most + 1)
    assert depths(fits) == [3, 2]
    assert constants(fits, fits.operators[1])[1][1] == 2**31 - 1
    assert remove_channels(beyond) is beyond


def test_a_dense_output_is_constant_only_if_both_ways_to_round_agree() -> None:
    real = float(np.float32(0.1) * np.float32(0.0137)) / float(np.float32(0.2))
    sums = np.arange(1, 20_000)
    once = np.floor(sums * real + 0.5).astype(int)
    multiplier = quantize_multiplier(real)
    twice = np.array([requantize(int(s), multiplier) for s in sums])
    apart = sums[(once != twice) & (once < 100)]
    same = sums[(once == twice) & (once < 100)]
    assert len(apart)
    chain = Chain()
    bias = [int(same[0]), int(apart[0]), int(same[1])]
    y = chain.dense(chain.x, np.zeros((3, 75), int), scales=[0.0137], bias=bias)
    after = remove_channels(chain.graph(chain.dense(y, np.eye(2, 3, 1), scales=[1.0])))
    assert depths(after) == [1, 2]
    assert constants(after, after.operators[0])[1].tolist() == [int(apart[0])]


def test_what_is_constant_anyway_needs_no_input() -> None:
    chain = Chain()
    middle = rows(3, 1, 4)
    middle[[0, 1], ..., 2] = 0
    y = chain.conv(chain.x, rows(4, 3, 3), [0] * 4)
    z = chain.conv(y, middle, [1, 2, KILL])
    after = remove_channels(chain.graph(z))
    assert depths(after) == [3, 3]
    weights, bias = constants(after, after.operators[1])
    assert not weights[2].any() and bias[:2].tolist() == [1, 2] and bias[2] > KILL // 2


def test_grouped_convolutions_stay_whole() -> None:
    chain = Chain(4)
    y = chain.conv(chain.x, rows(4, 3, 4), [0, KILL, 0, 0])
    z = chain.conv(y, rows(4, 3, 2), [0, 0, KILL, 0])
    graph = chain.graph(chain.conv(z, rows(2, 1, 4), [0, 0]))
    assert remove_channels(graph) is graph


@pytest.mark.skipif(not MODELS.is_dir(), reason="EDGEPACK_MODELS is not set")
@pytest.mark.parametrize(
    ("name", "macs", "weights"),
    [
        ("ad01_int8", 264_192, 270_880),
        ("kws_ref_model", 2_656_768, 24_368),
        ("pretrainedResnet_quant", 12_501_632, 78_744),
        ("vww_96_int8", 3_727_313, 33_122),
    ],
)
def test_what_is_left_of_a_public_model(name: str, macs: int, weights: int) -> None:
    graph = read_model((MODELS / f"{name}.tflite").read_bytes())
    after = optimise(graph)
    assert [op.index for op in after.operators] == [op.index for op in graph.operators]
    if name != "vww_96_int8":
        assert after is graph or after.operators == graph.operators
    program = lower(after, LowerSpec(optimize="size"))
    arrays = [a for step in program.steps for a in step.arguments if isinstance(a, Const)]
    assert program.macs == macs
    assert sum(len(a.data) for a in arrays if a.role == "weights") == weights
