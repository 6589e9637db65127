"""Bounds of stored values against the arithmetic they stand for, and against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepack.compiler.fixed_point import Multiplier, requantize
from edgepack.compiler.interval import INT32, Interval, requantized, whole
from edgepack.compiler.interval_rules import find_intervals
from edgepack.compiler.reader import read_model
from edgepack.graph import DType
from edgepack.oracle import run_reference
from tests.tflite_builder import ModelBuilder

SUMS = st.one_of(
    st.integers(*INT32),
    st.integers(-(2**16), 2**16),
    st.sampled_from([*INT32, 0, 1, -1, 2**30, -(2**30)]),
)
MULTIPLIERS = st.builds(Multiplier, st.integers(2**30, 2**31 - 1), st.integers(-31, 8))


@given(st.lists(st.tuples(SUMS, SUMS, MULTIPLIERS), min_size=1, max_size=8))
def test_sums_are_rescaled_as_one_by_one(cases: list[tuple[int, int, Multiplier]]) -> None:
    lows = [min(a, b) for a, b, _ in cases]
    highs = [max(a, b) for a, b, _ in cases]
    got = requantized(Interval(np.array(lows), np.array(highs)), [m for *_, m in cases], 0)
    for place, (low, high, (*_, multiplier)) in enumerate(zip(lows, highs, cases, strict=True)):
        left = max(multiplier.shift, 0)
        if max(abs(low), abs(high)) << left < 2**31:
            assert got.low[place] == requantize(low, multiplier)
            assert got.high[place] == requantize(high, multiplier)
        else:
            assert (got.low[place], got.high[place]) == INT32


def layer(
    kind: str, rng: np.random.Generator, *, kernel: int = 1, bias: list[int] | None = None
) -> tuple[bytes, np.ndarray]:
    """A model of one layer over 3 x 3 x 4, and its weights as rows."""
    b = ModelBuilder()
    x = b.tensor((1, 3, 3, 4), "int8", scale=0.05, zero_point=9)
    outputs = 4 if kind == "DEPTHWISE_CONV_2D" else 6
    dense = kind == "FULLY_CONNECTED"
    shape = (6, 36) if dense else (6, kernel, kernel, 4)
    axis = 0
    if kind == "DEPTHWISE_CONV_2D":
        shape, axis = (1, kernel, kernel, 4), 3
    weights = rng.integers(-128, 128, shape)
    scales = rng.uniform(0.005, 0.02, outputs).astype(np.float32)
    w = b.tensor(shape, "int8", scale=scales.tolist(), data=weights, axis=axis)
    values = rng.integers(-999, 999, outputs) if bias is None else bias
    bias_scales = (np.float32(0.05) * scales).tolist()
    c = b.tensor((outputs,), "int32", scale=bias_scales, data=values)
    size = 4 - kernel
    y_shape = (1, outputs) if dense else (1, size, size, outputs)
    y = b.tensor(y_shape, "int8", scale=0.3 * np.sqrt(weights.size / outputs), zero_point=-11)
    options: dict[str, object] = {}
    if not dense:
        options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
        options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
    if kind == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 1
    b.operator(kind, [x, w, c], [y], **options)
    return b.build([x], [y]), np.moveaxis(weights, axis, 0)


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_the_ends_are_reached(kind: str) -> None:
    rng = np.random.default_rng(4)
    for _ in range(5):
        model, weights = layer(kind, rng, kernel=3)
        best = np.where(weights > 0, 127, -128)
        inputs = best.reshape(len(weights), 3, 3, -1)
        inputs = np.broadcast_to(inputs, (len(weights), 3, 3, 4))
        both = np.concatenate([inputs, -1 - inputs]).astype(np.int8)
        (outputs,) = run_reference(model, [both]).outputs
        found = outputs.reshape(2, len(weights), len(weights))
        graph = read_model(model)
        interval = find_intervals(graph)[graph.outputs[0]]
        slack = 1 if kind == "FULLY_CONNECTED" else 0  # the bounds hold for two ways to round
        highest, lowest = np.diagonal(found[0]), np.diagonal(found[1])
        assert (highest <= interval.high).all() and (highest >= interval.high - slack).all()
        assert (lowest >= interval.low).all() and (lowest <= interval.low + slack).all()
        assert (interval.low < interval.high).all()


def test_a_padded_tap_reads_the_zero_point() -> None:
    b = ModelBuilder()
    x = b.tensor((1, 3, 3, 1), "int8", scale=0.05, zero_point=-128)
    y = b.tensor((1, 3, 3, 1), "int8", scale=0.05, zero_point=-128)
    edge = b.tensor((1,), "int8", scale=0.05, zero_point=-128, data=[100])
    b.operator("MAXIMUM", [x, edge], [y])
    outputs = []
    for padding, size in (("SAME", 3), ("VALID", 1)):
        w = b.tensor((1, 3, 3, 1), "int8", scale=0.01, data=np.ones((1, 3, 3, 1)))
        z = b.tensor((1, size, size, 1), "int8", scale=0.0005 * 16, zero_point=-128)
        b.operator(
            "CONV_2D", [y, w], [z], padding=padding, stride_h=1, stride_w=1, dilation_h_factor=1,
            dilation_w_factor=1,
        )  # fmt: skip
        outputs.append(z)
    intervals = find_intervals(read_model(b.build([x], outputs)))
    assert (intervals[y].low, intervals[y].high) == (100, 127)
    ends = [(int(intervals[z].low[0]), int(intervals[z].high[0])) for z in outputs]
    assert ends == [(-128, 15), (0, 15)]  # 9 * 228 / 16 and 9 * 255 / 16, from -128 up


def test_a_mean_over_channels_may_be_any_of_their_values() -> None:
    b = ModelBuilder()
    q = {"scale": 0.1, "zero_point": 5}
    x, y = (b.tensor((1, 3, 2), "int8", **q) for _ in range(2))
    least = b.tensor((2,), "int8", **q, data=[127, 20])
    b.operator("MAXIMUM", [x, least], [y])
    means = []
    for axes, shape in (([2], (1, 3)), ([1], (1, 2))):
        axis = b.tensor((1,), "int32", data=axes)
        means.append(b.tensor(shape, "int8", **q))
        b.operator("MEAN", [y, axis], [means[-1]], keep_dims=False)
    across, down = (find_intervals(read_model(b.build([x], means)))[m] for m in means)
    assert (across.low.tolist(), across.high.tolist()) == ([20] * 3, [127] * 3)
    assert (down.low.tolist(), down.high.tolist()) == ([127, 20], [127, 127])


def test_sums_beyond_int32_say_nothing() -> None:
    model, _ = layer("CONV_2D", np.random.default_rng(6), bias=[2**31 - 1, -(2**31), *[0] * 4])
    graph = read_model(model)
    interval = find_intervals(graph)[graph.outputs[0]]
    assert interval.low[:2].tolist() == [-128, -128]
    assert interval.high[:2].tolist() == [127, 127]


@pytest.mark.parametrize(
    "kind",
    [
        "ADD",
        "SUB",
        "MUL",
        "MAXIMUM",
        "MINIMUM",
        "RELU6",
        "LEAKY_RELU",
        "HARD_SWISH",
        "TANH",
        "PRELU",
    ],
)
def test_constants_through_an_operator_are_the_reference_s_values(kind: str) -> None:
    """Inputs clamped to one value each, then the operator: its interval is that one result."""
    rng = np.random.default_rng(7)
    b = ModelBuilder()
    values = rng.integers(-128, 128, (2, 40))
    x = b.tensor((1, 40), "int8", scale=0.04, zero_point=3)
    operands = []
    for place, row in enumerate(values):
        q = {"scale": 0.04 * (1 + place), "zero_point": 3 - 9 * place}
        c = b.tensor((40,), "int8", **q, data=row)
        start = x
        for clamp in ("MAXIMUM", "MINIMUM"):
            target = b.tensor((1, 40), "int8", **q)
            b.operator(clamp, [start, c], [target])
            start = target
        operands.append(start)
    q = {"scale": 1 / 128, "zero_point": 0} if kind == "TANH" else {"scale": 0.07}
    y = b.tensor((1, 40), "int8", **{"zero_point": -4, **q})
    unary = kind in ("RELU6", "LEAKY_RELU", "HARD_SWISH", "TANH")
    options = {"alpha": 0.2} if kind == "LEAKY_RELU" else {}
    b.operator(kind, operands[:1] if unary else operands, [y], **options)
    model = b.build([x], [y])
    (outputs,) = run_reference(model, [rng.integers(-128, 128, (1, 40)).astype(np.int8)]).outputs
    interval = find_intervals(read_model(model))[y]
    assert interval.constant.all()
    assert interval.low.tolist() == outputs[0].tolist()


def test_nothing_is_known_of_inputs_and_of_what_is_not_int8() -> None:
    b = ModelBuilder()
    x = b.tensor((1, 4), "float32")
    y = b.tensor((1, 4), "int8", scale=0.1)
    b.operator("QUANTIZE", [x], [y])
    graph = read_model(b.build([x], [y]))
    intervals = find_intervals(graph)
    assert [t.index for t in graph.tensors if t.dtype is DType.INT8] == list(intervals)
    assert intervals[y].low.tolist() == whole(4).low.tolist()
    assert intervals[y].high.tolist() == [127] * 4
