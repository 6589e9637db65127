"""Sums and differences by two factors of 16-bit values, or with one operand's term in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import requantize
from edgepack.compiler.variants.linear_sum import BYTES, NEAR, fitting_offset, ratios, reference
from edgepack.program import Const, Overlap, Params, Scalar, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import SumLayer
    from edgepack.program import Level

LAST_SHIFT = 22  # of the result, so that what is added to it fits 32 bits
WORTH = {"balanced": 1024, "speed": 256}  # elements from which 1 KB of table pays


WEIGHTED_SHIFT = 20  # of the saturating instruction


def weighted(layer: SumLayer) -> Step | str:
    """The layer by two factors; why not, where none are exact."""
    found = weighted_form(layer)
    if found is None:
        return "no two factors give all sums of bytes"
    fields = (("count", layer.count), *zip(("factor_a", "factor_b", "offset"), found, strict=True))
    kernel = "ep_weighted_sum_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=(
            Params("ep_weighted_t", fields),
            Scalar("int32_t", layer.low),
            Scalar("int32_t", layer.high),
            TensorRef(layer.large),
            TensorRef(layer.small),
            TensorRef(layer.output),
        ),
        inputs=layer.inputs,
        outputs=(layer.output,),
        overlaps=tuple(Overlap(tensor, layer.output) for tensor in layer.inputs),
        variant="dsp",
    )


def weighted_form(layer: SumLayer) -> tuple[int, int, int] | None:
    """factor_a, factor_b and offset of ep_weighted_sum_s8.h, or None; a is the large operand."""
    expected = reference(layer)
    near = [round(ratio * 2.0 ** (WEIGHTED_SHIFT + 8)) for ratio in ratios(layer)]
    for turns in NEAR:
        factors = [factor + turn for factor, turn in zip(near, turns, strict=True)]
        if max(map(abs, factors)) >= 2**31:
            return None
        form = ((BYTES * factors[0]) >> 8)[:, None] + ((BYTES * factors[1]) >> 8)[None, :]
        offset = fitting_offset(expected, layer, form, WEIGHTED_SHIFT)
        if offset is not None:
            return factors[0], factors[1], offset
    return None


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
