"""Bands of copied lines, over which convolutions go a tile of pixels at a time: ep_band.h."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.program import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer

BAND_BYTES = 4096  # the most that the copied lines of a convolution may take


def fits(window: Window, pixels: int) -> bool:
    """Whether tiles of so many pixels go over a band."""
    return band_bytes(window, pixels) <= BAND_BYTES and window.dilation_h == window.dilation_w == 1


def value_order(window: Window) -> NDArray[np.int64]:
    """The taps in the order of a tile's values: the whole words of its lines, then their rests."""
    line = window.kernel_w * window.in_c
    rest = line % 4
    taps = np.arange(window.kernel_h * line).reshape(window.kernel_h, line)
    return np.concatenate([taps[:, : line - rest].reshape(-1), taps[:, line - rest :].reshape(-1)])


def has_simple_rests(window: Window) -> bool:
    """Whether a window's lines are whole words, or leave one value each, of three lines."""
    groups, rest = divmod(window.kernel_w * window.in_c, 4)
    return rest == 0 or (rest == 1 and window.kernel_h == 3 and groups > 0)


def group_count(window: Window) -> int:
    """Groups of four values of a window."""
    return window.kernel_h * (window.kernel_w * window.in_c // 4) + _rest_groups(window)


def band_params(layer: ConvLayer, pixels: int, *, twice: bool) -> Params:
    """The ep_band_conv_t of a layer."""
    window = layer.window
    line = window.kernel_w * window.in_c
    return Params(
        "ep_band_conv_t",
        (
            ("rows", (len(layer.weights), group_count(window), int(twice))),
            ("window", window.fields),
            ("whole", (line // 4, window.kernel_h, _pitch(window))),
            ("rest", line % 4),
            ("lines", _lines(window, pixels)),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )


def scratch_bytes(window: Window, pixels: int, value_bytes: int) -> int:
    """A tile's values, value_bytes a group, the band and the tile's rests."""
    values = value_bytes * group_count(window)
    return values + band_bytes(window, pixels) + 4 * pixels * _rest_groups(window)


def band_bytes(window: Window, pixels: int) -> int:
    """Bytes of the lines."""
    return _pitch(window) * _lines(window, pixels)


def _rest_groups(window: Window) -> int:
    return -(-window.kernel_h * (window.kernel_w * window.in_c % 4) // 4)


def _pitch(window: Window) -> int:
    """Bytes of a line of the band: the image's and what windows see beside it."""
    seen = (window.out_w - 1) * window.stride_w + window.kernel_w
    pixels = max(seen, window.pad_left + window.in_w)
    return -(-pixels * window.in_c // 4) * 4


def _lines(window: Window, pixels: int) -> int:
    """Lines that a tile sees, wherever it begins, and no more than there are."""
    crossings = 0 if window.out_w % pixels == 0 else (window.out_w + pixels - 2) // window.out_w
    return window.kernel_h + min(crossings, window.out_h - 1) * window.stride_h
