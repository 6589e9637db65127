"""Convolutions of chained weights: three 16-bit numbers for each four, 1.5 times their flash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp_band
from edgepack.compiler.variants.dsp_rounding import added_twice, requantisation, stream_const
from edgepack.program import Params, Scalar, Scratch, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument

TOGETHER = 4  # outputs
PIXELS = 2
VALUE_BYTES = 16  # of a group of a tile


def pointwise(
    layer: ConvLayer, steps: NDArray[np.int64] | None
) -> tuple[str, tuple[Argument, ...]] | str:
    """Kernel and arguments of a 1x1 convolution, or why there are none."""
    stream = triple_stream(layer, layer.weights, steps)
    if stream is None:
        return TOO_LARGE
    outputs, depth = layer.weights.shape
    groups = -(-depth // 4)
    fields = (
        ("rows", (outputs, groups, int(steps is None))),
        ("depth", depth),
        ("low", layer.low),
        ("high", layer.high),
    )
    return "ep_triple_1x1_s8", (
        Params("ep_chain_pixels_t", fields),
        Scalar("int32_t", layer.window.pixels),
        TensorRef(layer.input),
        stream_const("stream", stream, layer),
        Scratch((VALUE_BYTES if depth % 4 == 0 else VALUE_BYTES + 4) * groups),
        TensorRef(layer.output),
    )


def band(
    layer: ConvLayer, steps: NDArray[np.int64] | None
) -> tuple[str, tuple[Argument, ...]] | str:
    """Kernel and arguments of a convolution over a band of lines, or why there are none."""
    window = layer.window
    if not dsp_band.fits(window, PIXELS):
        return f"its lines take more than {dsp_band.BAND_BYTES} B, or are dilated"
    copied = not dsp_band.has_simple_rests(window)
    order = np.arange(layer.weights.shape[1]) if copied else dsp_band.value_order(window)
    stream = triple_stream(layer, layer.weights[:, order], steps)
    if stream is None:
        return TOO_LARGE
    return "ep_triple_band_s8", (
        dsp_band.band_params(layer, PIXELS, twice=steps is None),
        TensorRef(layer.input),
        stream_const("stream", stream, layer),
        Scratch(_band_scratch(window, copied=copied)),
        TensorRef(layer.output),
    )


def _band_scratch(window: Window, *, copied: bool) -> int:
    """The widened values of a tile, the band, and its windows where they are copied."""
    each = VALUE_BYTES + (4 * PIXELS if copied else 0)
    return each * dsp_band.group_count(window) + dsp_band.band_bytes(window, PIXELS)


TOO_LARGE = "256 * one row's weight + the row's before it leaves 16 bits"


def triples(weights: NDArray[np.int8]) -> NDArray[np.int64] | None:
    """[rows / 4, groups of 4 values, 2 halves, 3 numbers, 2 values]; None where one leaves int16.

    weights: [rows, values], both padded with zeros. A half has values 0 and 2, or 1 and 3.
    """
    rows, depth = weights.shape
    padded = np.zeros((-(-rows // TOGETHER) * TOGETHER, -(-depth // 4) * 4), np.int64)
    padded[:rows, :depth] = weights
    fours = padded.reshape(-1, TOGETHER, padded.shape[1])
    numbers = 256 * fours[:, 1:] + fours[:, :-1]
    if numbers.min(initial=0) < -(2**15) or numbers.max(initial=0) >= 2**15:
        return None
    return numbers.reshape(len(fours), 3, -1, 2, 2).transpose(0, 2, 4, 1, 3)


def triple_starts(bias: NDArray[np.int64]) -> NDArray[np.int64]:
    """[rows / 4, 3]: the same numbers of biases."""
    fours = _in_fours(bias)
    return 256 * fours[:, 1:] + fours[:, :-1]


def triple_stream(
    layer: ConvLayer, weights: NDArray[np.int8], steps: NDArray[np.int64] | None
) -> NDArray[np.uint32] | None:
    """[outputs / 4 rounded up, words]: the stream of ep_triple.h; None where a number leaves int16.

    weights: the layer's, in the order of the widened values.
    """
    numbers = triples(weights)
    if numbers is None:
        return None
    words = np.ascontiguousarray(numbers.astype("<i2")).reshape(len(numbers), -1).view("<u4")
    columns = (triple_starts(layer.bias), words.astype(np.int64), _scales(layer, steps))
    return np.concatenate([(column % 2**32).astype("<u4") for column in columns], axis=1)


def _scales(layer: ConvLayer, steps: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """[outputs / 4, 8 or 9]: what requantises them."""
    if steps is not None:
        return np.stack([_in_fours(values) for values in steps.T], axis=2).reshape(-1, 8)
    mantissas, shifts = requantisation(layer.multipliers)
    added = _in_fours(added_twice(layer.zero_out, shifts))
    codes = _in_fours(shifts + 6) @ np.array([[1], [2**8], [2**16], [2**24]])
    pairs = np.stack([_in_fours(mantissas), added], axis=2).reshape(-1, 8)
    return np.concatenate([codes, pairs], axis=1)


def _in_fours(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(values, np.zeros(-len(values) % TOGETHER, np.int64)).reshape(-1, TOGETHER)
