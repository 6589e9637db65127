"""Sums and differences with one operand's term in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import requantize
from edgepack.program import Const, Overlap, Params, Scalar, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import SumLayer
    from edgepack.program import Level

LAST_SHIFT = 22  # of the result, so that what is added to it fits 32 bits
WORTH = {"balanced": 1024, "speed": 256}  # elements from which 1 KB of table pays


def total(layer: SumLayer, level: Level) -> Step | None:
    """The layer with a table; None where it does not pay, or cannot."""
    shift = -layer.result.shift if layer.result.mantissa else 1
    if layer.count < WORTH[level] or layer.large_negative or not 1 <= shift <= LAST_SHIFT:
        return None
    fields = (
        ("count", layer.count),
        ("mantissa", layer.result.mantissa),
        ("round", (2 * layer.zero_out + 1) << (shift - 1)),
        ("shift", shift - 1),
    )
    arguments = (
        Params("ep_add_table_t", fields),
        Scalar("int32_t", layer.low),
        Scalar("int32_t", layer.high),
        TensorRef(layer.large),
        TensorRef(layer.small),
        Const("terms", "int32_t", terms(layer).astype("<i4").tobytes(), "tables"),
        TensorRef(layer.output),
    )
    overlaps = tuple(Overlap(tensor, layer.output) for tensor in layer.inputs)
    kernel = "ep_add_table_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=layer.inputs,
        outputs=(layer.output,),
        overlaps=overlaps,
        variant="dsp",
    )


def terms(layer: SumLayer) -> NDArray[np.int64]:
    """[256]: twice what each value of the small operand adds, both zero points included."""
    sign = -1 if layer.small_negative else 1
    values = [n if n < 128 else n - 256 for n in range(256)]
    offset = -layer.zero_large << 19
    return np.array(
        [
            2 * (sign * requantize((value - layer.zero_small) << 20, layer.operand) + offset)
            for value in values
        ],
        np.int64,
    )
