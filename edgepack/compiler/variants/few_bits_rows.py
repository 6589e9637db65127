"""Portable layers with weights of four bits and two, which the kernels unpack as they read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import narrow, scaling
from edgepack.compiler.operators.window import overlap_lead
from edgepack.compiler.variants.few_bits import widths_of
from edgepack.program import Const, Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec

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
    outputs, depth = layer.weights.shape
    window = layer.window
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
    mantissas = np.array([m.mantissa for m in layer.multipliers], "<i4")
    codes = scaling.rescale_codes(layer.multipliers, layer.bounds)
    lead = overlap_lead(window.first_elements(), outputs, 2, in_step=False)
    kernel = f"ep_conv_2d_s{bits}"
    return Step(
        layer.operator,
        kernel,
        kernel,
        (
            params,
            TensorRef(layer.input),
            _packed(layer, bits),
            _biases(layer),
            Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
            Const("codes", "int8_t", codes.tobytes(), "tables"),
            Scratch(2 * depth),
            TensorRef(layer.output),
        ),
        (layer.input,),
        (layer.output,),
        (Overlap(layer.input, layer.output, lead),),
        macs=layer.macs,
    )


def _dense(layer: DenseLayer, bits: int) -> Step:
    outputs, depth = layer.weights.shape
    each = len(layer.multipliers) > 1
    bounds = layer.bounds if each else np.array([layer.bounds.max()], np.int64)
    mantissas = np.array([m.mantissa for m in layer.multipliers], "<i4")
    codes = scaling.rescale_codes(layer.multipliers, bounds, once=True)
    fields = (
        ("batches", layer.batches),
        ("depth", depth),
        ("outputs", outputs),
        ("zero_term", 2 * layer.zero_out + 1),
        ("per_channel", int(each)),
        ("low", layer.low),
        ("high", layer.high),
    )
    return Step(
        layer.operator,
        f"ep_dense_s{bits}",
        "ep_dense_narrow",
        (
            Params("ep_dense_narrow_t", fields),
            TensorRef(layer.input),
            _packed(layer, bits),
            _biases(layer),
            Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
            Const("codes", "int8_t", codes.tobytes(), "tables"),
            TensorRef(layer.output),
        ),
        (layer.input,),
        (layer.output,),
        macs=layer.macs,
    )


def _packed(layer: ConvLayer | DenseLayer, bits: int) -> Const:
    rows = narrow.packed_rows(layer.weights, bits)
    return Const("weights", "int8_t", rows.tobytes(), "weights")


def _biases(layer: ConvLayer | DenseLayer) -> Const:
    return Const("bias", "int32_t", layer.bias.astype("<i4").tobytes(), "weights")
