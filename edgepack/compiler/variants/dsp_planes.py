"""Depthwise 3x3 convolutions on planes of 16-bit values, four channels at a time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp_shift
from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    requantisation,
    shift_of,
    short_steps,
    stream_const,
)
from edgepack.program import Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer

    Taps = tuple[int, ...]

TOGETHER = 4  # channels
COLUMN_BYTES = 32
STRIP_BYTES = 2048  # about what the planes of a strip may take, one line at least
TAPS = (0, 1, 3, 4, 2, 6, 5, 7, 8)  # ep_plane.h: rows and columns 00 01 10 11, 02 20 12 21, 22
TURNED_TAPS = (0, 3, 1, 4, 6, 2, 7, 5, 8)  # the same of rows and columns that change places
_CALL, _LINE, _ROW = 60, 20, 60  # instructions of ep_planes.c and ep_plane.S: what each costs
_TILES = {"rows": (2, 48, 30), "single": (4, 52, 25), "halves": (4, 55, 25)}


def depthwise(layer: ConvLayer) -> tuple[Step | str, ...]:
    """The layer by planes, the best way first; why not, where a precondition of ep_planes_3x3_s8.h
    fails.
    """
    shifted = _shifted(layer)
    return (*([shifted] if shifted else []), _scaled(layer))


def _shifted(layer: ConvLayer) -> Step | None:
    """The layer by one shift, where all of its multipliers are powers of two."""
    if not _fits(layer.window, len(layer.weights)):
        return None
    signed = layer.low < layer.zero_out
    shifts = dsp_shift.shifts_of(layer, signed=signed)
    if shifts is None:
        return None
    kernel = "ep_planes_3x3_signed_s8" if signed else "ep_planes_3x3_shift_s8"
    return _step(layer, kernel, lambda taps: dsp_shift.channel_words(layer, shifts, taps))


def _scaled(layer: ConvLayer) -> Step | str:
    if not _fits(layer.window, len(layer.weights)):
        return "planes take 3x3 windows of stride 1 or 2 and 4 channels or more"
    if layer.bounds.max() >= SUM_BOUND:
        return "planes take sums below 2^23"
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return "planes take multipliers from 2^-17 to a half"
    kernel = "ep_planes_3x3_twice_s8" if steps is None else "ep_planes_3x3_s8"
    return _step(layer, kernel, lambda taps: channel_words(layer, steps, taps))


def _step(layer: ConvLayer, kernel: str, words: Callable[[Taps], NDArray[np.uint32]]) -> Step:
    turned = _cost(_turned(layer.window)) < _cost(layer.window)
    window = _turned(layer.window) if turned else layer.window
    columns = (window.out_w - 1) * window.stride_w + 3
    lines = _strip_lines(window)
    params = Params(
        "ep_planes_3x3_t",
        (
            ("window", window.fields),
            ("columns", columns),
            ("lines", lines),
            ("zero_term", 2 * layer.zero_out + 1),
            ("turned", int(turned)),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        stream_const("channels", words(TURNED_TAPS if turned else TAPS), layer),
        Scratch(COLUMN_BYTES * columns * lines + 4),
        TensorRef(layer.output),
    )
    overlap = Overlap(layer.input, layer.output, exact=True)
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(overlap,) if in_place(window, turned=turned) else (),
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


def _turned(window: Window) -> Window:
    """Heights and widths change places; only where every part of it can."""
    if window.pad_top > 2:
        return window
    return dataclasses.replace(
        window,
        in_h=window.in_w,
        in_w=window.in_h,
        out_h=window.out_w,
        out_w=window.out_h,
        pad_top=window.pad_left,
        pad_left=window.pad_top,
    )


def _strip_lines(window: Window) -> int:
    columns = (window.out_w - 1) * window.stride_w + 3
    return max(1, min(line_count(window), STRIP_BYTES // (COLUMN_BYTES * columns)))


def _cost(window: Window) -> int:
    """About how many instructions four channels take."""
    odd = window.stride_h == 1 and window.out_h % 2
    lines = line_count(window)
    strips = -(-lines // _strip_lines(window))
    way = "halves" if window.stride_h == 2 else "rows"
    each = 4 * ((lines - odd) * (_LINE + _row(way, window.out_w)) + _CALL * (strips + odd))
    return (
        each
        + 4 * odd * _row("single", window.out_w)
        + (lines + 1) * (_ROW + 18 * min(window.in_w, window.out_w * window.stride_w + 2))
    )


def _row(way: str, width: int) -> int:
    tile, instructions, rest = _TILES[way]
    return width // tile * instructions + width % tile * rest


def line_count(window: Window) -> int:
    """Lines of a plane: two rows of outputs each with stride 1, one with stride 2."""
    return window.out_h if window.stride_h == 2 else -(-window.out_h // 2)


def in_place(window: Window, *, turned: bool = False) -> bool:
    """Whether each line's outputs end before the first row that is not read yet."""
    if window.batches > 1:
        return False
    if turned and (window.in_h, window.in_w) != (window.out_h, window.out_w):
        return False
    rows = 1 if window.stride_h == 2 else 2
    for line in range(line_count(window) - 1):
        unread = 2 * (line + 2) - window.pad_top
        written = rows * (line + 1) * window.out_w
        if unread < window.in_h and written > max(unread, 0) * window.in_w:
            return False
    return True


def channel_words(
    layer: ConvLayer, steps: NDArray[np.int64] | None, taps: tuple[int, ...]
) -> NDArray[np.uint32]:
    """[channels, 5]: the ep_plane_channel_t of each; steps: the short requantisation's."""
    if steps is None:
        factors, shifts = requantisation(layer.multipliers)
        codes = shifts + 6
    else:
        factors, codes = steps.T
    small = np.zeros((len(layer.weights), 12), np.int8)
    small[:, :9] = layer.weights[:, taps]
    small[:, 9:] = codes.astype("<i4").reshape(-1, 1).view(np.int8)[:, :3]
    large = np.stack([256 * layer.bias, factors], axis=1).astype("<i4")
    return np.concatenate([small.view("<u4"), large.view("<u4")], axis=1)
