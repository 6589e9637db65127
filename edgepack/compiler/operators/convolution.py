"""Convolutions: rows of the table of operators."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler import variants
from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import (
    calls,
    checks,
    dense,
    half,
    hybrid,
    layers_s16,
    narrow,
    scaling,
)
from edgepack.compiler.operators.row import ACTIVATION, PADDING, OperatorRow, OptionField
from edgepack.compiler.operators.window import LIMIT, Window, overlap_lead, read_window
from edgepack.compiler.variants import fpu
from edgepack.compiler.variants.layers import ConvLayer
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Scalar,
    Scratch,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check(op: Operator, graph: Graph) -> None:
    """Types, shapes and scales of CONV_2D and DEPTHWISE_CONV_2D."""
    data, weights = checks.input_tensor(op, graph, 0), checks.require_constant(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "uint8", "int16", "float32"))
    checks.require_weights(op, graph, data, weights)
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, weights, 4, 4)
    depthwise = op.kind == "DEPTHWISE_CONV_2D"
    channels = weights.shape[3 if depthwise else 0]
    _, kernel_h, kernel_w, depth = weights.shape
    if data.dtype.name != "FLOAT32":
        checks.require_per_tensor(op, graph, data, output)
        checks.require_scales(op, graph, weights, 3 if depthwise else 0)
    if data.dtype.name == "INT16":
        checks.require_symmetric(op, graph, data, output)
    read_window(op, graph, (kernel_h, kernel_w), channels, output)
    in_c = data.shape[3]
    if depthwise:
        checks.require(
            weights.shape[0] == 1 and channels % in_c == 0,
            op,
            graph,
            f"{checks.tensor_text(weights)} does not fit the {in_c} input channels; it must be "
            f"[1,h,w,a multiple of {in_c}]. {checks.RECONVERT}.",
        )
    else:
        checks.require(
            in_c % depth == 0 and channels % (in_c // depth) == 0,
            op,
            graph,
            f"{checks.tensor_text(weights)} does not fit the {in_c} input channels; its last "
            f"dimension must divide them into groups, and the groups must divide its {channels} "
            f"outputs. {checks.RECONVERT}.",
        )
        checks.require(
            in_c // depth <= LIMIT,
            op,
            graph,
            f"it has {in_c // depth} groups; {LIMIT} is the limit. "
            "Make it a depthwise convolution.",
        )
    if checks.optional_input(op, graph, 2) is not None:
        checks.require_bias(op, graph, checks.require_constant(op, graph, 2), channels)
    if hybrid.is_hybrid(op, graph):
        hybrid.check(op, graph, 3 if depthwise else 0)


def _window(op: Operator, graph: Graph, channels: int) -> Window:
    weights = checks.input_tensor(op, graph, 1)
    kernel = (weights.shape[1], weights.shape[2])
    return read_window(op, graph, kernel, channels, checks.output_tensor(op, graph))


def _bias(op: Operator, graph: Graph, channels: int) -> NDArray[np.generic]:
    bias = checks.optional_input(op, graph, 2)
    if bias is None:
        kind = checks.input_tensor(op, graph, 1).dtype.name
        return np.zeros(channels, "<f4" if kind == "FLOAT32" else "<i4")
    return checks.require_constant(op, graph, 2).array().reshape(-1)


def _tables(op: Operator, graph: Graph, bounds: NDArray[np.int64]) -> tuple[Const, Const]:
    """Multipliers and shift codes, one a channel."""
    scaling.require_int32(op, graph, bounds)
    multipliers = _multipliers(op, graph, len(bounds))
    mantissas = np.array([m.mantissa for m in multipliers], "<i4")
    codes = scaling.rescale_codes(multipliers, bounds)
    return (
        Const("multipliers", "int32_t", mantissas.tobytes(), "tables"),
        Const("codes", "int8_t", codes.tobytes(), "tables"),
    )


def _multipliers(op: Operator, graph: Graph, channels: int) -> tuple[Multiplier, ...]:
    return tuple(map(quantize_multiplier, _reals(op, graph, channels)))


def _reals(op: Operator, graph: Graph, channels: int) -> list[float]:
    """The scale of each channel's sums (PopulateConvolutionQuantizationParams)."""
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    assert weights.quantization is not None
    scales = weights.quantization.scales
    scales = scales if len(scales) == channels else scales[:1] * channels
    return [data.scale * s / output.scale for s in scales]


