"""Depthwise 3x3 convolutions on Helium: 16 channels at a time, from a ring of three lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.mve_scaling import LANES, shifts_right, stored
from edgepack.program import Const, Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument

TAPS = 9
COLUMN = 3 * LANES  # bytes of the ring
FITTING = 255  # sum of two magnitudes whose products with int8 add up to an int16
LANE_ORDER = np.arange(LANES).reshape(4, 4).T[[0, 2, 1, 3]].reshape(-1)


def depthwise(layer: ConvLayer) -> Step | None:
    """The layer's step; None for other windows, outputs a channel, or scales."""
    window = layer.window
    square = (window.kernel_h, window.kernel_w) == (3, 3)
    plain = (window.dilation_h, window.dilation_w) == (1, 1)
    channels = len(layer.weights)
    signs = layer.low < layer.zero_out
    if not (square and plain and channels == window.in_c):
        return None
    if not shifts_right(layer.multipliers, signs):
        return None
    if _planar_is_shorter(window):
        return _step(layer, signs, "planar", _planar_constants(layer), planar_bytes(window))
    if not _pairs_fit(layer.weights):
        return None
    return _step(layer, signs, "depthwise", _constants(layer), ring_bytes(window))


def _step(
    layer: ConvLayer, signs: bool, stem: str, constants: tuple[Const, ...], ring: int
) -> Step:
    window = layer.window
    fields = (
        ("window", window.fields),
        ("zero_y", layer.zero_out),
        ("zero_x", layer.zero_in),
        ("signs", int(signs)),
        ("low", layer.low),
        ("high", layer.high),
    )
    arguments: tuple[Argument, ...] = (
        Params(f"ep_mve_{stem}_t", fields),
        TensorRef(layer.input),
        *constants,
        Scratch(ring),
        TensorRef(layer.output),
    )
    kernel = f"ep_mve_{stem}_s8"
    return Step(
        layer.operator,
        kernel,
        kernel,
        arguments,
        (layer.input,),
        (layer.output,),
        (Overlap(layer.input, layer.output, lead_of_lines(window)),),
        variant="mve",
        macs=layer.macs,
    )


def _planar_is_shorter(window: Window) -> bool:
    """Instructions of a line of windows: channel by channel, or 16 channels at a time.

    They are counted from the kernels' loops, those that put new lines into the ring included.
    """
    width, channels = window.out_w, window.in_c
    if width < 4 or window.stride_w > 2:
        return False
    put = min(window.stride_h, 3) * window.in_w
    groups, twice = -(-channels // LANES), channels == LANES // 2
    planar = channels * (28 + 19 * -(-width // 4)) + 6 * -(-channels // 8) * put
    vectors = -(-width // 2) if twice else groups * width
    return planar < 45 * groups + 120 * vectors + (10 if twice else 5 * groups) * put


def planar_bytes(window: Window) -> int:
    """Three lines of all channels, the windows' margins included, and what loads run over."""
    return window.in_c * ((window.out_w - 1) * window.stride_w + 3) * 3 + LANES


def _planar_constants(layer: ConvLayer) -> tuple[Const, ...]:
    scales = np.array([stored(m) for m in layer.multipliers], "<i4")
    return (
        Const("weights", "int8_t", layer.weights.tobytes(), "weights"),
        Const("bias", "int32_t", layer.bias.astype("<i4").tobytes(), "weights"),
        Const("multipliers", "int32_t", scales.tobytes(), "tables"),
    )


def ring_bytes(window: Window) -> int:
    """Three lines of all channels, the windows' margins included."""
    columns = (window.out_w - 1) * window.stride_w + 3
    if window.in_c == LANES // 2:
        columns += window.stride_w
    return -(-window.in_c // LANES) * columns * COLUMN


def lead_of_lines(window: Window) -> int:
    """How far lines of outputs run ahead of the lines that are not in the ring yet."""
    line, written = window.in_w * window.in_c, window.out_w * window.in_c
    lead = 0
    for batch in range(window.batches):
        for i in range(window.out_h):
            unread = i * window.stride_h - window.pad_top + 3
            if i + 1 < window.out_h:
                unread = max(unread, (i + 1) * window.stride_h - window.pad_top)
            unread = max(0, min(unread, window.in_h))
            if (batch, unread) != (window.batches - 1, window.in_h) and i + 1 <= window.out_h:
                done = (batch * window.out_h + i + 1) * written
                lead = max(lead, done - (batch * window.in_h + unread) * line)
    return lead


def _pairs_fit(weights: NDArray[np.int8]) -> bool:
    """Whether any two products of a channel add up to an int16."""
    largest = np.sort(np.abs(weights.astype(np.int64)), axis=1)[:, -2:].sum(axis=1)
    return bool((largest <= FITTING).all())


def _constants(layer: ConvLayer) -> tuple[Const, Const]:
    channels = len(layer.weights)
    twice = 2 if channels == LANES // 2 else 1
    groups = -(-channels * twice // LANES)
    lanes = groups * LANES
    weights = np.zeros((lanes, TAPS), np.int8)
    weights[: channels * twice] = np.tile(layer.weights, (twice, 1))
    bias = np.zeros(lanes, np.int64)
    bias[: channels * twice] = np.tile(layer.bias, twice)
    taps = weights.reshape(groups, LANES, TAPS).transpose(0, 2, 1)
    stream = [_words(taps, groups), bias.reshape(groups, LANES)[:, LANE_ORDER]]
    scales = np.zeros((2, lanes), np.int64)
    scales[1] = -1
    scales[:, : channels * twice] = np.tile(
        np.array([stored(m) for m in layer.multipliers]).T, twice
    )
    mantissas, shifts = scales.reshape(2, groups, LANES)[:, :, LANE_ORDER]
    tables = [mantissas, _words(shifts.astype(np.int8), groups)]
    return (
        Const("weights", "int32_t", _joined(stream), "weights"),
        Const("multipliers", "int32_t", _joined(tables), "tables"),
    )


def _words(values: NDArray[np.int8], groups: int) -> NDArray[np.int64]:
    return np.ascontiguousarray(values).reshape(groups, -1).view("<i4").astype(np.int64)


def _joined(columns: list[NDArray[np.int64]]) -> bytes:
    return np.concatenate(columns, axis=1).astype("<i4").tobytes()
