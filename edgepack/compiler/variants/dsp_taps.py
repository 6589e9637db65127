"""Depthwise convolutions of any window, four channels at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants.dsp_rounding import SUM_BOUND, short_steps, stream_const
from edgepack.compiler.variants.staircase import scale_of
from edgepack.program import Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer

TOGETHER = 4  # channels
MOST_GAIN = 7  # doublings of an int8 that 16 bits hold


def depthwise(layer: ConvLayer) -> Step | str:
    """The layer by pointers to its taps; why not, where a precondition of ep_taps.h fails."""
    window = layer.window
    if len(layer.weights) != window.in_c or window.in_c < TOGETHER:
        return "taps take as many outputs as inputs, 4 channels or more"
    gain = _gain(layer)
    if int(layer.bounds.max()) << gain >= SUM_BOUND:
        return "taps take sums below 2^23"
    steps = short_steps(layer, gain)
    if steps is None:
        return "taps take the short requantisation, which climbs other steps than this layer"
    taps = layer.weights.shape[1] + layer.weights.shape[1] % 2
    params = Params(
        "ep_depthwise_taps_t",
        (
            ("taps", (taps, window.in_c)),
            ("window", window.fields),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    kernel = "ep_depthwise_taps_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=(
            params,
            TensorRef(layer.input),
            stream_const("stream", tap_stream(layer, steps, gain), layer),
            Scratch(4 * taps + -(-window.in_c // 4) * 4),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, _lead(window)),),
        variant="dsp",
        macs=layer.macs,
    )


def _gain(layer: ConvLayer) -> int:
    """How many times weights are doubled: as often as multipliers halve to come below 2^-5."""
    largest = max(scale_of(multiplier) for multiplier in layer.multipliers)
    return min(max(0, int(np.frexp(largest)[1]) + 5), MOST_GAIN)


def tap_stream(layer: ConvLayer, steps: NDArray[np.int64], gain: int) -> NDArray[np.uint32]:
    """[channels / 4 rounded up, words]: the stream of ep_taps.h, of 2^gain times the weights."""
    channels, taps = layer.weights.shape
    starts = [*range(0, channels - TOGETHER, TOGETHER), channels - TOGETHER]
    order = np.array(starts)[:, None] + np.arange(TOGETHER)
    padded = np.zeros((channels, taps + taps % 2), "<i2")
    padded[:, :taps] = layer.weights.astype(np.int16) << gain
    # [group, channel, pair, tap] to [group, pair, channel, tap]
    pairs = padded[order].reshape(*order.shape, -1, 2).transpose(0, 2, 1, 3)
    weights = np.ascontiguousarray(pairs).reshape(len(order), -1).view("<u4").astype(np.int64)
    columns = (256 * layer.bias[order] << gain, weights, steps[order].reshape(len(order), -1))
    return np.concatenate([(column % 2**32).astype("<u4") for column in columns], axis=1)


def _lead(window: Window) -> int:
    """Pixel by pixel; where the last four channels overlap others, they are read once more."""
    first = window.first_elements()
    lead = overlap_lead(first, window.in_c, 1, in_step=True)
    if window.in_c % TOGETHER == 0:
        return lead
    ends = window.in_c * (np.arange(len(first), dtype=np.int64) + 1)
    return max(lead, int((ends - first).max()))
