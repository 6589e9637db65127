from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack.compiler.fixed_point import quantize_multiplier, requantize
from edgepack.compiler.lowering import lower
from edgepack.compiler.operators.scaling import activation_range
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import (
    ACTIVATIONS,
    Layer,
    float_case,
    quantised_case,
    random_scales,
    unsigned_layer,
    wide_layer,
)
from tests.tflite_builder import ModelBuilder


def random_layer(rng: np.random.Generator, number: int) -> Layer:
    """Any dense layer, over one dimension to four; some keep their dimensions."""
    depth, outputs = int(rng.integers(1, 70)), int(rng.integers(1, 14))
    lead = tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 4))))
    keep = bool(rng.random() < 0.4)
    x = (*lead, depth)
    batches = int(np.prod(lead, dtype=int))
    if not keep and len(lead) > 1 and number % 3 == 0:  # the rows need not be the last dimension
        depth *= x[-2]
        batches, x = batches // lead[-1], (*lead[:-1], x[-2], depth // x[-2])
    y = (*x[:-1], outputs) if keep else (batches, outputs)
    options: dict[str, object] = {
        "keep_num_dims": keep,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    return Layer("FULLY_CONNECTED", x, (outputs, depth), y, options, outputs, **random_scales(rng))


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(7)
    check([quantised_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(31)
    biases = ("int64", "int32")
    layers = [
        wide_layer(rng, random_layer(rng, n), biases=biases[n % 2]) for n in range(case_count)
    ]
    check([quantised_case(rng, layer) for layer in layers])


def test_int4(case_count: int) -> None:
    rng = np.random.default_rng(32)
    layers = [
        dataclasses.replace(random_layer(rng, n), weights="int4", gain=0.3 + n % 5)
        for n in range(case_count // 2)
    ]
    wide = [wide_layer(rng, layer, weights="int4") for layer in layers[::2]]
    check([quantised_case(rng, layer) for layer in (*layers, *wide)])


def test_uint8(case_count: int) -> None:
    rng = np.random.default_rng(33)
    layers = [unsigned_layer(rng, random_layer(rng, n)) for n in range(case_count)]
    cases = [quantised_case(rng, layer) for layer in layers]
    check([dataclasses.replace(case, optimise=n % 2 == 0) for n, case in enumerate(cases)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(8)
    check([float_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_ties() -> None:
    check([tie_case(np.random.default_rng(n)) for n in range(4)])


def test_two_roundings_as_tflite_micro_has_them() -> None:
    rng = np.random.default_rng(17)
    layers = [dataclasses.replace(random_layer(rng, n), gain=1.0) for n in range(16)]
    cases = [quantised_case(rng, layer) for layer in layers[1:]] + [tie_case(rng)]
    twice = [dataclasses.replace(case, spec=LowerSpec(numerics="tflm")) for case in cases]
    answers = run_cases([*twice, *cases])
    differ = 0
    for case, two, one in zip(cases, answers[:16], answers[16:], strict=True):
        expected = dense_twice(case)
        assert (two[0].reshape(-1) == expected).all(), case.label
        differ += int((two[0] != one[0]).sum())
    assert differ > 0  # else the oracle's single rounding would do


def tie_case(rng: np.random.Generator) -> Case:
    """A layer whose results are multiples of a quarter."""
    builder = ModelBuilder()
    x = builder.tensor((1, 4), "int8", scale=1.0)
    w = builder.tensor((8, 4), "int8", scale=1.0, data=rng.integers(-3, 4, (8, 4)))
    y = builder.tensor((1, 8), "int8", scale=4.0)
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    values = rng.integers(-20, 20, (50, 4)).astype(np.int8)
    return Case(builder.build([x], [y]), [values], label="ties")


def near_tie_case(ratio: float, per_channel: bool) -> Case:
    """Every sum from -3500 to 3500, at an output scale `ratio` times the product's."""
    sums = np.arange(-3500, 3501)
    high = np.round(sums / 127).astype(int)
    x_scale = 1.0
    builder = ModelBuilder()
    x = builder.tensor((1, 2), "int8", scale=x_scale)
    scales = [1.0, 0.5, 1.0, 2.0, 1.0] if per_channel else 1.0
    weights = [[127, 1]] * 5
    w = builder.tensor((5, 2), "int8", scale=scales, data=weights)
    y = builder.tensor((1, 5), "int8", scale=float(np.float32(x_scale * ratio)), zero_point=3)
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    values = np.stack([high, sums - 127 * high], axis=1).astype(np.int8)
    return Case(builder.build([x], [y]), [values], label=f"near ties {ratio} {per_channel}")


def test_near_ties() -> None:
    ratios = (0.75, 2.0, 6.0, 10.0, 14.0, 30.0, 49.0, 98.0, 196.0, 3400.0)
    cases = [near_tie_case(ratio, each) for ratio in ratios for each in (False, True)]
    check(cases)
    programs = [lower(read_model(case.model), LowerSpec()) for case in cases]
    kernels = {step.kernel for program in programs for step in program.steps}
    assert kernels == {"ep_dense_s8", "ep_dense_channels_s8", "ep_dense_steps_s8"}


def wide_tie_case(rng: np.random.Generator, ratio: float, bias: int = 0) -> Case:
    """Sums on int16 next to halves of an output; with a bias, of that size."""
    most = 127 * 32767
    wanted = (rng.integers(-(2**15), 2**15, 400) + 0.5) * ratio
    biases = [bias, 0, -bias, bias // 3, 1] if bias else [0] * 5
    sums = np.round(wanted).astype(np.int64) + rng.integers(-1, 2, 400) - rng.choice(biases, 400)
    sums = np.clip(sums, -most, most)
    high = np.round(sums / 127).astype(int)
    builder = ModelBuilder()
    x = builder.tensor((1, 2), "int16", scale=1.0)
    scales = [1.0, 0.5, 1.0, 2.0, 1.0] if ratio > 20 else 1.0
    w = builder.tensor((5, 2), "int8", scale=scales, data=[[127, 1]] * 5)
    b = builder.tensor((5,), "int64", scale=scales, data=np.array(biases, np.int64))
    y = builder.tensor((1, 5), "int16", scale=float(np.float32(ratio)))
    options = {"quantized_bias_type": "INT64", "fused_activation_function": "RELU6"}
    options = options if ratio == 30.0 else {"quantized_bias_type": "INT64"}
    builder.operator("FULLY_CONNECTED", [x, w, b], [y], version=11, **options)
    values = np.stack([high, sums - 127 * high], axis=1).astype(np.int16)
    return Case(builder.build([x], [y]), [values], label=f"wide ties {ratio} {bias}")


def wide_tie_cases(rng: np.random.Generator) -> list[Case]:
    """Of layers that ep_dense_s16 takes, and that only double precision does."""
    cases = [wide_tie_case(rng, ratio) for ratio in (2.0, 6.0, 14.0, 30.0, 98.0, 196.0, 3400.0)]
    return cases + [wide_tie_case(rng, bias / 9001.0, bias) for bias in (2**38, 2**52 - 1)]


def test_near_ties_on_int16() -> None:
    cases = wide_tie_cases(np.random.default_rng(24))
    check(cases)
    kernels = [lower(read_model(case.model), LowerSpec()).steps[0].kernel for case in cases]
    assert kernels == ["ep_dense_s16", *["ep_dense_double_s16"] * 8]


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_double_precision_on_boards(board: str) -> None:
    rng = np.random.default_rng(25)
    wide = wide_tie_case(rng, 98.0)
    wide = dataclasses.replace(wide, inputs=[wide.inputs[0][:40]])
    answers = check_on_board(board, [wide, unsigned_tie_case(98.0, 49)])
    kernels = {kernel for answer in answers for kernel in answer.kernels}
    assert {"ep_dense_double_s16", "ep_dense_double_u8"} <= kernels


@pytest.mark.parametrize("power", [-40, -31, -14, -1, 0, 3])
def test_powers_of_two_scale_any_sum(power: int) -> None:
    rng, ratio = np.random.default_rng(26), 2.0**-power
    bias = max(1, min(int(ratio * 2**15), 2**52))
    check([wide_tie_case(rng, ratio), wide_tie_case(rng, ratio, bias)])


def unsigned_tie_case(ratio: float, step: int = 1) -> Case:
    """Sums of -3500 to 3500 around zero points of uint8, at an output scale of `ratio`."""
    sums = np.arange(-3500, 3501, step)
    high = np.round(sums / 127).astype(int)
    builder = ModelBuilder()
    x = builder.tensor((1, 3), "uint8", scale=1.0, zero_point=90)
    w = builder.tensor((5, 3), "uint8", scale=1.0, zero_point=3, data=[[130, 4, 255]] * 5)
    y = builder.tensor((1, 5), "uint8", scale=float(np.float32(ratio)), zero_point=100)
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    values = np.stack([high, sums - 127 * high, np.zeros_like(sums)], axis=1) + 90
    return Case(builder.build([x], [y]), [values.astype(np.uint8)], label=f"uint8 {ratio}")


def test_near_ties_with_asymmetric_weights() -> None:
    cases = [unsigned_tie_case(ratio) for ratio in (2.0, 6.0, 49.0, 98.0, 196.0)]
    check(cases)
    programs = [lower(read_model(case.model), LowerSpec()) for case in cases]
    kernels = {step.kernel for program in programs for step in program.steps}
    assert {"ep_dense_u8", "ep_dense_double_u8"} <= kernels


def decimal_case(rng: np.random.Generator) -> Case:
    """Scales with few decimals: their product is no float, and many sums lie next to a tie."""
    x_scale, w_scale = rng.integers(1, 50, 2) / 1000
    y_scale = x_scale * w_scale * int(rng.choice([2, 6, 10, 50, 100, 250]))
    sums = np.arange(-3500, 3501)
    high = np.round(sums / 127).astype(int)
    builder = ModelBuilder()
    x = builder.tensor((1, 2), "int8", scale=float(x_scale))
    w = builder.tensor((1, 2), "int8", scale=float(w_scale), data=[[127, 1]])
    y = builder.tensor((1, 1), "int8", scale=float(y_scale), zero_point=-3)
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    values = np.stack([high, sums - 127 * high], axis=1).astype(np.int8)
    return Case(builder.build([x], [y]), [values], label=f"{x_scale} {w_scale} {y_scale}")


def test_decimal_scales() -> None:
    rng = np.random.default_rng(23)
    check([decimal_case(rng) for _ in range(16)])


def dense_twice(case: Case) -> NDArray[np.int8]:
    """A dense layer by the definition, in exact integers with two roundings."""
    graph = read_model(case.model)
    (op,) = graph.operators
    x, w, y = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    outputs, depth = w.shape
    sums = (case.inputs[0].reshape(-1, depth).astype(int) - x.zero_point) @ w.array().astype(int).T
    if len(op.inputs) > 2:
        sums = sums + graph.tensor(op.inputs[2]).array()
    assert w.quantization is not None
    scales = w.quantization.scales
    reals = [x.scale * s / y.scale for s in scales] * (outputs if len(scales) == 1 else 1)
    low, high = activation_range(y, op.option("fused_activation_function"))
    values = [
        requantize(int(s), quantize_multiplier(real)) + y.zero_point
        for row in sums
        for s, real in zip(row, reals, strict=True)
    ]
    return np.clip(values, low, high).astype(np.int8)
