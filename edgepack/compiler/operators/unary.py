"""Functions of one element: rows of the table of operators.

8 bits are one kernel with a table of 256 bytes; most of 16 bits one that draws lines between 513.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler import tables, tables_unary
from edgepack.compiler.operators import calls, checks
from edgepack.compiler.operators.activation import elementwise, lookup
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, Const, Lowered, LowerSpec, Scalar

EIGHT_BITS = (DType.INT8, DType.UINT8)
Table = Callable[[Tensor, Tensor], NDArray[np.uint8]]
_TANH = "_tanh"  # the kernel of GELU's approximation


@dataclass(frozen=True, slots=True)
class Unary:
    """One function: its types, and how those of 8 and 16 bits are tabulated."""

    stem: str  # of its kernels
    types: tuple[str, ...]
    table: Table | None = None  # of 8 bits
    lines: Callable[[Tensor], tables_unary.Function] | None = None  # of 16, by the output
    stored: bool = False  # the function of stored values, whatever the scales


def _real(function: tables_unary.Function) -> Table:
    return lambda x, y: tables.real_table(x, y, function)


def _log_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    return tables.real_table(x, y, tables_unary.logarithm_of(y))


def _unit_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    return tables.relu_table(x, y, 0.0, 1.0)


_FUNCTIONS = {
    "ABS": Unary("abs", ("float32", "int8", "int16", "int32"), tables_unary.abs_table),
    "CEIL": Unary("ceil", ("float32",)),
    "COS": Unary("cos", ("float32",)),
    "ELU": Unary("elu", ("float32", "int8"), _real(tables_unary.elu)),
    "EXP": Unary(
        "exp",
        ("float32", "int8", "int16"),
        _real(tables_unary.exponential),
        lambda y: tables_unary.exponential,
    ),
    "FLOOR": Unary("floor", ("float32",)),
    "GELU": Unary(
        "gelu",
        ("float32", "int8", "uint8", "int16"),
        _real(tables_unary.gelu),
        lambda y: tables_unary.gelu,
    ),
    "LOG": Unary("log", ("float32", "int8", "int16"), _log_table, tables_unary.logarithm_of),
    "NEG": Unary(
        "neg",
        ("float32", "int8", "int16", "int32", "int64"),
        tables_unary.negative_table,
        stored=True,
    ),
    "RELU_0_TO_1": Unary("relu", ("float32", "int8", "uint8"), _unit_table),
    "ROUND": Unary("round", ("float32",)),
    "RSQRT": Unary(
        "rsqrt", ("float32", "int8", "int16"), tables_unary.rsqrt_table, tables_unary.rsqrt_of
    ),
    "SIGN": Unary("sign", ("float32", "int32")),
    "SIN": Unary("sin", ("float32",)),
    "SQRT": Unary("sqrt", ("float32", "int8", "int16"), tables_unary.sqrt_table),
    "SQUARE": Unary("square", ("float32",)),
}


def _check(op: Operator, graph: Graph) -> None:
    function = _FUNCTIONS[op.kind]
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, function.types)
    checks.require_same_type(op, graph, x, y)
    checks.require_shape(op, graph, y, x.shape)
    if function.stored or x.dtype not in (*EIGHT_BITS, DType.INT16):
        return
    if op.kind == "ABS" and x.dtype is DType.INT16 and x.quantization is None:
        return
    checks.require_per_tensor(op, graph, x, y)
    if x.dtype is DType.INT16 and op.kind in ("ABS", "LOG", "RSQRT", "SQRT"):
        checks.require_symmetric(op, graph, x, y)
    if op.kind == "RSQRT" and x.dtype is DType.INT8:
        shift = tables_unary.rsqrt_shift(x, y)
        checks.require(
            -31 <= shift <= 9,
            op,
            graph,
            f"{checks.tensor_text(y)} has scale {y.scale:.9g}, which is out of proportion to its "
            f"input's {x.scale:.9g}: the reference would shift by {shift} bits, -31 to 9 is the "
            "range. Quantise the model again with representative data.",
        )


def _arrays(x: Tensor, y: Tensor) -> tuple[Argument, ...]:
    return *calls.refs(x, y), Scalar("uint32_t", x.elements)


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    function = _FUNCTIONS[op.kind]
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    approximate = op.kind == "GELU" and op.option("approximate")
    if x.dtype in EIGHT_BITS:
        table = _real(tables_unary.gelu_by_tanh) if approximate else function.table
        assert table is not None
        return lookup(op, graph, table(x, y))
    if x.dtype is DType.INT16 and function.lines is not None:
        real = tables_unary.gelu_by_tanh if approximate else function.lines(y)
        data = tables_unary.line_table(x, y, real).astype("<i2").tobytes()
        constant = Const("table", "int16_t", data, "tables")
        arguments = (constant, *_arrays(x, y))
        return elementwise(op, graph, "ep_lines_s16", "ep_unary_int", arguments)
    if x.dtype is DType.INT16 and not function.stored and x.quantization is not None:
        return _lower_scaled(op, graph, x, y)
    if op.kind == "RELU_0_TO_1":
        bounds = (Scalar("float", 0.0), Scalar("float", 1.0))
        return elementwise(op, graph, "ep_relu_f32", "ep_relu", (*_arrays(x, y), *bounds))
    suffix = calls.SUFFIX[x.dtype]
    source = "ep_unary_f32" if suffix == "f32" else "ep_unary_int"
    kernel = f"ep_{function.stem}{_TANH if approximate else ''}_{suffix}"
    return elementwise(op, graph, kernel, source, _arrays(x, y))


def _lower_scaled(op: Operator, graph: Graph, x: Tensor, y: Tensor) -> Lowered:
    """ABS and SQRT of int16 with scales."""
    if op.kind == "SQRT":
        scales = (Scalar("float", x.scale), Scalar("float", y.scale))
        return elementwise(op, graph, "ep_sqrt_s16", "ep_unary_int", (*_arrays(x, y), *scales))
    multiplier = tables_unary.abs_multiplier(x, y)
    mantissa, shift = (0, 0) if multiplier is None else (multiplier.mantissa, multiplier.shift)
    extra = (Scalar("int32_t", mantissa), Scalar("int32_t", shift))
    return elementwise(op, graph, "ep_abs_scaled_s16", "ep_unary_int", (*_arrays(x, y), *extra))


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    code: int
    options_type: int = 0
    options: tuple[OptionField, ...] = ()
    oracle: str = "LiteRT reference"
    float_ulp: int = 0
    notes: str = ""


_MICRO = "TFLite Micro"
_PARTS = (
    _Row("ABS", 101, 78),
    _Row("CEIL", 104, oracle=_MICRO),
    _Row("COS", 108, 84, float_ulp=2),
    _Row("ELU", 111, oracle=_MICRO, float_ulp=2),
    _Row(
        "EXP",
        47,
        33,
        float_ulp=2,
        notes="8 and 16 bits saturate where exp overflows; LiteRT's answer is undefined there.",
    ),
    _Row("FLOOR", 8),
    _Row(
        "GELU",
        150,
        116,
        (OptionField("approximate", 0, "bool"),),
        float_ulp=16,
        notes="In float32 the approximation by tanh is within 2^-22 of the input's size; with "
        "erfc the bound holds where the result is normal. In 8 and 16 bits the tables are from "
        "correctly rounded values; LiteRT's hang on the host's erfcf, so that one entry in a "
        "hundred may be 1 off.",
    ),
    _Row("LOG", 73, float_ulp=1),
    _Row("NEG", 59, 42, notes="Integers are negated as they are stored, modulo 2^bits."),
    _Row("RELU_0_TO_1", 152),
    _Row("ROUND", 116, oracle=_MICRO, notes="Ties to even."),
    _Row(
        "RSQRT",
        76,
        notes="Where LiteRT fails, below 0 and in 16 bits at 0, 8 bits give the greatest number, "
        "16 bits lines that rise to it.",
    ),
    _Row("SIGN", 158, 123),
    _Row("SIN", 66, float_ulp=2),
    _Row(
        "SQRT",
        75,
        notes="Where LiteRT fails at a negative value, 8 and 16 bits give that of 0.",
    ),
    _Row("SQUARE", 92, 66),
)

ROWS: tuple[OperatorRow, ...] = tuple(
    OperatorRow(
        kind=part.kind,
        code=part.code,
        options_type=part.options_type,
        options=part.options,
        inputs=(1, 1),
        types=_FUNCTIONS[part.kind].types,
        check=_check,
        lower=_lower,
        oracle=part.oracle,
        float_ulp=part.float_ulp,
        notes=part.notes,
    )
    for part in _PARTS
)
