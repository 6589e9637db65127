"""Convolutions by chained pixels whose weights have at most sixteen values: half a byte each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp
from edgepack.compiler.variants.dsp_rounding import (
    BIAS_BYTES,
    SUM_BOUND,
    shift_of,
    short_steps,
)
from edgepack.compiler.variants.few_bits import widths_of
from edgepack.program import Const

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import LowerSpec, Step

VALUES = 16
PAIRS_BYTES = 1024  # of scratch: all pairs of values
STARTS, SCALES, SCALES_TWICE = 2, 4, 5  # words of two outputs in the stream
BYTES = (0, 2, 1, 3)  # of {a0 b0 a2 b2}: those of output a, then those of b


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by ep_chain_book.h; why not, where it has so few values and they need a table."""
    del spec
    if layer.depthwise or len(_values(layer.weights)) > VALUES or widths_of(layer.weights):
        return ()
    if layer.bounds.max() >= SUM_BOUND:
        return ("weights of few values are chained where sums are below 2^23",)
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return ("weights of few values are chained with multipliers from 2^-17 to a half",)
    return dsp.chained(layer, steps, dsp.Packing("_book", _const, PAIRS_BYTES))


def _values(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Those that the stream has, rising: 0 behind a depth that is no multiple of 4."""
    behind = weights.shape[1] % 4 != 0
    return np.union1d(weights, np.zeros(int(behind), np.int8)).astype(np.int8)


def _const(layer: ConvLayer, weights: NDArray[np.int8], steps: NDArray[np.int64] | None) -> Const:
    """{values}, then the stream of ep_chain_book.h."""
    whole = dsp.chain_stream(layer, weights, steps)
    scales = SCALES if steps is not None else SCALES_TWICE
    stored = np.ascontiguousarray(whole[:, STARTS:-scales]).view(np.int8)
    values = _values(weights)
    found = np.minimum(np.searchsorted(values, stored), len(values) - 1)  # an odd row's partner
    places = found.reshape(-1, 4)[:, BYTES]
    halves = (places[:, ::2] | places[:, 1::2] << 4).astype(np.uint8).reshape(len(whole), -1)
    packed = np.concatenate([whole[:, :STARTS], halves.view("<u4"), whole[:, -scales:]], axis=1)
    data = np.resize(values, VALUES).tobytes() + packed.tobytes()
    kept = weights.size // 2 + BIAS_BYTES * len(weights)
    return Const("stream", "uint32_t", data, "weights", tables=len(data) - kept)
