"""Layers whose weights fit four bits or two, and take a half or a quarter of the flash."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp, dsp_pieces
from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    shift_of,
    short_steps,
    stream_const,
)
from edgepack.compiler.variants.few_bits import widths_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import Const, LowerSpec, Step

STARTS, SCALES, SCALES_TWICE = 2, 4, 5  # words of two outputs in the stream


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by weights of each number of bits that they have; why not, where they have it and
    the kernels cannot.
    """
    del spec
    if layer.depthwise:
        return ()
    found: list[Step | str] = []
    for bits in widths_of(layer.weights):
        if dsp.is_pointwise(layer.window) and layer.window.pixels <= dsp.FEW:
            found.append(dsp.over_batches(layer, partial(dsp_pieces.rounded_twice, bits=bits)))
        found += _chained(layer, bits)
    return tuple(found)


def dense(layer: DenseLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by weights of each number of bits that they have, likewise."""
    del spec
    return tuple(dsp_pieces.dense(layer, bits) for bits in widths_of(layer.weights))


def _chained(layer: ConvLayer, bits: int) -> tuple[Step | str, ...]:
    if layer.bounds.max() >= SUM_BOUND:
        return (f"weights of {bits} bits are chained where sums are below 2^23",)
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return (f"weights of {bits} bits are chained with multipliers from 2^-17 to a half",)

    def packed(layer: ConvLayer, weights: NDArray[np.int8], steps: dsp.Steps) -> Const:
        return stream_const("stream", stream(layer, weights, steps, bits), layer, bits)

    ways = dsp.chained(layer, steps, dsp.Packing("", packed))
    return tuple(_renamed(step, bits) for step in ways)


def _renamed(step: Step, bits: int) -> Step:
    name = step.kernel.removesuffix("s8") + f"s{bits}"
    return replace(step, kernel=name, source=name)


def stream(
    layer: ConvLayer, weights: NDArray[np.int8], steps: dsp.Steps, bits: int
) -> NDArray[np.uint32]:
    """[outputs / 2 rounded up, ...]: the stream of ep_chain_s4.h or ep_chain_s2.h.

    weights: the layer's, in the order of the chained values.
    """
    whole = dsp.chain_stream(layer, weights, steps)
    scales = SCALES if steps is not None else SCALES_TWICE
    words, together = whole[:, STARTS:-scales], 4 // bits  # groups of a word
    if words.shape[1] // 2 % together:  # the first one has a word to itself
        gap = np.zeros((len(words), 2), np.uint32)
        words = np.concatenate([words[:, :2], gap, words[:, 2:]], axis=1)
    # [pair of outputs, word, group, its half, {a, b} of a value, of the next but one]
    values = np.ascontiguousarray(words).view(np.int8).reshape(len(words), -1, together, 2, 2, 2)
    fields = values.transpose(0, 1, 4, 2, 3, 5).reshape(len(words), -1, 32 // bits)
    codes = (fields + 2 ** (bits - 1)).astype(np.uint32)
    packed = (codes << np.arange(0, 32, bits, dtype=np.uint32)).sum(axis=2, dtype=np.uint32)
    return np.concatenate([whole[:, :STARTS], packed, whole[:, -scales:]], axis=1)
