"""Portable layers with weights of four bits and two, which the kernels unpack as they read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepack.compiler.operators.narrow import packed_rows
from edgepack.compiler.variants.few_bits import widths_of
from edgepack.compiler.variants.portable_rows import conv_step, dense_step

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec, Step

LEAST_WEIGHTS = 128  # below which less flash is no gain


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step, ...]:
    """The layer by weights of each number of bits that they have."""
    del spec
    if layer.depthwise or layer.weights.size < LEAST_WEIGHTS:
        return ()
    return tuple(_conv(layer, bits) for bits in widths_of(layer.weights))


def dense(layer: DenseLayer, spec: LowerSpec) -> tuple[Step, ...]:
    """The layer by weights of each number of bits that they have, where it is rounded once."""
    del spec
    if not layer.once or layer.weights.size < LEAST_WEIGHTS:
        return ()
    return tuple(_dense(layer, bits) for bits in widths_of(layer.weights))


def _conv(layer: ConvLayer, bits: int) -> Step:
    kernel = f"ep_conv_2d_s{bits}"
    return conv_step(layer, kernel, kernel, packed_rows(layer.weights, bits).tobytes())


def _dense(layer: DenseLayer, bits: int) -> Step:
    rows = packed_rows(layer.weights, bits).tobytes()
    return dense_step(layer, f"ep_dense_s{bits}", "ep_dense_narrow", rows)
