"""Convolutions by chained pixels whose weights fit four bits, and take half the flash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp
from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    shift_of,
    short_steps,
    stream_const,
)
from edgepack.program import Overlap, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument, LowerSpec

GAIN = 4  # bits: half a byte is read as the upper one
STARTS, SCALES, SCALES_TWICE = 2, 4, 5  # words of two outputs in the stream
ADDED = (-4, -1)  # places of what is added where rounding is twice
HALVES = 2**10 - 2**6  # a half of the first rounding, of sums 2^GAIN times as large


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str | None:
    """The layer by ep_chain_s4.h; why not, where its weights have four bits and it cannot."""
    del spec
    least, most = int(layer.weights.min()), int(layer.weights.max())
    if layer.depthwise or least < -8 or most > 7:
        return None
    if int(layer.bounds.max()) << GAIN >= SUM_BOUND:
        return "weights of four bits are chained where sums are below 2^19"
    steps = short_steps(layer, GAIN)
    shifts = [shift_of(m) for m in (*layer.multipliers, *_further(layer.multipliers))]
    if steps is None and (None in shifts or not all(m.mantissa for m in layer.multipliers)):
        return "weights of four bits are chained with multipliers from 2^-13 to a half"
    return _step(layer, steps)


def _further(multipliers: tuple[Multiplier, ...]) -> tuple[Multiplier, ...]:
    """Multipliers of sums 2^GAIN times as large."""
    return tuple(replace(m, shift=m.shift - GAIN) for m in multipliers)


def _step(layer: ConvLayer, steps: NDArray[np.int64] | None) -> Step:
    window, (outputs, depth) = layer.window, layer.weights.shape
    groups = -(-depth // 4)
    rows = ("rows", (outputs, groups, int(steps is None)))
    limits = (("low", layer.low), ("high", layer.high))
    scratch = dsp.VALUE_BYTES * groups
    pixels: tuple[Argument, ...] = ()
    if dsp.is_pointwise(window):
        kernel = "ep_chain_1x1_s4"
        params = Params("ep_chain_pixels_t", (rows, ("depth", depth), *limits))
        pixels = (Scalar("int32_t", window.pixels),)
        scratch += 0 if depth % 4 == 0 else 4 * groups
    else:
        kernel = "ep_chain_conv_s4"
        fields = (rows, ("window", window.fields), *limits, ("zero", layer.zero_in))
        params = Params("ep_chain_conv_t", fields)
        scratch += window.in_c if window.in_c % 4 == 0 else 16 * groups
    lead = dsp.tile_lead(layer, dsp.PIXELS)
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=(
            params,
            *pixels,
            TensorRef(layer.input),
            stream_const("stream", stream(layer, steps), layer),
            Scratch(scratch),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, lead),),
        variant="dsp",
        macs=layer.macs,
    )


def stream(layer: ConvLayer, steps: NDArray[np.int64] | None) -> NDArray[np.uint32]:
    """[outputs / 2 rounded up, 6 or 7 + groups]: the stream of ep_chain_s4.h."""
    large = replace(layer, bias=layer.bias << GAIN, multipliers=_further(layer.multipliers))
    weights = (layer.weights.astype(np.int16) << GAIN).astype(np.int8)
    whole = dsp.chain_stream(large, weights, steps)
    scales = SCALES if steps is not None else SCALES_TWICE
    words = whole[:, STARTS:-scales]
    packed = words[:, ::2] | words[:, 1::2] >> GAIN
    if steps is None:
        whole[:, ADDED] += np.uint32(HALVES)
    return np.concatenate([whole[:, :STARTS], packed, whole[:, -scales:]], axis=1)
