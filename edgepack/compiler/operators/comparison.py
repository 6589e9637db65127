"""Comparisons and logic on operands that broadcast: rows of the table of operators."""

from __future__ import annotations

from itertools import pairwise

from edgepack.compiler.fixed_point import (
    Multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from edgepack.compiler.operators import broadcasting, calls, checks
from edgepack.compiler.operators.activation import elementwise
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.tables import RANGE
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, Lowered, LowerSpec, Params, Scalar

LEFT = 8  # TFLite's left shift of both operands
ORDERED = ("int8", "uint8", "int16", "int32", "int64", "float32")
_EQUALITY = ("EQUAL", "NOT_EQUAL")
QUANTIZED = (DType.INT8, DType.UINT8)


def _check(op: Operator, graph: Graph, types: tuple[str, ...]) -> None:
    a, b = broadcasting.check_operands(op, graph, types)
    if _rescaled(op, a):
        checks.require_per_tensor(op, graph, a, b)


def _rescaled(op: Operator, a: Tensor) -> bool:
    """Whether TFLite compares rescaled values: int16 only for equality, where it has a scale."""
    equality = op.kind in _EQUALITY
    return a.dtype in QUANTIZED or (
        equality and a.dtype is DType.INT16 and a.quantization is not None
    )


def _check_equality(op: Operator, graph: Graph) -> None:
    _check(op, graph, (*ORDERED, "bool"))


def _check_order(op: Operator, graph: Graph) -> None:
    _check(op, graph, ORDERED)


def shared_scale(a: Tensor, b: Tensor) -> tuple[Multiplier, Multiplier]:
    """The multipliers of both operands; shifts of 0 at most.

    The reference shifts by a negative number where a scale is 1 or more. Both are then taken
    smaller by the same power of two, which leaves their order.
    """
    one, two = quantize_multiplier(a.scale), quantize_multiplier(b.scale)
    excess = max(one.shift, two.shift, 0)
    return _smaller(one, excess), _smaller(two, excess)


def _smaller(multiplier: Multiplier, shift: int) -> Multiplier:
    left = multiplier.shift - shift
    return Multiplier(multiplier.mantissa, left) if left >= -31 else Multiplier(0, 0)


def rescaled(value: int, zero: int, multiplier: Multiplier) -> int:
    """A stored value on the scale at which TFLite compares."""
    product = rounding_doubling_high_mul((value - zero) << LEFT, multiplier.mantissa)
    return rounding_divide_by_pot(product, -multiplier.shift)


def _keeps_order(a: Tensor, b: Tensor, multiplier: Multiplier) -> bool:
    """Whether the stored values compare as the rescaled ones do: one scale, no two values one."""
    if a.quantization != b.quantization or a.dtype is DType.INT16:
        return False
    low, high = RANGE[a.dtype.name]
    values = [rescaled(q, a.zero_point, multiplier) for q in range(low, high + 1)]
    return all(one < two for one, two in pairwise(values))


_KERNELS = {
    "EQUAL": ("equal", False),
    "NOT_EQUAL": ("not_equal", False),
    "LESS": ("less", False),
    "LESS_EQUAL": ("less_equal", False),
    "GREATER": ("less", True),
    "GREATER_EQUAL": ("less_equal", True),
}


def _lower_comparison(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    stem, swapped = _KERNELS[op.kind]
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    a, b = (b, a) if swapped else (a, b)
    params = None
    if _rescaled(op, a):
        one, two = shared_scale(a, b)
        if not _keeps_order(a, b, one):
            params = Params(
                "ep_compare_t",
                (
                    ("mantissa_a", one.mantissa),
                    ("mantissa_b", two.mantissa),
                    ("zero_a", a.zero_point),
                    ("zero_b", b.zero_point),
                    ("right_a", -one.shift),
                    ("right_b", -two.shift),
                ),
            )
    scaled = "" if params is None else "_scaled"
    by_bits = not scaled and a.dtype.bytes == 1 and op.kind in _EQUALITY
    suffix = "8" if by_bits else calls.SUFFIX[a.dtype]
    kernel = f"ep_{stem}{scaled}_{suffix}"
    return Lowered((broadcasting.broadcast_step(op, graph, kernel, "ep_compare", (a, b), params),))


def _check_logic(op: Operator, graph: Graph) -> None:
    broadcasting.check_operands(op, graph, ("bool",))


def _lower_logic(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    kernel = "ep_and_bool" if op.kind == "LOGICAL_AND" else "ep_or_bool"
    return Lowered((broadcasting.broadcast_step(op, graph, kernel, "ep_logic", (a, b)),))


def _check_not(op: Operator, graph: Graph) -> None:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, ("bool",))
    checks.require_shape(op, graph, y, x.shape)


def _lower_not(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    count = Scalar("uint32_t", x.elements)
    arguments: tuple[Argument, ...] = (*calls.refs(x, y), count)
    return elementwise(op, graph, "ep_not_bool", "ep_logic", arguments)


_NOTE = (
    f"Of {', '.join(ORDERED)}. "
    "8 bits are rescaled to a common scale with TFLite's rounding, so near values may be one. "
    "Scales of 1 and more, at which the reference's shift is undefined, compare as smaller ones."
)
_EQUALITY_NOTE = f"bool too. {_NOTE} int16 is rescaled where it has a scale."
_PARTS = (
    ("EQUAL", 71, 53, _check_equality, _EQUALITY_NOTE),
    ("NOT_EQUAL", 72, 54, _check_equality, _EQUALITY_NOTE),
    ("LESS", 58, 41, _check_order, _NOTE),
    ("LESS_EQUAL", 63, 46, _check_order, _NOTE),
    ("GREATER", 61, 44, _check_order, _NOTE),
    ("GREATER_EQUAL", 62, 45, _check_order, _NOTE),
)
_LOGIC = (("LOGICAL_AND", 86, 62), ("LOGICAL_OR", 84, 60))

ROWS: tuple[OperatorRow, ...] = (
    *(
        OperatorRow(
            kind=kind,
            code=code,
            options_type=options_type,
            inputs=(2, 2),
            types=("bool",),
            check=check,
            lower=_lower_comparison,
            notes=notes,
        )
        for kind, code, options_type, check, notes in _PARTS
    ),
    *(
        OperatorRow(
            kind=kind,
            code=code,
            options_type=options_type,
            inputs=(2, 2),
            types=("bool",),
            check=_check_logic,
            lower=_lower_logic,
        )
        for kind, code, options_type in _LOGIC
    ),
    OperatorRow(
        kind="LOGICAL_NOT",
        code=87,
        options_type=63,
        inputs=(1, 1),
        types=("bool",),
        check=_check_not,
        lower=_lower_not,
    ),
)
