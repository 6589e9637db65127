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


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str:
    """The layer by pairs of pixels, or what its precondition is that fails."""
    if layer.depthwise:
        return (
            depthwise(layer, "thumb1")
            or "no 3x3 window, no ReLU, or a scale or weights out of range"
        )
    return swar_conv(layer, "thumb1") or "a scale, or the weights of a group, are out of range"


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | str:
    """The layer two rows at a time; not with a scale a row, nor with two roundings."""
    if not layer.once:
        return "two roundings"
    if len(layer.multipliers) > 1:
        return "a scale a row"
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
