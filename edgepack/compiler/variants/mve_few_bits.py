"""Helium's kernels with weights of four bits and two, several outputs in a byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgepack.compiler.variants import mve, mve_dense
from edgepack.compiler.variants.few_bits import widths_of
from edgepack.program import Const

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec, Step

SUM_BOUND = 2**25  # 64 of them fit 32 bits
REFUSALS = {
    4: "weights of 4 bits share bytes where none is -8 above a negative one",
    2: "weights of 2 bits share bytes where none is -2 above a negative one",
}


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by weights of each number of bits that they have; why not, where they have it and
    the kernels cannot.
    """
    if layer.depthwise:
        return ()
    step = mve.conv(layer, spec)
    return tuple(_narrowed(step, layer, lambda b: mve.pack_rows(layer.weights, layer.bias, b)))


def dense(layer: DenseLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by weights of each number of bits that they have, likewise."""
    step = mve.dense(layer, spec)
    return tuple(_narrowed(step, layer, lambda b: mve_dense.pack(layer.weights, layer.bias, b)))


def _narrowed(
    step: Step | str, layer: ConvLayer | DenseLayer, pack: Callable[[int], bytes]
) -> Iterator[Step | str]:
    if isinstance(step, str) or layer.bounds.max() >= SUM_BOUND:
        return
    for bits in widths_of(layer.weights):
        try:
            data = pack(bits)
        except OverflowError:
            yield REFUSALS[bits]
            continue
        name = step.kernel.removesuffix("s8") + f"s{bits}"
        arguments = tuple(
            replace(a, data=data) if isinstance(a, Const) and a.stem == "weights" else a
            for a in step.arguments
        )
        yield replace(step, kernel=name, source=name, arguments=arguments)
