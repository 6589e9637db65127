"""Layers on ARMv6-M: two pixels in a word, no long multiplication."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.scaling import rescale_codes
from edgepack.compiler.variants.swar import swar_conv
from edgepack.compiler.variants.thumb1_depthwise import depthwise
from edgepack.program import Const, Params, Step, TensorRef

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | None:
    """The layer by pairs of pixels; None where a precondition fails."""
    return depthwise(layer) if layer.depthwise else swar_conv(layer, "thumb1")


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | None:
    """The layer two rows at a time; None with a scale a row, or with two roundings."""
    if not layer.once or len(layer.multipliers) > 1:
        return None
    outputs, depth = layer.weights.shape
    bound = np.array([layer.bounds.max()], np.int64)
    fields = (
        ("batches", layer.batches),
        ("depth", depth),
        ("outputs", outputs),
        ("mantissa", layer.multipliers[0].mantissa),
        ("zero_term", 2 * layer.zero_out + 1),
        ("code", int(rescale_codes(layer.multipliers, bound, once=True)[0])),
        ("low", layer.low),
        ("high", layer.high),
    )
    return Step(
        operator=layer.operator,
        kernel="ep_dense_twos_s8",
        source="ep_dense_twos_s8",
        arguments=(
            Params("ep_dense_t", fields),
            TensorRef(layer.input),
            Const("weights", "int8_t", layer.weights.tobytes(), "weights"),
            Const("bias", "int32_t", layer.bias.astype("<i4").tobytes(), "weights"),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        variant="thumb1",
        macs=layer.batches * layer.weights.size,
    )
