"""A dilated convolution that was taken apart into three operators, with and without the fold."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder


def taken_apart(
    rng: np.random.Generator, kind: str, dtype: str, crops: bool
) -> tuple[bytes, np.ndarray]:
    """The three operators on one image, as TensorFlow pads it for SAME (or VALID)."""
    height, width = (int(n) for n in rng.integers(9, 14, 2))
    channels, outputs = (int(n) for n in rng.integers(1, 5, 2))
    outputs = channels if kind == "DEPTHWISE_CONV_2D" else outputs
    kernel = [int(n) for n in rng.integers(1, 4, 2)]
    block = [int(n) for n in rng.integers(1, 4, 2)]
    same = bool(rng.integers(0, 2))
    pads, cuts, parts, done, made = [], [], [], [], []
    for size, k, b in zip((height, width), kernel, block, strict=True):
        total = (k - 1) * b if same else 0
        before = total // 2
        extra = -(size + total) % b
        pads.append([before, total - before + extra])
        cuts.append([int(crops and same and before > 0), extra])
        parts.append((size + total + extra) // b)
        done.append(parts[-1] - k + 1)
        made.append(done[-1] * b - sum(cuts[-1]))
    given = {"scale": 0.05, "zero_point": 3} if dtype == "int8" else {}
    after = {"scale": 0.4, "zero_point": -5} if dtype == "int8" else {}
    b = ModelBuilder()
    x = b.tensor((1, height, width, channels), dtype, **given)
    blocks = b.tensor((2,), "int32", data=block)
    batch = block[0] * block[1]
    apart = b.tensor((batch, *parts, channels), dtype, **given)
    b.operator("SPACE_TO_BATCH_ND", [x, blocks, b.tensor((2, 2), "int32", data=pads)], [apart])
    shape = (1, *kernel, channels) if kind == "DEPTHWISE_CONV_2D" else (outputs, *kernel, channels)
    data = rng.integers(-127, 128, shape) if dtype == "int8" else rng.standard_normal(shape)
    w = b.tensor(shape, dtype, data=data, **({"scale": 0.02} if dtype == "int8" else {}))
    number = "int32" if dtype == "int8" else "float32"
    scale = {"scale": 0.05 * 0.02} if dtype == "int8" else {}
    bias = b.tensor((outputs,), number, data=rng.integers(-99, 99, outputs), **scale)
    inner = b.tensor((batch, *done, outputs), dtype, **after)
    options = {"depth_multiplier": 1} if kind == "DEPTHWISE_CONV_2D" else {}
    b.operator(kind, [apart, w, bias], [inner], padding="VALID", stride_h=1, stride_w=1, **options)
    y = b.tensor((1, *made, outputs), dtype, **after)
    b.operator("BATCH_TO_SPACE_ND", [inner, blocks, b.tensor((2, 2), "int32", data=cuts)], [y])
    z = b.tensor((1, *made, outputs), dtype, **after)
    b.operator("RELU6", [y], [z])
    values = rng.integers(-128, 128, (2, height, width, channels)).astype(np.int8)
    if dtype == "float32":
        values = rng.standard_normal(values.shape).astype(np.float32)
    return b.build([x], [z]), values


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_the_fold_keeps_every_bit(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for number in range(case_count // 2):
        dtype = "int8" if number % 2 else "float32"
        model, x = taken_apart(rng, kind, dtype, number % 5 == 0)
        kinds = [op.kind for op in optimise(read_model(model)).operators]
        assert kinds == [kind], number  # the activation is fused behind it as well
        cases.append(Case(model, [x], optimise=number % 4 > 0, label=str(number)))
    check(cases)


def line_taken_apart(rng: np.random.Generator, dtype: str, wide: bool) -> tuple[bytes, np.ndarray]:
    """A causal convolution along a line, as Keras's Conv1D becomes one of images."""
    length, channels, outputs = (int(n) for n in rng.integers(5, 12, 3))
    kernel, block = (int(n) for n in rng.integers(2, 4, 2))
    before = (kernel - 1) * block
    extra = -(length + before) % block
    part = (length + before + extra) // block
    done = part - kernel + 1
    given = {"scale": 0.05, "zero_point": 3} if dtype == "int8" else {}
    after = {"scale": 0.9, "zero_point": -5} if dtype == "int8" else {}

    def image(n: int, size: int, c: int) -> tuple[int, ...]:
        return (n, 1, size, c) if wide else (n, size, 1, c)

    b = ModelBuilder()
    x = b.tensor((1, length, channels), dtype, **given)
    blocks = b.tensor((1,), "int32", data=[block])
    apart = b.tensor((block, part, channels), dtype, **given)
    pads = b.tensor((1, 2), "int32", data=[[before, extra]])
    b.operator("SPACE_TO_BATCH_ND", [x, blocks, pads], [apart])
    lifted = b.tensor(image(block, part, channels), dtype, **given)
    axis = b.tensor((), "int32", data=1 if wide else 2)
    b.operator("EXPAND_DIMS", [apart, axis], [lifted])
    shape = image(outputs, kernel, channels)
    data = rng.integers(-127, 128, shape) if dtype == "int8" else rng.standard_normal(shape)
    w = b.tensor(shape, dtype, data=data, **({"scale": 0.02} if dtype == "int8" else {}))
    number = "int32" if dtype == "int8" else "float32"
    scale = {"scale": 0.05 * 0.02} if dtype == "int8" else {}
    bias = b.tensor((outputs,), number, data=rng.integers(-99, 99, outputs), **scale)
    inner = b.tensor(image(block, done, outputs), dtype, **after)
    b.operator("CONV_2D", [lifted, w, bias], [inner], padding="VALID", stride_h=1, stride_w=1)
    flat = b.tensor((block, done, outputs), dtype, **after)
    b.operator("SQUEEZE", [inner], [flat], squeeze_dims=[1 if wide else 2])
    y = b.tensor((1, length, outputs), dtype, **after)
    cuts = b.tensor((1, 2), "int32", data=[[0, extra]])
    b.operator("BATCH_TO_SPACE_ND", [flat, blocks, cuts], [y])
    values = rng.integers(-128, 128, (2, length, channels)).astype(np.int8)
    if dtype == "float32":
        values = rng.standard_normal(values.shape).astype(np.float32)
    return b.build([x], [y]), values


def test_a_line_is_folded_as_well(case_count: int) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for number in range(case_count // 2):
        model, x = line_taken_apart(rng, "int8" if number % 2 else "float32", number % 3 > 0)
        kinds = [op.kind for op in optimise(read_model(model)).operators]
        assert kinds == ["RESHAPE", "CONV_2D", "RESHAPE"], number
        cases.append(Case(model, [x], optimise=number % 4 > 0, label=str(number)))
    check(cases)
