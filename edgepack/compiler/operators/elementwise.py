"""Element-wise arithmetic with broadcast: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler import variants
from edgepack.compiler.fixed_point import Multiplier, float32, quantize_multiplier
from edgepack.compiler.operators import broadcasting, calls, checks, elementwise_s16, scaling
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.variants.layers import SumLayer
from edgepack.compiler.variants.linear_sum import linear_total
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    FieldValue,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Step,
)

SUM_SHIFT = 20  # TFLite's left shift of both operands of a sum
LAST_SHIFT = 29  # ep_add_s8.h: from 30 on, every sum rounds to 0
_STORED = "The stored numbers are compared, whatever the scales, as TFLite does it."
Fields = tuple[tuple[str, FieldValue], ...]
TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32")


def _check(op: Operator, graph: Graph) -> None:
    a, b = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, a, TYPES)
    checks.require_same_type(op, graph, a, b, output)
    shape = checks.broadcast_shape(op, graph, a, b)
    checks.require_shape(op, graph, output, shape)
    broadcasting.require_loops(op, graph, a.shape, b.shape)
    if a.dtype.name in ("INT8", "UINT8", "INT16"):
        checks.require_per_tensor(op, graph, a, b, output)
    if a.dtype.name == "INT16" and op.kind in ("ADD", "SUB"):
        elementwise_s16.check_sum(op, graph)
    if a.dtype.name == "INT16" and op.kind == "MUL":
        elementwise_s16.check_product(op, graph)


def _step(op: Operator, graph: Graph, stem: str, fields: Fields) -> Lowered:
    """The plain kernel, or the broadcasting one, of a function with these parameters."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    return _step_of(op, graph, stem, fields, (a, b))


def _step_of(
    op: Operator, graph: Graph, stem: str, fields: Fields, operands: tuple[Tensor, Tensor]
) -> Lowered:
    a, b = operands
    output = checks.output_tensor(op, graph)
    suffix = calls.SUFFIX[a.dtype]
    loops = broadcasting.nested_loops(a.shape, b.shape)
    kernel = f"ep_{stem}_{suffix}" if loops.plain else f"ep_{stem}_broadcast_{suffix}"
    source = _SOURCES.get((stem, suffix), f"ep_{stem}_{suffix}")
    arguments: list[Argument] = []
    if fields:
        arguments.append(Params(_STRUCTS[stem, suffix], fields))
    arguments.append(
        Scalar("int32_t", output.elements)
        if loops.plain
        else Params("ep_broadcast_t", broadcasting.loop_fields(loops, "ab"))
    )
    arguments += calls.refs(a, b, output)
    inputs = calls.in_ram(a, b)
    overlaps = calls.overlaps_in_place(graph, inputs, output)
    return Lowered(
        (Step(op.index, kernel, source, tuple(arguments), inputs, op.outputs, overlaps),)
    )


def _plain_fields(op: Operator, graph: Graph, activation: str = "") -> Fields:
    """The range of the operator's activation, or of another, in numbers that have no scale."""
    output = checks.output_tensor(op, graph)
    activation = activation or str(op.option("fused_activation_function"))
    if output.dtype.name == "FLOAT32":
        return tuple(zip(("low", "high"), scaling.float_range(activation), strict=True))
    return tuple(zip(("low", "high"), scaling.plain_range(output, activation), strict=True))


