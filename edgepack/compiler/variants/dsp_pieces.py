"""Dense layers whose weights of few bits are read as 16-bit numbers that hold four rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp_dense
from edgepack.compiler.variants.dsp_rounding import shift_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import DenseLayer
    from edgepack.program import Step

SUM_BOUND = 2**19  # 4096 of them fit 32 bits
ORDER = (0, 2, 1, 3)  # of four rows in a number, from its lowest bits on
STARTS = ((1, 0, 0, 0), (1, 256, 0, 0), (1, 0, 16, 0), (1, 256, 16, 4096))  # of rows' biases


def dense(layer: DenseLayer, bits: int) -> Step | str:
    """The layer by fours of rows; why not, where a precondition of ep_pieces.h fails."""
    if not layer.once:
        return rounded_twice(layer, bits)
    if layer.bounds.max() >= SUM_BOUND:
        return f"dense layers of {bits} bits take sums below 2^19"
    if any(-m.shift not in dsp_dense.SHIFTS for m in layer.multipliers if m.mantissa):
        return f"dense layers of {bits} bits take multipliers from 2^-16 to 32"
    kernel = f"ep_dense_pieces_s{bits}"
    words = _words(layer.weights, bits)
    return dsp_dense.step(layer, kernel, _starts(layer), words, bits=bits)


def rounded_twice(layer: DenseLayer, bits: int) -> Step | str:
    """The layer with TFLite's two roundings; why not, likewise."""
    if layer.bounds.max() >= SUM_BOUND:
        return f"rows of {bits} bits in fours take sums below 2^19"
    if any(shift_of(m) is None for m in layer.multipliers):
        return f"rows of {bits} bits in fours take multipliers from 2^-17 to a half"
    kernel = f"ep_dense_pieces_twice_s{bits}"
    scales = dsp_dense.scales_twice(layer)
    words = _words(layer.weights, bits)
    return dsp_dense.step(layer, kernel, _starts(layer), words, scales, bits)


def _starts(layer: DenseLayer) -> NDArray[np.uint32]:
    """[rows / 4, 4]"""
    bias = dsp_dense.rows_of(layer.bias).reshape(-1, 4)
    starts: NDArray[np.int64] = bias @ np.array(STARTS, np.int64).T
    return (starts % 2**32).astype("<u4")


def _words(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint32]:
    """[rows / 4, groups of 4 values * 2 or 1]"""
    rows, depth = weights.shape
    padded = np.zeros((-(-rows // 4) * 4, -(-depth // 4) * 4), np.int64)
    padded[:rows, :depth] = weights
    codes = padded.reshape(-1, 4, padded.shape[1] // 4, 4) + 2 ** (bits - 1)
    if bits == 4:
        codes[:, 3] = padded.reshape(codes.shape)[:, 3] & 15
    shifts = 4 * np.arange(4).reshape(1, 4, 1, 1)
    numbers: NDArray[np.int64] = (codes[:, ORDER] << shifts).sum(axis=1)  # [rows / 4, group, value]
    words = numbers[..., :2] | numbers[..., 2:] << 16
    if bits == 2:
        words = words[..., :1] | words[..., 1:] << 2
    packed: NDArray[np.uint32] = words.reshape(len(words), -1).astype("<u4")
    return packed
