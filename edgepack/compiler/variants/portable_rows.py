"""Layers by portable kernels whose rows of weights are stored in a way of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.scaling import rescale_codes
from edgepack.compiler.operators.window import overlap_lead
from edgepack.program import Const, Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer


def conv_step(
    layer: ConvLayer, kernel: str, source: str, rows: bytes, work: int | None = None
) -> Step:
    """The step of a kernel that takes what ep_conv_2d_s8 does, of one group, but for its weights.

    work: of the MACs, those that it does; None: all.
    """
    window, (outputs, depth) = layer.window, layer.weights.shape
    columns = (depth, outputs, 2 * layer.zero_out + 1, layer.low, layer.high)
    params = Params(
        "ep_conv_2d_t",
        (
            ("columns", columns),
            ("window", window.fields),
            ("depth_c", window.in_c),
            ("groups", 1),
            ("zero", layer.zero_in),
        ),
    )
    lead = overlap_lead(window.first_elements(), outputs, 2, in_step=False)
    codes = rescale_codes(layer.multipliers, layer.bounds)
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=source,
        arguments=(
            params,
            TensorRef(layer.input),
            *_constants(layer, rows, codes),
            Scratch(2 * depth),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, lead),),
        macs=layer.macs,
        work=work,
    )


def dense_step(
    layer: DenseLayer, kernel: str, source: str, rows: bytes, work: int | None = None
) -> Step:
    """The step of a dense kernel of ep_dense_narrow.h's arguments, for a layer rounded once."""
    outputs, depth = layer.weights.shape
    each = len(layer.multipliers) > 1
    bounds = layer.bounds if each else layer.bounds.max(keepdims=True)
    params = Params(
        "ep_dense_narrow_t",
        (
            ("batches", layer.batches),
            ("depth", depth),
            ("outputs", outputs),
            ("zero_term", 2 * layer.zero_out + 1),
            ("per_channel", int(each)),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    codes = rescale_codes(layer.multipliers, bounds, once=True)
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=source,
        arguments=(
            params,
            TensorRef(layer.input),
            *_constants(layer, rows, codes),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        macs=layer.macs,
        work=work,
    )


def _constants(
    layer: ConvLayer | DenseLayer, rows: bytes, codes: NDArray[np.int8]
) -> tuple[Const, ...]:
    mantissas = np.array([m.mantissa for m in layer.multipliers], "<i4")
    return (
        Const("weights", "int8_t", rows, "weights"),
        Const("bias", "int32_t", layer.bias.astype("<i4").tobytes(), "weights"),
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", codes.tobytes(), "tables"),
    )
