"""Transposed convolutions: a row of the table of operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators import checks, layers_s16, narrow, scaling
from edgepack.compiler.operators.row import ACTIVATION, PADDING, OperatorRow, OptionField
from edgepack.compiler.operators.wide import require_reach, wide_scale
from edgepack.compiler.operators.window import LIMIT
from edgepack.graph import Graph, Operator
from edgepack.program import (
    Argument,
    Const,
    FieldValue,
    Lowered,
    LowerSpec,
    Params,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

BIAS_TYPES = ("FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64")  # TensorType, as far as it is read
SHAPE, WEIGHTS, DATA, BIAS = range(4)  # places of the inputs


def _check(op: Operator, graph: Graph) -> None:
    data, weights = checks.input_tensor(op, graph, DATA), checks.require_constant(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "uint8", "int16", "float32"))
    checks.require_same_type(op, graph, data, output)
    integer = data.dtype.name != "FLOAT32"
    stored = ("uint8",) if data.dtype.name == "UINT8" else ("int8",)
    checks.require_type(op, graph, weights, stored if integer else ("float32", "int8"))
    for tensor in (data, weights, output):
        checks.require_rank(op, graph, tensor, 4, 4)
    checks.require_positive(op, graph, "stride_h", "stride_w", limit=LIMIT)
    channels, kernel_h, kernel_w, depth = weights.shape
    checks.require(
        data.shape[3] == depth and max(kernel_h, kernel_w) <= LIMIT,
        op,
        graph,
        f"{checks.tensor_text(weights)} does not fit the {data.shape[3]} input channels, or a "
        f"side of it is above {LIMIT}. {checks.RECONVERT}.",
    )
    checks.require_shape(op, graph, output, checks.constant_ints(op, graph, SHAPE))
    checks.require_shape(op, graph, output, (data.shape[0], *output.shape[1:3], channels))
    _check_sides(op, graph)
    if weights.dtype.name != "FLOAT32":
        checks.require_scales(op, graph, weights, 0)
    if integer:
        checks.require_per_tensor(op, graph, data, output)
        require_reach(op, graph, max(_reals(op, graph, channels)))
    if data.dtype.name == "INT16":
        checks.require_symmetric(op, graph, data, output)
    _check_bias(op, graph, channels)


def _check_sides(op: Operator, graph: Graph) -> None:
    """A convolution of this window over the output would have the input's size."""
    data, output = checks.input_tensor(op, graph, DATA), checks.output_tensor(op, graph)
    kernel = checks.input_tensor(op, graph, WEIGHTS).shape[1:3]
    strides = (op.option("stride_h"), op.option("stride_w"))
    sides = zip(output.shape[1:3], kernel, strides, strict=True)
    back = tuple(checks.window_output(*side, 1, op.option("padding")) for side in sides)
    checks.require(
        back == data.shape[1:3],
        op,
        graph,
        f"{checks.tensor_text(output)} is made of an input of {back[0]}x{back[1]}, not of "
        f"{checks.tensor_text(data)}. {checks.RECONVERT}.",
    )


def _check_bias(op: Operator, graph: Graph, channels: int) -> None:
    """Its type belongs to the input's; in int16 the option has it too, as TFLite reads it."""
    if checks.optional_input(op, graph, BIAS) is None:
        return
    bias = checks.require_constant(op, graph, BIAS)
    kind = checks.input_tensor(op, graph, DATA).dtype.name
    wanted = {"INT8": "int32", "UINT8": "int32", "FLOAT32": "float32"}.get(kind, "int64")
    if kind == "INT16" and op.option("quantized_bias_type") == "INT32":
        wanted = "int32"
    checks.require_type(op, graph, bias, (wanted,))
    if bias.elements != channels or max(bias.shape, default=1) != channels:
        checks.require_shape(op, graph, bias, (channels,))


def _phases(weights: NDArray[np.generic], strides: tuple[int, int]) -> list[NDArray[np.generic]]:
    """The rows of each phase, [out, taps of the phase * in], taps in the input's order.

    weights: [out, h, w, in]. The first input pixel that an output sees meets the last tap.
    """
    sides = [
        [list(range(phase, size, stride))[::-1] for phase in range(stride)]
        for size, stride in zip(weights.shape[1:3], strides, strict=True)
    ]
    outputs, depth = weights.shape[0], weights.shape[3]
    parts = []
    for rows in sides[0]:
        for columns in sides[1]:
            part = np.zeros((outputs, max(1, len(rows)), max(1, len(columns)), depth))
            if rows and columns:
                part[:] = weights[:, rows][:, :, columns]
            parts.append(part.astype(weights.dtype).reshape(outputs, -1))
    return parts


