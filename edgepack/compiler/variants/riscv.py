"""Layers by RV32IM: four pixels and four outputs at a time, one multiplication an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.scaling import interleave
from edgepack.compiler.operators.window import overlap_lead
from edgepack.compiler.variants.rv_planar import depthwise
from edgepack.compiler.variants.rv_steps import conv_steps
from edgepack.compiler.variants.swar import is_pointwise, swar_conv
from edgepack.program import (
    Const,
    Overlap,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument, FieldValue, LowerSpec

LEAST_DEPTH = 64  # from where on pairs of pixels pay


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by quads of outputs and, where it is deep, by pairs of pixels.

    Pairs take a tenth off deep layers and link a second family of kernels.
    """
    if layer.depthwise:
        return (depthwise(layer) or "no 3x3 window of stride 1 or 2, or a scale out of range",)
    pairs = _pairs(layer)
    quads = _quads(layer) or "a scale is out of range"
    return (*pairs, quads) if spec.optimize == "speed" else (quads, *pairs)


def _pairs(layer: ConvLayer) -> tuple[Step, ...]:
    deep = layer.weights.shape[1] >= LEAST_DEPTH
    step = swar_conv(layer, "rv32", together=2) if deep else None
    return () if step is None else (step,)


def _quads(layer: ConvLayer) -> Step | None:
    steps = conv_steps(layer)
    if steps is None:
        return None
    window, (outputs, depth) = layer.window, layer.weights.shape
    column = -(-depth // 4) * 4
    columns = (depth, outputs, layer.low, layer.high)
    x, y = TensorRef(layer.input), TensorRef(layer.output)
    constants = (
        _const("weights", "int8_t", interleave(_to_fours(layer.weights))),
        _const("bias", "int32_t", _to_fours(layer.bias + steps.moves).astype("<i4")),
        Const("steps", "uint32_t", _to_fours(steps.table).tobytes(), "tables"),
    )
    suffix = "_signed_s8" if steps.signed else "_s8"
    if is_pointwise(window):
        names = ("depth", "outputs", "low", "high")
        params = Params("ep_quad_t", tuple(zip(names, columns, strict=True)))
        pixels = Scalar("int32_t", window.pixels)
        arguments = (params, pixels, x, *constants, Scratch(4 * column), y)
        return _step(layer, "ep_quad_1x1", suffix, arguments)
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("columns", columns),
        ("window", window.fields),
        ("zero", layer.zero_in),
    )
    scratch = Scratch((4 if window.in_c % 4 == 0 else 5) * column)
    params = Params("ep_quad_conv_t", fields)
    return _step(layer, "ep_quad_conv", suffix, (params, x, *constants, scratch, y))


def _to_fours(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    """Zeros behind the last rows, up to a multiple of 4."""
    widths = [(0, -len(rows) % 4)] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, widths)


def _const(stem: str, ctype: str, values: NDArray[np.generic]) -> Const:
    return Const(stem, ctype, np.ascontiguousarray(values).tobytes(), "weights")


def _step(layer: ConvLayer, stem: str, suffix: str, arguments: tuple[Argument, ...]) -> Step:
    first, outputs = layer.window.first_elements(), len(layer.weights)
    lead = overlap_lead(first, outputs, 4, in_step=False)
    return Step(
        operator=layer.operator,
        kernel=stem + suffix,
        source=f"{stem}_s8",
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, lead),),
        variant="rv32",
        macs=layer.macs,
    )
