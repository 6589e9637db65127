"""Depthwise convolutions of any window, four channels at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    added_twice,
    requantisation,
    shift_of,
    short_steps,
    stream_const,
)
from edgepack.compiler.variants.staircase import scale_of
from edgepack.program import Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer

TOGETHER = 4  # channels
MOST_GAIN = 7  # doublings of an int8 that 16 bits hold


def depthwise(layer: ConvLayer) -> Step | str:
    """The layer by pointers to its taps; why not, where a precondition of ep_taps.h fails."""
    window, (outputs, area) = layer.window, layer.weights.shape
    if window.in_c < TOGETHER:
        return "taps take 4 channels or more"
    gain = _gain(layer)
    short = int(layer.bounds.max()) << gain < SUM_BOUND
    steps = short_steps(layer, gain) if short else None
    if steps is None:
        if layer.bounds.max() >= SUM_BOUND:
            return "taps take sums below 2^23"
        if any(shift_of(m) is None for m in layer.multipliers):
            return "taps take multipliers from 2^-17 to a half"
        gain = 0
    multiplier = outputs // window.in_c
    taps = area + area % 2
    stream = tap_stream(layer, steps, gain)
    params = Params(
        "ep_depthwise_taps_t",
        (
            ("taps", (taps, window.in_c, multiplier)),
            ("window", window.fields),
            ("stream", stream.size // multiplier),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    kernel = "ep_depthwise_taps_twice_s8" if steps is None else "ep_depthwise_taps_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=(
            params,
            TensorRef(layer.input),
            stream_const("stream", stream, layer),
            Scratch(4 * taps + -(-window.in_c // 4) * 4),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, _lead(window, outputs)),),
        variant="dsp",
        macs=layer.macs,
    )


def _gain(layer: ConvLayer) -> int:
    """How many times weights are doubled: as often as multipliers halve to come below 2^-5."""
    largest = max(scale_of(multiplier) for multiplier in layer.multipliers)
    return min(max(0, int(np.frexp(largest)[1]) + 5), MOST_GAIN)


def tap_stream(layer: ConvLayer, steps: NDArray[np.int64] | None, gain: int) -> NDArray[np.uint32]:
    """[outputs of a channel * channels / 4 rounded up, words]: the stream of ep_tap_windows.h, of
    2^gain times the weights; steps: the short requantisation's.
    """
    outputs, area = layer.weights.shape
    channels = layer.window.in_c
    starts = [*range(0, channels - TOGETHER, TOGETHER), channels - TOGETHER]
    groups = np.array(starts)[:, None] + np.arange(TOGETHER)
    multiplier = outputs // channels
    order = (groups * multiplier + np.arange(multiplier)[:, None, None]).reshape(-1, TOGETHER)
    padded = np.zeros((outputs, area + area % 2), "<i2")
    padded[:, :area] = layer.weights.astype(np.int16) << gain
    # [group, channel, pair, tap] to [group, pair, channel, tap]
    pairs = padded[order].reshape(*order.shape, -1, 2).transpose(0, 2, 1, 3)
    weights = np.ascontiguousarray(pairs).reshape(len(order), -1).view("<u4").astype(np.int64)
    scales = _twice(layer, order) if steps is None else steps[order].reshape(len(order), -1)
    columns = (256 * layer.bias[order] << gain, weights, scales)
    return np.concatenate([(column % 2**32).astype("<u4") for column in columns], axis=1)


def _twice(layer: ConvLayer, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """[groups, 9]: mantissas, what is added, and shifts in a word."""
    mantissas, shifts = requantisation(layer.multipliers)
    codes = (shifts + 6)[order] @ np.array([1, 2**8, 2**16, 2**24])
    added = added_twice(layer.zero_out, shifts)
    return np.concatenate([mantissas[order], added[order], codes[:, None]], axis=1)


def _lead(window: Window, outputs: int) -> int:
    """Pixel by pixel; where a pixel's channels are read more than once, all of it before."""
    first = window.first_elements()
    in_step = outputs == window.in_c
    lead = overlap_lead(first, outputs, 1, in_step=in_step)
    if in_step and window.in_c % TOGETHER == 0:
        return lead
    ends = outputs * (np.arange(len(first), dtype=np.int64) + 1)
    return max(lead, int((ends - first).max()))