def _window(op: Operator, graph: Graph) -> tuple[int, ...]:
    """The fields of `ep_window_t`: the padding is that of a convolution over the output."""
    data, output = checks.input_tensor(op, graph, DATA), checks.output_tensor(op, graph)
    kernel = checks.input_tensor(op, graph, WEIGHTS).shape[1:3]
    strides = (op.option("stride_h"), op.option("stride_w"))
    pads = tuple(
        checks.window_padding(size, window, stride, 1, op.option("padding"))[0]
        for size, window, stride in zip(output.shape[1:3], kernel, strides, strict=True)
    )
    return (*data.shape, *output.shape[1:3], *kernel, *strides, 1, 1, *pads)


def _bias(op: Operator, graph: Graph, channels: int) -> NDArray[np.generic]:
    bias = checks.optional_input(op, graph, BIAS)
    if bias is None:
        real = checks.input_tensor(op, graph, DATA).dtype.name == "FLOAT32"
        return np.zeros(channels, "<f4" if real else "<i8")
    return bias.array().reshape(-1)


def _reals(op: Operator, graph: Graph, channels: int) -> list[float]:
    """One scale a channel (PopulateConvolutionQuantizationParams)."""
    data, weights = (checks.input_tensor(op, graph, place) for place in (DATA, WEIGHTS))
    assert weights.quantization is not None
    scales = weights.quantization.scales
    scales = scales if len(scales) == channels else scales[:1] * channels
    return [data.scale * scale / checks.output_tensor(op, graph).scale for scale in scales]


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    weights = checks.input_tensor(op, graph, WEIGHTS)
    values = narrow.centred(weights) if weights.zero_point else weights.array()
    parts = _phases(values, (op.option("stride_h"), op.option("stride_w")))
    kind = checks.input_tensor(op, graph, DATA).dtype.name
    if kind == "FLOAT32" and weights.dtype.name == "INT8":
        return _lower_hybrid(op, graph, parts)
    if kind == "INT16":
        return layers_s16.for_core(_lower_s16(op, graph, parts), spec)
    return {"INT8": _lower_s8, "FLOAT32": _lower_f32}[kind](op, graph, parts)


def _lower_s8(op: Operator, graph: Graph, parts: list[NDArray[np.generic]]) -> Lowered:
    data, output = checks.input_tensor(op, graph, DATA), checks.output_tensor(op, graph)
    channels = output.shape[3]
    bias = _bias(op, graph, channels).astype(np.int64)
    folded = [bias - data.zero_point * part.astype(np.int64).sum(axis=1) for part in parts]
    bounds = np.max(
        [
            scaling.sum_bounds(part.astype(np.int64), each, -128, 127)
            for part, each in zip(parts, folded, strict=True)
        ],
        axis=0,
    )
    scaling.require_int32(op, graph, bounds)
    multipliers = [quantize_multiplier(real) for real in _reals(op, graph, channels)]
    mantissas = np.array([m.mantissa for m in multipliers], "<i4")
    codes = scaling.rescale_codes(multipliers, bounds)
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    depth = max(part.shape[1] for part in parts)
    columns = (depth, channels, scaling.zero_term(output), low, high)
    fields = (("columns", columns), ("window", _window(op, graph)), ("zero", data.zero_point))
    tables = (
        Const("bias", "int32_t", np.concatenate(folded).astype("<i4").tobytes(), "weights"),
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", codes.tobytes(), "tables"),
        Scratch(2 * depth),
    )
    weights = checks.input_tensor(op, graph, WEIGHTS)
    flat = _flat("int8_t", parts, lambda part: narrow.stream(weights, part))
    kernel = f"ep_transpose_conv_{narrow.suffix_of(weights)}"
    return _step(op, graph, kernel, "ep_transpose_conv_t", fields, (flat, *tables))


