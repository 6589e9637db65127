"""Conversions between quantised and real numbers: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler import tables
from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators import calls
from edgepack.compiler.operators.activation import lookup
from edgepack.compiler.operators.checks import (
    input_tensor,
    output_tensor,
    require_per_tensor,
    require_shape,
    require_type,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec, Overlap, Params, Scalar, Step

TARGETS = {
    DType.FLOAT32: ("int8", "uint8", "int16"),
    DType.INT8: ("int8", "uint8", "int16"),
    DType.UINT8: ("int8", "uint8", "int16"),
    DType.INT16: ("int8", "int16", "int32"),
    DType.INT32: ("int8", "int16"),
}


def check_quantize(op: Operator, graph: Graph) -> None:
    """Types that TFLite converts between, one scale each."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, tuple(dtype.name.lower() for dtype in TARGETS))
    require_type(op, graph, y, TARGETS[x.dtype])
    require_shape(op, graph, y, x.shape)
    require_per_tensor(op, graph, *((y,) if x.dtype is DType.FLOAT32 else (x, y)))


def lower_quantize(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A table between bytes, arithmetic from float32 and int16."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    if x.dtype.bytes == y.dtype.bytes == 1:
        return lookup(op, graph, tables.requantize_table(x, y))
    names = f"{calls.SUFFIX[x.dtype]}_{calls.SUFFIX[y.dtype]}"
    if x.dtype is DType.FLOAT32:
        fields = (("count", x.elements), ("scale", y.scale), ("zero_point", y.zero_point))
        return _convert(op, f"ep_quantize_{names}", Params("ep_quantize_t", fields), x, y)
    multiplier = quantize_multiplier(x.scale / y.scale)
    params = Params(
        "ep_requantize_t",
        (
            ("count", x.elements),
            ("x_zero_point", x.zero_point),
            ("y_zero_point", y.zero_point),
            ("mantissa", multiplier.mantissa),
            ("shift", multiplier.shift),
        ),
    )
    return _convert(op, f"ep_requantize_{names}", params, x, y)


def _convert(
    op: Operator,
    kernel: str,
    params: Params | Scalar,
    x: Tensor,
    y: Tensor,
    source: str = "ep_quantize",
) -> Lowered:
    """A step element by element, upwards; the output may run into what the input has left."""
    lead = max(0, y.bytes - x.bytes)
    inputs = calls.in_ram(x)
    step = Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=(params, *calls.refs(x, y)),
        inputs=inputs,
        outputs=(y.index,),
        overlaps=tuple(Overlap(index, y.index, lead) for index in inputs),
    )
    return Lowered(steps=(step,))


def check_dequantize(op: Operator, graph: Graph) -> None:
    """From a quantised type with one scale, or from halves, to float32."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, ("int8", "uint8", "int16", "float16"))
    require_type(op, graph, y, ("float32",))
    require_shape(op, graph, y, x.shape)
    if x.dtype is not DType.FLOAT16:
        require_per_tensor(op, graph, x)


def lower_dequantize(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One multiplication an element; halves only become wider."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    if x.dtype is DType.FLOAT16:
        count = Scalar("uint32_t", x.elements)
        return _convert(op, "ep_dequantize_f16", count, x, y, "ep_dequantize")
    fields = (("count", x.elements), ("scale", x.scale), ("zero_point", x.zero_point))
    kernel = f"ep_dequantize_{calls.SUFFIX[x.dtype]}"
    return _convert(op, kernel, Params("ep_dequantize_t", fields), x, y, "ep_dequantize")


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="QUANTIZE",
        code=114,
        inputs=(1, 1),
        types=("int8", "uint8", "int16", "int32"),
        check=check_quantize,
        lower=lower_quantize,
        notes="From float32, int8, uint8, int16 and int32. Values beyond 2**31 steps saturate; in "
        "TFLite they are undefined.",
    ),
    OperatorRow(
        kind="DEQUANTIZE",
        code=6,
        inputs=(1, 1),
        types=("float32",),
        check=check_dequantize,
        lower=lower_dequantize,
        notes="From int8, uint8, int16 and float16.",
    ),
)
