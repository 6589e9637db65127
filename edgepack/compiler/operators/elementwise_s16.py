"""Sums and products of int16: their lowering."""

from __future__ import annotations

from edgepack.compiler.fixed_point import float32, quantize_multiplier
from edgepack.compiler.operators import checks, scaling
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import FieldValue

SUM_SHIFT = 15  # TFLite's left shift of both operands of a sum of int16
LAST_SHIFT = 15  # of the sums by shifts: TFLite's masks of int16 end there
HALF = 2 ** (SUM_SHIFT - 1)
Fields = tuple[tuple[str, FieldValue], ...]


def is_shifted(op: Operator, graph: Graph) -> bool:
    """Whether TFLite adds by shifts alone: asked for, and all scales are powers of two."""
    tensors = (*(graph.tensor(index) for index in op.inputs), checks.output_tensor(op, graph))
    return bool(op.option("pot_scale_int16")) and all(
        t.zero_point == 0 and _log2(t.scale) is not None for t in tensors
    )


def _log2(scale: float) -> int | None:
    """The exponent of a power of two, as close as TFLite's CheckedLog2 asks."""
    from math import log2

    exponent = log2(scale)
    nearest = round(exponent)
    return nearest if abs(exponent - nearest) < 1e-3 else None


def check_sum(op: Operator, graph: Graph) -> None:
    """Scales that TFLite's ADD and SUB take."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    output = checks.output_tensor(op, graph)
    if is_shifted(op, graph):
        shifts = _shifts(a, b, output)
        checks.require(
            max(shifts) == 0 and min(shifts) >= -LAST_SHIFT,
            op,
            graph,
            f"its scales are powers of two, 2^{shifts[0]} and 2^{shifts[1]} times the output's; "
            f"TFLite needs one of them equal to it and none above, nor below 2^-{LAST_SHIFT}. "
            f"{checks.RECONVERT}.",
        )
        checks.require(
            a.shape == b.shape,
            op,
            graph,
            "its scales are powers of two and its inputs differ in shape, which TFLite reads out "
            f"of bounds. {checks.RECONVERT}, without pot_scale_int16.",
        )
        return
    twice = 2 * max(a.scale, b.scale)
    result = quantize_multiplier(twice / (2**SUM_SHIFT * output.scale))
    checks.require(
        result.mantissa == 0 or result.shift <= 0,
        op,
        graph,
        f"the scale {output.scale:.9g} of {checks.tensor_text(output)} is 2^14 times smaller than "
        f"its inputs'. Quantise the model again with representative data.",
    )


def _shifts(a: Tensor, b: Tensor, output: Tensor) -> tuple[int, int]:
    one, two, result = (_log2(t.scale) for t in (a, b, output))
    assert one is not None and two is not None and result is not None
    return one - result, two - result


def shifted_fields(op: Operator, graph: Graph) -> Fields:
    """Of ep_add_shifted_s16_t."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    output = checks.output_tensor(op, graph)
    shifts = _shifts(a, b, output)
    low, high = _range(op, output)
    return (
        ("shift_a", -shifts[0]),
        ("shift_b", -shifts[1]),
        ("sign_b", -1 if op.kind == "SUB" else 1),
        ("low", low),
        ("high", high),
    )


def sum_fields(op: Operator, graph: Graph) -> tuple[Fields, tuple[Tensor, Tensor]]:
    """Of ep_add_s16_t, and the operands: the one with the larger scale first."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    output = checks.output_tensor(op, graph)
    swapped = b.scale > a.scale
    large, small = (b, a) if swapped else (a, b)
    minus = op.kind == "SUB"
    twice = 2 * large.scale
    operand = quantize_multiplier(small.scale / twice)
    result = quantize_multiplier(twice / (2**SUM_SHIFT * output.scale))
    low, high = _range(op, output)
    fields: Fields = (
        ("factor_a", -HALF if minus and swapped else HALF),
        ("mantissa_b", -operand.mantissa if minus and not swapped else operand.mantissa),
        ("mantissa", result.mantissa),
        ("zero_a", large.zero_point),
        ("zero_b", small.zero_point),
        ("zero", output.zero_point),
        ("shift_b", -operand.shift),
        ("shift", -result.shift),
        ("low", low),
        ("high", high),
    )
    return fields, (large, small)


def check_product(op: Operator, graph: Graph) -> None:
    """Scales and zero points whose products TFLite's MUL does not overflow on."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    reach = (2**15 + abs(a.zero_point)) * (2**15 + abs(b.zero_point))
    checks.require(
        reach < 2**31,
        op,
        graph,
        f"zero points {a.zero_point} and {b.zero_point} let its products leave int32. Quantise "
        "its inputs symmetrically, as TFLite does.",
    )
    scale = _product_scale(op, graph)
    checks.require(
        quantize_multiplier(scale).shift <= 0,
        op,
        graph,
        f"the scale of {checks.tensor_text(checks.output_tensor(op, graph))} is {scale:.9g} times "
        "smaller than its inputs' product; 1 is the limit, beyond which the reference overflows. "
        "Quantise the model again with representative data.",
    )


def _product_scale(op: Operator, graph: Graph) -> float:
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    return float32(float32(a.scale * b.scale) / checks.output_tensor(op, graph).scale)


def product_fields(op: Operator, graph: Graph) -> Fields:
    """Of ep_mul_s16_t."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    output = checks.output_tensor(op, graph)
    multiplier = quantize_multiplier(_product_scale(op, graph))
    low, high = _range(op, output)
    return (
        ("mantissa", multiplier.mantissa),
        ("zero_a", a.zero_point),
        ("zero_b", b.zero_point),
        ("zero", output.zero_point),
        ("shift", multiplier.shift),
        ("low", low),
        ("high", high),
    )


def _range(op: Operator, output: Tensor) -> tuple[int, int]:
    return scaling.activation_range(output, str(op.option("fused_activation_function")))
