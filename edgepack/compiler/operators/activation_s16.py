"""Activations of int16: their checks and lowering."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler import tables, tables_s16
from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators import calls, checks
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Argument, Const, FieldValue, LowerSpec, Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

Fields = tuple[tuple[str, FieldValue], ...]
Call = tuple[str, str, tuple[Argument, ...]]  # kernel, source, arguments
TABLE_UNITS = 3 * 4096.0  # of the sigmoid's argument: 1 is 12288 of them
FINE_MULTIPLIER = 32767 / 2


def check_sigmoid(op: Operator, graph: Graph) -> None:
    """LOGISTIC and TANH: zero points of 0, an output scale of 2**-15, an input scale that fits."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_symmetric(op, graph, x, y)
    checks.require_quantization(op, graph, y, 2**-15, 0)
    checks.require(
        x.scale * TABLE_UNITS <= 65535,
        op,
        graph,
        f"{checks.tensor_text(x)} has scale {x.scale:.9g}; beyond {65535 / TABLE_UNITS:.3g} the "
        "reference overflows. Quantise the model again with representative data.",
    )


def sigmoid_call(op: Operator, graph: Graph, spec: LowerSpec) -> Call:
    """LOGISTIC or TANH by the table they share."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    multiplier, shift = _sigmoid_scale(x.scale, op.kind)
    fields: Fields = (("count", x.elements), ("multiplier", multiplier), ("shift", shift))
    table = tables_s16.sigmoid_table().astype("<u2").tobytes()
    arguments: tuple[Argument, ...] = (
        Params("ep_sigmoid_s16_t", fields),
        Const("table", "uint16_t", table, "tables"),
        *calls.refs(x, y),
    )
    return f"ep_{op.kind.lower()}_s16", "ep_unary_s16", arguments


def _sigmoid_scale(scale: float, kind: str) -> tuple[int, int]:
    """Multiplier and right shift, as LiteRT's SigmoidPrepare and TanhPrepare choose them."""
    exponent = log2(scale)
    left = 12 + round(exponent)
    if abs(exponent - round(exponent)) < 1e-3 and left in ((0,) if kind == "LOGISTIC" else (0, 1)):
        return 3 << left, 0
    multiplier, shift = scale * TABLE_UNITS, 0
    while multiplier <= FINE_MULTIPLIER and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def relu_call(op: Operator, graph: Graph, spec: LowerSpec, low: float, high: float) -> Call:
    """RELU and its kin: rescaled, then clamped. TFLite Micro does not rescale RELU6."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    if spec.numerics == "tflm" and op.kind == "RELU6":
        y = replace(y, quantization=x.quantization)
    multiplier = _ratio(x, y, spec)
    ends = (tables.round_saturated(float(np.float32(v) / np.float32(y.scale))) for v in (low, high))
    floor, ceiling = (max(-(2**15), min(2**15 - 1, y.zero_point + end)) for end in ends)
    fields: Fields = (
        ("count", x.elements),
        ("x_zero_point", x.zero_point),
        ("y_zero_point", y.zero_point),
        ("mantissa", multiplier.mantissa),
        ("shift", multiplier.shift),
        ("low", floor),
        ("high", ceiling),
    )
    return "ep_relu_s16", "ep_unary_s16", (Params("ep_relu_s16_t", fields), *calls.refs(x, y))


def _ratio(x: Tensor, y: Tensor, spec: LowerSpec) -> Multiplier:
    """From x's scale to y's; LiteRT takes the quotient in single precision."""
    if spec.numerics == "tflm":
        return quantize_multiplier(x.scale / y.scale)
    return tables.scale_ratio(x.scale, y.scale)


def leaky_relu_call(op: Operator, graph: Graph, spec: LowerSpec, alpha: float) -> Call:
    """LEAKY_RELU; a negative slope as LiteRT has it."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    same = _ratio(x, y, spec)
    product = float(np.float32(x.scale) * np.float32(alpha) / np.float32(y.scale))
    if spec.numerics == "tflm":
        product = x.scale * alpha / y.scale
    slope = quantize_multiplier(abs(product))
    fields: Fields = (
        ("count", x.elements),
        ("mantissa", same.mantissa),
        ("shift", same.shift),
        ("slope_mantissa", slope.mantissa),
        ("slope_shift", slope.shift),
        ("negative", int(product < 0)),
    )
    params = Params("ep_leaky_relu_s16_t", fields)
    arguments: tuple[Argument, ...] = (params, *calls.refs(x, y))
    return "ep_leaky_relu_s16", "ep_unary_s16", arguments


def check_softmax(op: Operator, graph: Graph) -> None:
    """Up to 4 dimensions, zero points of 0, an output scale of 2**-15."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_rank(op, graph, x, 1, 4)
    checks.require_symmetric(op, graph, x)
    checks.require_quantization(op, graph, y, 2**-15, 0)
    depth, beta = x.shape[-1], float(op.option("beta"))
    checks.require(
        depth < 2**16,
        op,
        graph,
        f"its rows have {depth} elements; {2**16 - 1} is the limit, beyond which TFLite's sum "
        "overflows. Reshape its input in the model.",
    )
    checks.require(
        0 < beta * x.scale < 4,
        op,
        graph,
        f"beta * input scale is {beta * x.scale:.3g}; it must be positive and below 4, or TFLite "
        "overflows. Quantise the model again with representative data.",
    )


def softmax_call(op: Operator, graph: Graph) -> Call:
    """SOFTMAX by two tables."""
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    multiplier = quantize_multiplier(x.scale * float(op.option("beta")) / (10.0 / 65535.0))
    fields: Fields = (
        ("rows", x.elements // x.shape[-1]),
        ("depth", x.shape[-1]),
        ("mantissa", multiplier.mantissa),
        ("shift", multiplier.shift),
    )
    arguments: tuple[Argument, ...] = (
        Params("ep_softmax_s16_t", fields),
        _table("exponentials", tables_s16.softmax_exponentials()),
        _table("inverses", tables_s16.softmax_inverses()),
        *calls.refs(x, y),
    )
    return "ep_softmax_s16", "ep_softmax_s16", arguments


def _table(stem: str, values: NDArray[np.int16]) -> Const:
    return Const(stem, "int16_t", values.astype("<i2").tobytes(), "tables")
