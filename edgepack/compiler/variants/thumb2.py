"""Layers on ARMv7-M without the DSP extension: two pixels in a word, one MLA for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepack.compiler.variants.swar import swar_conv

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import LowerSpec, Step


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str | None:
    """The layer by pairs of pixels, or what its precondition is that fails."""
    if layer.depthwise:
        return None
    return swar_conv(layer, "thumb2") or "a scale, or the weights of a group, are out of range"
