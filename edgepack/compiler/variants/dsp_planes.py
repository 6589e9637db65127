"""Depthwise 3x3 convolutions on planes of 16-bit values, four channels at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.dsp_rounding import requantisation, shift_of, stream_const
from edgepack.program import Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer

TOGETHER = 4  # channels
COLUMN_BYTES = 32
STRIP_BYTES = 2048  # about what the planes of a strip may take, one line at least
TAPS = (0, 1, 3, 4, 2, 6, 5, 7, 8)  # ep_plane.h: rows and columns 00 01 10 11, 02 20 12 21, 22


def depthwise(layer: ConvLayer) -> Step | None:
    """The layer by planes; None where a precondition of ep_planes_3x3_s8.h fails."""
    window = layer.window
    shifts = [shift_of(m) for m in layer.multipliers]
    if not _fits(window, len(layer.weights)) or None in shifts or layer.bounds.max() >= 2**30:
        return None
    columns = (window.out_w - 1) * window.stride_w + 3
    lines = max(1, min(line_count(window), STRIP_BYTES // (COLUMN_BYTES * columns)))
    params = Params(
        "ep_planes_3x3_t",
        (
            ("window", window.fields),
            ("columns", columns),
            ("lines", lines),
            ("zero_term", 2 * layer.zero_out + 1),
            ("is_signed", int(layer.low < layer.zero_out)),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        stream_const("channels", channel_words(layer), layer),
        Scratch(COLUMN_BYTES * columns * lines + 4),
        TensorRef(layer.output),
    )
    kernel = "ep_planes_3x3_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, exact=True),) if in_place(window) else (),
        variant="dsp",
        macs=layer.macs,
    )


def _fits(window: Window, outputs: int) -> bool:
    return (
        (window.kernel_h, window.kernel_w, window.dilation_h, window.dilation_w) == (3, 3, 1, 1)
        and window.stride_h == window.stride_w
        and window.stride_h <= 2
        and outputs == window.in_c >= TOGETHER
        and window.pad_left <= 2
    )


def line_count(window: Window) -> int:
    """Lines of a plane: two rows of outputs each with stride 1, one with stride 2."""
    return window.out_h if window.stride_h == 2 else -(-window.out_h // 2)


def in_place(window: Window) -> bool:
    """Whether each line's outputs end before the first row that is not read yet."""
    if window.batches > 1:
        return False
    rows = 1 if window.stride_h == 2 else 2
    for line in range(line_count(window) - 1):
        unread = 2 * (line + 2) - window.pad_top
        written = rows * (line + 1) * window.out_w
        if unread < window.in_h and written > max(unread, 0) * window.in_w:
            return False
    return True


def channel_words(layer: ConvLayer) -> NDArray[np.uint32]:
    """[channels, 5]: the ep_plane_channel_t of each."""
    mantissas, shifts = requantisation(layer.multipliers)
    small = np.zeros((len(layer.weights), 12), np.int8)
    small[:, :9] = layer.weights[:, TAPS]
    small[:, 9] = shifts - 1
    large = np.stack([2 * layer.bias, mantissas], axis=1).astype("<i4")
    return np.concatenate([small.view("<u4"), large.view("<u4")], axis=1)