def _offers(
    op: Operator, graph: Graph, spec: LowerSpec, window: Window, rows: NDArray[np.generic]
) -> variants.Offers:
    """The layer by kernels of the instruction set; rows: [out, taps]."""
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    bias = _folded_bias(data, rows, _bias(op, graph, len(rows)))
    low, high = _activation(op, output)
    layer = ConvLayer(
        operator=op.index,
        input=op.inputs[0],
        output=op.outputs[0],
        window=window,
        depthwise=op.kind == "DEPTHWISE_CONV_2D",
        weights=rows.astype(np.int8),
        bias=bias,
        bounds=scaling.sum_bounds(rows.astype(np.int64), bias, -128, 127),
        multipliers=_multipliers(op, graph, len(rows)),
        zero_in=data.zero_point,
        zero_out=output.zero_point,
        low=low,
        high=high,
    )
    return variants.offers("conv", layer, spec)


def _activation(op: Operator, output: Tensor) -> tuple[int, int]:
    return scaling.activation_range(output, op.option("fused_activation_function"))


def _const(stem: str, ctype: str, values: NDArray[np.generic]) -> Const:
    return Const(stem, ctype, np.ascontiguousarray(values).tobytes(), "weights")


def _lower_conv(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    outputs = weights.shape[0]
    suffix = narrow.suffix_of(weights)
    rows = weights.array().reshape(outputs, -1)
    window = _window(op, graph, outputs)
    macs = window.pixels * rows.size
    groups = data.shape[3] // weights.shape[3]
    if hybrid.is_hybrid(op, graph):
        return hybrid.lower_conv(op, graph, window)
    if data.dtype.name == "FLOAT32":
        lowered = half.halved(_lower_conv_float(op, graph, window, groups), spec)
        return fpu.conv(lowered, window, outputs, spec) if groups == 1 else lowered
    if data.dtype.name == "INT16":
        wide = _bias(op, graph, outputs).astype(np.int64)
        reals = _reals(op, graph, outputs)
        return layers_s16.lower_conv(op, graph, window, rows, wide, reals, spec)
    window = window.as_pointwise() if groups == 1 else window
    centred = narrow.centred(weights).reshape(outputs, -1)
    bias = _folded_bias(data, centred, _bias(op, graph, outputs))
    bounds = scaling.sum_bounds(centred, bias, -128, 127)
    tables = _tables(op, graph, bounds)
    offers = variants.Offers()
    if groups == 1 and suffix != "u8":
        offers = _offers(op, graph, spec, window, rows)
    output = checks.output_tensor(op, graph)
    low, high = _activation(op, output)
    columns = (rows.shape[1], outputs // groups, scaling.zero_term(output), low, high)
    blocks = [narrow.stream(weights, part) for part in np.split(centred, groups)]
    constants = (
        _const("weights", "int8_t", np.concatenate(blocks)),
        _const("bias", "int32_t", bias.astype("<i4")),
        *tables,
        Scratch(2 * rows.shape[1]),
        TensorRef(op.outputs[0]),
    )
    lead = overlap_lead(window.first_elements(), outputs, 2, in_step=False)
    x = TensorRef(op.inputs[0])
    if _is_pointwise(window, groups) and suffix == "s8":
        names = ("depth", "outputs", "zero_term", "low", "high")
        params = Params("ep_columns_t", tuple(zip(names, columns, strict=True)))
        pixels = Scalar("int32_t", window.pixels)
        arguments = (params, pixels, x, *constants)
        return offers.beside(calls.layer(op, "ep_conv_1x1_s8", arguments, macs, lead))
    params = Params(
        "ep_conv_2d_t",
        (
            ("columns", columns),
            ("window", window.fields),
            ("depth_c", window.in_c // groups),
            ("groups", groups),
            ("zero", data.zero_point),
        ),
    )
    lead_or_none = lead if groups == 1 else None
    kernel = f"ep_conv_2d_{suffix}"
    return offers.beside(calls.layer(op, kernel, (params, x, *constants), macs, lead_or_none))


def _is_pointwise(window: Window, groups: int) -> bool:
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and groups == 1 and not window.leaves_input


def _folded_bias(
    data: Tensor, rows: NDArray[np.generic], bias: NDArray[np.generic]
) -> NDArray[np.int64]:
    """bias - zero point of x * sum of the row: what is left of (x - zero point)."""
    sums: NDArray[np.int64] = rows.astype(np.int64).sum(axis=1)
    return bias.astype(np.int64) - data.zero_point * sums


def _lower_conv_float(op: Operator, graph: Graph, window: Window, groups: int) -> Lowered:
    weights = checks.input_tensor(op, graph, 1)
    outputs = weights.shape[0]
    rows = weights.array().reshape(outputs, -1)
    low, high = scaling.float_range(op.option("fused_activation_function"))
    params = Params(
        "ep_conv_2d_f32_t",
        (
            ("window", window.fields),
            ("depth", rows.shape[1]),
            ("outputs", outputs // groups),
            ("depth_c", weights.shape[3]),
            ("groups", groups),
            ("low", low),
            ("high", high),
        ),
    )
    blocks = [scaling.interleave(part) for part in np.split(rows, groups)]
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        _const("weights", "float", np.concatenate(blocks)),
        _const("bias", "float", _bias(op, graph, outputs)),
        Scratch(4 * rows.shape[1]),
        TensorRef(op.outputs[0]),
    )
    lead = overlap_lead(4 * window.first_elements(), 4 * outputs, 1, in_step=False)
    macs = window.pixels * rows.size
    return calls.layer(op, "ep_conv_2d_f32", arguments, macs, lead if groups == 1 else None)


def _lower_depthwise(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    weights = checks.input_tensor(op, graph, 1)
    channels = weights.shape[3]
    rows = weights.array().reshape(-1, channels).T
    window = _window(op, graph, channels)
    if hybrid.is_hybrid(op, graph):
        return hybrid.lower_depthwise(op, graph, window)
    if weights.dtype.name == "FLOAT32":
        return _lower_depthwise_float(op, graph, window, rows)
    if checks.input_tensor(op, graph, 0).dtype.name == "INT16":
        long = _bias(op, graph, channels).astype(np.int64)
        lead = _depthwise_lead(window, channels, 2)
        reals = _reals(op, graph, channels)
        return layers_s16.lower_depthwise(op, graph, window, rows, long, reals, lead)
    asymmetric = weights.zero_point != 0
    offers = variants.Offers() if asymmetric else _offers(op, graph, spec, window, rows)
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    bias = _bias(op, graph, channels).astype(np.int64)
    wide = rows.astype(np.int64) - weights.zero_point
    nine = not asymmetric and window.is_3x3 and channels == window.in_c
    if nine:
        bias = _folded_bias(data, rows, bias)
    zero = 0 if nine else data.zero_point
    bounds = scaling.sum_bounds(wide, bias, -128 - zero, 127 - zero)
    low, high = _activation(op, output)
    params = Params(
        "ep_depthwise_u8_t" if asymmetric else "ep_depthwise_t",
        (
            ("window", window.fields),
            ("multiplier", channels // window.in_c),
            ("zero_term", scaling.zero_term(output)),
            ("zero", data.zero_point),
            *((("zero_w", weights.zero_point),) if asymmetric else ()),
            ("low", low),
            ("high", high),
        ),
    )
    arguments: tuple[Argument, ...] = (
        params,
        TensorRef(op.inputs[0]),
        _const("weights", "int8_t", rows),
        _const("bias", "int32_t", bias.astype("<i4")),
        *_tables(op, graph, bounds),
    )
    y = TensorRef(op.outputs[0])
    macs = window.pixels * rows.size
    if not nine:
        lead = _depthwise_lead(window, channels, 1)
        kernel = "ep_depthwise_u8" if asymmetric else "ep_depthwise_s8"
        return offers.beside(calls.layer(op, kernel, (*arguments, y), macs, lead))
    lines = Scratch(3 * ((window.out_w - 1) * window.stride_w + 3))
    nine_taps = calls.layer(op, "ep_depthwise_3x3_s8", (*arguments, lines, y), macs, None)
    return offers.beside(_in_place(nine_taps, window.reads_ahead))


def _in_place(lowered: Lowered, allowed: bool) -> Lowered:
    """The step with leave to write where it reads, and nowhere near it."""
    (step,) = lowered.steps
    leave = (Overlap(step.inputs[0], step.outputs[0], exact=True),) if allowed else ()
    return Lowered((dataclasses.replace(step, overlaps=leave),))


def _lower_depthwise_float(
    op: Operator, graph: Graph, window: Window, rows: NDArray[np.generic]
) -> Lowered:
    channels = len(rows)
    low, high = scaling.float_range(op.option("fused_activation_function"))
    params = Params(
        "ep_depthwise_f32_t",
        (
            ("window", window.fields),
            ("multiplier", channels // window.in_c),
            ("low", low),
            ("high", high),
        ),
    )
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        _const("weights", "float", rows),
        _const("bias", "float", _bias(op, graph, channels)),
        TensorRef(op.outputs[0]),
    )
    lead = _depthwise_lead(window, channels, 4)
    return calls.layer(op, "ep_depthwise_f32", arguments, window.pixels * rows.size, lead)


def _depthwise_lead(window: Window, channels: int, size: int) -> int:
    """Pixel by pixel; with a multiplier, outputs run ahead of their channels within a pixel."""
    first, pixel = size * window.first_elements(), size * channels
    lead = overlap_lead(first, pixel, 1, in_step=channels == window.in_c)
    if channels == window.in_c:
        return lead
    ends = pixel * (np.arange(len(first), dtype=np.int64) + 1)
    return max(lead, int((ends - first).max()))


_CONV_OPTIONS = (
    OptionField("padding", 0, "int8", 0, PADDING),
    OptionField("stride_w", 1, "int32"),
    OptionField("stride_h", 2, "int32"),
    OptionField("fused_activation_function", 3, "int8", 0, ACTIVATION),
    OptionField("dilation_w_factor", 4, "int32", 1),
    OptionField("dilation_h_factor", 5, "int32", 1),
)
_DEPTHWISE_OPTIONS = (
    OptionField("padding", 0, "int8", 0, PADDING),
    OptionField("stride_w", 1, "int32"),
    OptionField("stride_h", 2, "int32"),
    OptionField("depth_multiplier", 3, "int32"),
    OptionField("fused_activation_function", 4, "int8", 0, ACTIVATION),
    OptionField("dilation_w_factor", 5, "int32", 1),
    OptionField("dilation_h_factor", 6, "int32", 1),
)

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="CONV_2D",
        code=3,
        options_type=1,
        options=_CONV_OPTIONS,
        inputs=(2, 3),
        optional=frozenset({2}),
        types=("int8", "uint8", "int16", "float32"),
        check=_check,
        lower=_lower_conv,
        notes="Grouped convolutions too; the bias may be left out, which LiteRT refuses. Weights "
        f"and bias must be constants. With one scale for all: {hybrid.LEAST_WEIGHT}",
    ),
    OperatorRow(
        kind="DEPTHWISE_CONV_2D",
        code=4,
        options_type=2,
        options=_DEPTHWISE_OPTIONS,
        inputs=(2, 3),
        optional=frozenset({2}),
        types=("int8", "uint8", "int16", "float32"),
        check=_check,
        lower=_lower_depthwise,
        notes="The depth multiplier is the ratio of the shapes, as TFLite takes it; the option is "
        "not read. Weights and bias must be constants.",
    ),
    dense.ROW,
)