def _lower_sum(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """ADD and SUB; of int8 operands the one with the larger scale is never rounded."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    minus = op.kind == "SUB"
    if a.dtype.name == "INT16":
        if spec.numerics != "tflm" and elementwise_s16.is_shifted(op, graph):
            return _step(op, graph, "add_shifted", elementwise_s16.shifted_fields(op, graph))
        return _step_of(op, graph, "add", *elementwise_s16.sum_fields(op, graph))
    if a.dtype.name != "INT8":
        bare = spec.numerics == "tflm" and op.kind == "ADD" and a.dtype.name != "FLOAT32"
        plain = _plain_fields(op, graph, "NONE" if bare else "")
        return _step(op, graph, "sub" if minus else "add", plain)
    swapped = b.scale > a.scale
    large, small = (b, a) if swapped else (a, b)
    factor = -(2**19) if minus and swapped else 2**19
    twice = 2 * large.scale
    output = checks.output_tensor(op, graph)
    operand = quantize_multiplier(small.scale / twice)
    result = quantize_multiplier(twice / (2**SUM_SHIFT * output.scale))
    checks.require(
        result.mantissa == 0 or result.shift < 0,
        op,
        graph,
        f"the scale {output.scale:.9g} of {checks.tensor_text(output)} is 2^18 times smaller than "
        f"its inputs'. Quantise the model again with representative data.",
    )
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    offers = variants.Offers()
    if broadcasting.nested_loops(a.shape, b.shape).plain:
        layer = SumLayer(
            operator=op.index,
            large=large.index,
            small=small.index,
            output=output.index,
            inputs=calls.in_ram(large, small),
            count=output.elements,
            large_negative=minus and swapped,
            small_negative=minus and not swapped,
            zero_large=large.zero_point,
            zero_small=small.zero_point,
            zero_out=output.zero_point,
            operand=operand,
            result=result,
            low=low,
            high=high,
        )
        offers = variants.offers("total", layer, spec)
        linear = linear_total(layer)
        if linear is not None:
            return offers.beside(Lowered((linear,)))
    half = operand.shift == 0
    mantissa_b, shift_b = (operand.mantissa, 1) if half else _shifted(operand)
    mantissa, shift = _shifted(result)
    fields: Fields = (
        ("mantissa_b", mantissa_b),
        ("mantissa", mantissa),
        ("factor_a", factor),
        ("offset", -factor * large.zero_point),
        ("nudge_b", 1 + 2**shift_b),
        ("nudge", 1 + 2**shift),
        ("zero_b", small.zero_point),
        ("zero", output.zero_point),
        ("left_b", 23 if half else 22),
        ("shift_b", shift_b + 1),
        ("shift", shift + 1),
        ("low", low),
        ("high", high),
    )
    stem = "sub" if minus and not swapped else "add"
    return offers.beside(_step_of(op, graph, stem, fields, (large, small)))


def _shifted(multiplier: Multiplier) -> tuple[int, int]:
    """Mantissa and right shift, in [1, LAST_SHIFT]; mantissa 0 where the product rounds to 0."""
    right = -multiplier.shift
    return (multiplier.mantissa, right) if 1 <= right <= LAST_SHIFT else (0, LAST_SHIFT)


def _lower_product(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    if a.dtype.name == "INT16":
        return _step(op, graph, "mul", elementwise_s16.product_fields(op, graph))
    if a.dtype.name != "INT8":
        return _step(op, graph, "mul", _plain_fields(op, graph))
    output = checks.output_tensor(op, graph)
    scale = float32(float32(a.scale * b.scale) / output.scale)
    multiplier = quantize_multiplier(scale)
    checks.require(
        multiplier.shift < 15,
        op,
        graph,
        f"the scale {output.scale:.9g} of {checks.tensor_text(output)} is {scale:.9g} times "
        "smaller than its inputs' product; 2^14 is the limit, beyond which the reference "
        "overflows. Quantise the model again with representative data.",
    )
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    if multiplier.shift < 0 or multiplier.mantissa == 0:
        mantissa, right = _shifted(multiplier)
        nudge, below, left, shift = 1 + 2**right, -2, 2, right + 1
    else:  # beyond 12, every product but 0 saturates, as it does at 12
        mantissa, nudge, below, left, shift = multiplier.mantissa, 2, 0, 3, 2
        left += min(multiplier.shift, 12)
    fields: Fields = (
        ("mantissa", mantissa),
        ("nudge", nudge),
        ("zero_a", a.zero_point),
        ("zero_b", b.zero_point),
        ("zero", output.zero_point),
        ("below", below),
        ("left", left),
        ("shift", shift),
        ("low", low),
        ("high", high),
    )
    return _step(op, graph, "mul", fields)


def _lower_extreme(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    return _step(op, graph, op.kind.lower(), ())


_STRUCTS = {
    ("add", "s8"): "ep_sum_s8_t",
    ("sub", "s8"): "ep_sum_s8_t",
    ("mul", "s8"): "ep_mul_s8_t",
    ("add", "s16"): "ep_add_s16_t",
    ("add_shifted", "s16"): "ep_add_shifted_s16_t",
    ("mul", "s16"): "ep_mul_s16_t",
    **{
        (stem, suffix): f"ep_range_{suffix}_t"
        for stem in ("add", "sub", "mul")
        for suffix in ("f32", "s32", "s64")
    },
}
_SOURCES = {
    ("add_shifted", "s16"): "ep_add_s16",
    **{
        (stem, suffix): f"ep_integers_{suffix}"
        for stem in ("add", "sub", "mul")
        for suffix in ("s32", "s64")
    },
    **{
        (stem, suffix): "ep_extremes"
        for stem in ("maximum", "minimum")
        for suffix in ("s16", "s32", "s64")
    },
}
_OPTIONS = (OptionField("fused_activation_function", 0, "int8", 0, ACTIVATION),)
_SUM_OPTIONS = (*_OPTIONS, OptionField("pot_scale_int16", 1, "bool", True))
_WRAP = (
    "int32 and int64 wrap around, then the activation clamps; with numerics 'tflm' ADD has none, "
    "and int16 with scales of powers of two is added like any other."
)
_PARTS = (
    ("ADD", 0, 11, _SUM_OPTIONS, _lower_sum, _WRAP),
    ("SUB", 41, 28, _SUM_OPTIONS, _lower_sum, _WRAP),
    ("MUL", 18, 21, _OPTIONS, _lower_product, _WRAP),
    ("MAXIMUM", 55, 39, (), _lower_extreme, _STORED),
    ("MINIMUM", 57, 39, (), _lower_extreme, _STORED),
)

ROWS: tuple[OperatorRow, ...] = tuple(
    OperatorRow(
        kind=kind,
        code=code,
        options_type=options_type,
        options=options,
        inputs=(2, 2),
        types=TYPES,
        check=_check,
        lower=lower,
        notes=notes,
    )
    for kind, code, options_type, options, lower, notes in _PARTS
)
