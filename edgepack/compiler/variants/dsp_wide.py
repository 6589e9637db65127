"""Convolutions on int16 by tiles of four pixels and two outputs, for sums that fit 32 bits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.program import Const, Lowered, Overlap, Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.program import Argument

PIXELS = 4  # of a tile
SIZE = 2  # bytes of a value
TOGETHER = 8  # depths


def conv(
    lowered: Lowered, window: Window, rows: NDArray[np.generic], bias: NDArray[np.int64]
) -> Lowered:
    """A convolution of one group with the tiled way beside its own."""
    (step,) = lowered.steps
    outputs, depth = rows.shape
    words = tile_rows(rows)
    starts = np.append(bias, np.zeros(outputs % 2, np.int64)).astype("<i4")
    changed: dict[str, Const] = {
        "weights": Const("weights", "int8_t", words.tobytes(), "weights"),
        "bias": Const("bias", "int32_t", starts.tobytes(), "weights"),
    }
    arguments: list[Argument] = []
    for argument in step.arguments:
        if isinstance(argument, Scratch):
            argument = Scratch((PIXELS + 1) * SIZE * -(-depth // TOGETHER) * TOGETHER)
        elif isinstance(argument, Const):
            argument = changed.get(argument.stem, argument)
        arguments.append(argument)
    lead = overlap_lead(SIZE * window.first_elements(), SIZE * outputs, PIXELS, in_step=False)
    kernel = "ep_conv_2d_tile_s16"
    tiled = replace(
        step,
        kernel=kernel,
        source=kernel,
        arguments=tuple(arguments),
        overlaps=(Overlap(step.inputs[0], step.outputs[0], lead),),
        variant="dsp",
    )
    return replace(lowered, offers=(tiled,))


def tile_rows(rows: NDArray[np.generic]) -> NDArray[np.int8]:
    """[outputs / 2, depth / 2, 4], both rounded up: the weights of ep_tile_s16.h."""
    outputs, depth = rows.shape
    padded = np.zeros((-(-outputs // 2) * 2, -(-depth // TOGETHER) * TOGETHER), np.int8)
    padded[:outputs, :depth] = rows
    pairs = padded.reshape(len(padded) // 2, 2, -1, 2).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pairs)
