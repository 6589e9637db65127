"""The dense layer: its row of the table of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler import variants
from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import (
    checks,
    dense_scaling,
    half,
    hybrid,
    layers_s16,
    narrow,
    scaling,
)
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.operators.window import Window
from edgepack.compiler.variants import fpu
from edgepack.compiler.variants.layers import DenseLayer
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check(op: Operator, graph: Graph) -> None:
    data, weights = checks.input_tensor(op, graph, 0), checks.require_constant(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "uint8", "int16", "float32"))
    checks.require_weights(op, graph, data, weights)
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, weights, 2, 2)
    outputs, depth = weights.shape
    checks.require(
        data.elements % depth == 0,
        op,
        graph,
        f"{checks.tensor_text(data)} cannot be cut into rows of {depth}, which "
        f"{checks.tensor_text(weights)} takes. {checks.RECONVERT}.",
    )
    if op.option("keep_num_dims"):
        shape = (*data.shape[:-1], outputs)
        checks.require(
            data.shape[-1:] == (depth,),
            op,
            graph,
            f"the last dimension of {checks.tensor_text(data)} must be {depth}, as "
            f"{checks.tensor_text(weights)} has it. {checks.RECONVERT}.",
        )
    else:
        shape = (data.elements // depth, outputs)
    checks.require_shape(op, graph, output, shape)
    if data.dtype.name != "FLOAT32":
        checks.require_per_tensor(op, graph, data, output)
        checks.require_scales(op, graph, weights, 0)
    if data.dtype.name == "INT16":
        checks.require_symmetric(op, graph, data, output)
    if checks.optional_input(op, graph, 2) is not None:
        checks.require_bias(op, graph, checks.require_constant(op, graph, 2), outputs)
    if hybrid.is_hybrid(op, graph):
        hybrid.check(op, graph, 0)


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    weights = checks.input_tensor(op, graph, 1)
    if hybrid.is_hybrid(op, graph):
        return hybrid.lower_dense(op, graph)
    if weights.dtype.name == "FLOAT32":
        return fpu.dense(half.halved(_lower_float(op, graph), spec), spec)
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    if data.dtype.name == "INT16":
        return _lower_s16(op, graph, spec)
    outputs = weights.shape[0]
    rows = narrow.centred(weights)
    bias = _bias(op, graph, outputs).astype(np.int64) - data.zero_point * rows.sum(axis=1)
    bounds = scaling.sum_bounds(rows, bias, -128, 127)
    scaling.require_int32(op, graph, bounds)
    reals = scales_of(data, weights, output)
    if spec.numerics == "tflm" and weights.zero_point == 0:  # it has no uint8
        twice = [quantize_multiplier(r) for r in reals]
        offers = _offers(op, graph, spec, bias, bounds, twice)
        return offers.beside(_lower_twice(op, graph, bias, bounds, twice))
    per_channel = len(reals) > 1
    limits = bounds.tolist() if per_channel else [int(bounds.max())]
    found = [
        dense_scaling.matching_rescale(real, output.zero_point, limit)
        for real, limit in zip(reals, limits, strict=True)
    ]
    matches = [match for match in found if match is not None]
    suffix = narrow.suffix_of(weights)
    if len(matches) < len(found):
        if suffix == "u8":
            tables = dense_scaling.double_tables(reals)
            return _lower_narrow(op, graph, bias, tables, "ep_dense_double_u8")
        return _lower_steps(op, graph, bias, reals, limits)
    once = [Multiplier(m, -code if code >= 0 else code + 31) for m, code in matches]
    mantissas = np.array([mantissa for mantissa, _ in matches], "<i4")
    codes = np.array([code for _, code in matches], np.int8)
    multipliers = (
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", codes.tobytes(), "tables"),
    )
    if suffix == "u8":
        return _lower_narrow(op, graph, bias, multipliers)
    offers = _offers(op, graph, spec, bias, bounds, once)
    if suffix == "s4":
        return offers.beside(_lower_narrow(op, graph, bias, multipliers))
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    params = Params(
        "ep_dense_t",
        (
            *_sizes(data, weights),
            ("mantissa", 0 if per_channel else int(mantissas[0])),
            ("zero_term", scaling.zero_term(output)),
            ("code", 0 if per_channel else int(codes[0])),
            ("low", low),
            ("high", high),
        ),
    )
    arguments: tuple[Argument, ...] = (
        params,
        TensorRef(op.inputs[0]),
        Const("weights", "int8_t", scaling.interleave(weights.array()).tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        *(multipliers if per_channel else ()),
        TensorRef(op.outputs[0]),
    )
    kernel = "ep_dense_channels_s8" if per_channel else "ep_dense_s8"
    return offers.beside(_step(op, graph, kernel, arguments))


def _lower_s16(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """On int16; TFLite Micro scales it as it does a pointwise convolution of the batches."""
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    outputs, depth = weights.shape
    rows = weights.array()
    bias = _bias(op, graph, outputs).astype(np.int64)
    reals = scales_of(data, weights, checks.output_tensor(op, graph))
    batches = data.elements // depth
    if spec.numerics != "tflm":
        return layers_s16.lower_dense(op, graph, rows, bias, reals, batches, spec)
    each = reals * (outputs // len(reals))
    pixels = Window(1, batches, 1, depth, batches, 1, 1, 1, 1, 1, 1, 1, 0, 0)
    return layers_s16.lower_conv(op, graph, pixels, rows, bias, each, spec)


def _offers(
    op: Operator,
    graph: Graph,
    spec: LowerSpec,
    bias: NDArray[np.int64],
    bounds: NDArray[np.int64],
    multipliers: list[Multiplier],
) -> variants.Offers:
    """The layer by kernels of the instruction set."""
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    layer = DenseLayer(
        operator=op.index,
        input=op.inputs[0],
        output=op.outputs[0],
        batches=data.elements // weights.shape[1],
        weights=weights.array().astype(np.int8),
        bias=bias,
        bounds=bounds,
        multipliers=tuple(multipliers),
        once=spec.numerics != "tflm",
        zero_out=output.zero_point,
        low=low,
        high=high,
    )
    return variants.offers("dense", layer, spec)


def _lower_steps(
    op: Operator,
    graph: Graph,
    bias: NDArray[np.int64],
    reals: list[float],
    limits: list[int],
) -> Lowered:
    """Where 31 bits of the scale do not tell its ties: a table of every step of the output."""
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    steps = [
        dense_scaling.steps_of(real, output.zero_point, limit)
        for real, limit in zip(reals, limits, strict=True)
    ]
    fields = (
        *_sizes(data, weights),
        ("mantissa", 0),
        ("zero_term", scaling.zero_term(output)),
        ("code", 0),
        ("low", low),
        ("high", high),
    )
    arguments = (
        Params("ep_dense_t", fields),
        TensorRef(op.inputs[0]),
        Const("weights", "int8_t", scaling.interleave(weights.array()).tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        Const("steps", "int32_t", np.concatenate(steps).astype("<i4").tobytes(), "tables"),
        Scalar("int32_t", len(dense_scaling.LEVELS) if len(reals) > 1 else 0),
        TensorRef(op.outputs[0]),
    )
    return _step(op, graph, "ep_dense_steps_s8", arguments)


def _lower_twice(
    op: Operator,
    graph: Graph,
    bias: NDArray[np.int64],
    bounds: NDArray[np.int64],
    multipliers: list[Multiplier],
) -> Lowered:
    """With two roundings: a pointwise convolution whose pixels are the batches."""
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    outputs, depth = weights.shape
    each = multipliers * (outputs // len(multipliers))
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    columns = (
        ("depth", depth),
        ("outputs", outputs),
        ("zero_term", scaling.zero_term(output)),
        ("low", low),
        ("high", high),
    )
    mantissas = np.array([m.mantissa for m in each], "<i4")
    arguments = (
        Params("ep_columns_t", columns),
        Scalar("int32_t", data.elements // depth),
        TensorRef(op.inputs[0]),
        Const("weights", "int8_t", scaling.interleave(weights.array()).tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", scaling.rescale_codes(each, bounds).tobytes(), "tables"),
        Scratch(2 * depth),
        TensorRef(op.outputs[0]),
    )
    return _step(op, graph, "ep_conv_1x1_s8", arguments)


def _lower_narrow(
    op: Operator,
    graph: Graph,
    bias: NDArray[np.int64],
    tables: tuple[Const, ...],
    kernel: str = "",
) -> Lowered:
    """With weights of four bits, or around a zero point; tables: the scales, one or one an output,
    the last of them a byte each. kernel: one in a file of its own.
    """
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    fields = (
        *_sizes(data, weights),
        ("zero_term", scaling.zero_term(output)),
        ("per_channel", int(len(tables[-1].data) > 1)),
        ("low", low),
        ("high", high),
    )
    stream = narrow.stream(weights, narrow.centred(weights))
    arguments: tuple[Argument, ...] = (
        Params("ep_dense_narrow_t", fields),
        TensorRef(op.inputs[0]),
        Const("weights", "int8_t", stream.tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        *tables,
        TensorRef(op.outputs[0]),
    )
    if kernel:
        return _step(op, graph, kernel, arguments)
    return _step(op, graph, f"ep_dense_{narrow.suffix_of(weights)}", arguments, "ep_dense_narrow")


def _lower_float(op: Operator, graph: Graph) -> Lowered:
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    low, high = scaling.float_range(op.option("fused_activation_function"))
    params = Params("ep_dense_f32_t", (*_sizes(data, weights), ("low", low), ("high", high)))
    bias = _bias(op, graph, weights.shape[0])
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        Const("weights", "float", scaling.interleave(weights.array()).tobytes(), "weights"),
        Const("bias", "float", bias.tobytes(), "weights"),
        TensorRef(op.outputs[0]),
    )
    return _step(op, graph, "ep_dense_f32", arguments)


def _step(
    op: Operator, graph: Graph, kernel: str, arguments: tuple[Argument, ...], source: str = ""
) -> Lowered:
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    macs = data.elements * weights.shape[0]
    step = Step(op.index, kernel, source or kernel, arguments, op.inputs[:1], op.outputs, macs=macs)
    return Lowered((step,))


def _sizes(data: Tensor, weights: Tensor) -> tuple[tuple[str, int], ...]:
    outputs, depth = weights.shape
    return (("batches", data.elements // depth), ("depth", depth), ("outputs", outputs))


def scales_of(data: Tensor, weights: Tensor, output: Tensor) -> list[float]:
    """One scale of the layer, or one an output; the product of scales is a double in both
    (GetQuantizedConvolutionMultipler, PopulateConvolutionQuantizationParams).
    """
    assert weights.quantization is not None
    return [data.scale * scale / output.scale for scale in weights.quantization.scales]


def _bias(op: Operator, graph: Graph, outputs: int) -> NDArray[np.generic]:
    if checks.optional_input(op, graph, 2) is None:
        kind = checks.input_tensor(op, graph, 1).dtype.name
        return np.zeros(outputs, "<f4" if kind == "FLOAT32" else "<i4")
    return checks.require_constant(op, graph, 2).array().reshape(-1)


ROW = OperatorRow(
    kind="FULLY_CONNECTED",
    code=9,
    options_type=8,
    options=(
        OptionField("fused_activation_function", 0, "int8", 0, ACTIVATION),
        OptionField("weights_format", 1, "int8", 0, ("DEFAULT",)),
        OptionField("keep_num_dims", 2, "bool"),
        OptionField("asymmetric_quantize_inputs", 3, "bool"),
    ),
    inputs=(2, 3),
    optional=frozenset({2}),
    types=("int8", "uint8", "int16", "float32"),
    check=_check,
    lower=_lower,
    notes="int8: LiteRT scales each sum in double precision and rounds once, halves away from "
    "zero; TFLite Micro in fixed point and twice (numerics 'tflm'). Weights and bias must be "
    f"constants. {hybrid.LEAST_WEIGHT}",
)