def _lower_s16(op: Operator, graph: Graph, parts: list[NDArray[np.generic]]) -> Lowered:
    output = checks.output_tensor(op, graph)
    channels = output.shape[3]
    bias = _bias(op, graph, channels).astype(np.int64)
    bounds = np.max([layers_s16.bounds_of(part.astype(np.int64), bias) for part in parts], axis=0)
    twice = op.option("quantized_bias_type") == "INT32"
    layers_s16.require_wide(op, graph, bounds, 2**31 if twice else layers_s16.WIDE_SUM)
    reals = _reals(op, graph, channels)
    if twice:
        pairs = [(m.mantissa, m.shift) for m in map(quantize_multiplier, reals)]
    else:
        pairs = [(s.factor, s.shift) for s in (wide_scale(op, graph, real) for real in reals)]
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    fields = (
        ("window", _window(op, graph)),
        ("outputs", channels),
        ("twice", int(twice)),
        ("low", low),
        ("high", high),
    )
    tables = (
        Const("bias", "int64_t", bias.astype("<i8").tobytes(), "weights"),
        Const("multipliers", "int32_t", np.array([m for m, _ in pairs], "<i4").tobytes(), "tables"),
        Const("shifts", "int8_t", np.array([s for _, s in pairs], np.int8).tobytes(), "tables"),
        Scratch(2 * max(part.shape[1] for part in parts)),
    )
    flat = _flat("int8_t", parts, layers_s16.interleave)
    name = "ep_transpose_conv_s16"
    return _step(op, graph, name, f"{name}_t", fields, (flat, *tables))


def _lower_f32(op: Operator, graph: Graph, parts: list[NDArray[np.generic]]) -> Lowered:
    channels = checks.output_tensor(op, graph).shape[3]
    low, high = scaling.float_range(op.option("fused_activation_function"))
    fields = (
        ("window", _window(op, graph)),
        ("outputs", channels),
        ("low", low),
        ("high", high),
    )
    tables = (
        Const("bias", "float", _bias(op, graph, channels).tobytes(), "weights"),
        Scratch(4 * max(part.shape[1] for part in parts)),
    )
    flat = _flat("float", parts, scaling.interleave)
    name = "ep_transpose_conv_f32"
    return _step(op, graph, name, f"{name}_t", fields, (flat, *tables))


def _lower_hybrid(op: Operator, graph: Graph, parts: list[NDArray[np.generic]]) -> Lowered:
    data, weights = (checks.input_tensor(op, graph, place) for place in (DATA, WEIGHTS))
    channels = weights.shape[0]
    assert weights.quantization is not None
    scales = np.array(weights.quantization.scales, "<f4")
    low, high = scaling.float_range(op.option("fused_activation_function"))
    fields = (
        ("window", _window(op, graph)),
        ("outputs", channels),
        ("low", low),
        ("high", high),
    )
    image = data.elements // data.shape[0]
    tables = (
        Const("scales", "float", np.broadcast_to(scales, (channels,)).tobytes(), "tables"),
        Const("bias", "float", _bias(op, graph, channels).tobytes(), "weights"),
        Scratch(image + max(part.shape[1] for part in parts)),
    )
    flat = _flat("int8_t", parts, np.ravel)
    name = "ep_transpose_conv_hybrid"
    return _step(op, graph, name, f"{name}_t", fields, (flat, *tables))


def _flat(
    ctype: str,
    parts: list[NDArray[np.generic]],
    order: Callable[[NDArray[np.generic]], NDArray[np.generic]],
) -> Const:
    values = np.concatenate([order(part) for part in parts])
    return Const("weights", ctype, values.tobytes(), "weights")


def _step(
    op: Operator,
    graph: Graph,
    kernel: str,
    struct: str,
    fields: tuple[tuple[str, FieldValue], ...],
    rest: tuple[Argument, ...],
) -> Lowered:
    data, weights = (checks.input_tensor(op, graph, place) for place in (DATA, WEIGHTS))
    output = checks.output_tensor(op, graph)
    arguments = (Params(struct, fields), TensorRef(data.index), *rest, TensorRef(output.index))
    macs = data.elements // data.shape[3] * weights.elements
    inputs = (data.index,) if data.data is None else ()
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, op.outputs, macs=macs),))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="TRANSPOSE_CONV",
        code=67,
        options_type=49,
        options=(
            OptionField("padding", 0, "int8", 0, PADDING),
            OptionField("stride_w", 1, "int32"),
            OptionField("stride_h", 2, "int32"),
            OptionField("fused_activation_function", 3, "int8", 0, ACTIVATION),
            OptionField("quantized_bias_type", 4, "int8", 0, BIAS_TYPES),
        ),
        inputs=(3, 4),
        optional=frozenset({BIAS}),
        types=("int8", "uint8", "int16", "float32"),
        check=_check,
        lower=_lower,
        notes="Output shape, weights and bias must be constants. The bias of int16 is int64, or "
        "int32 where the option quantized_bias_type says so. float32 takes int8 weights (hybrid).",
    ),
)
