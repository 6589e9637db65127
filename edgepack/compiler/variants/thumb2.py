"""Layers on ARMv7-M without the DSP extension: two pixels in a word, one MLA for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepack.compiler.variants.swar import swar_conv
from edgepack.compiler.variants.thumb1_depthwise import depthwise

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import LowerSpec, Step


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str:
    """The layer by pairs of pixels, or what its precondition is that fails."""
    if layer.depthwise:
        return (
            depthwise(layer, "thumb2")
            or "no 3x3 window, no ReLU, or a scale or weights out of range"
        )
    return swar_conv(layer, "thumb2") or "a scale, or the weights of a group, are out of range"
