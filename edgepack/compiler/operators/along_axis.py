"""Places of extremes, the largest few, running sums along an axis: rows of the table."""

from __future__ import annotations

from math import prod

from edgepack.compiler.operators import calls, checks, totals
from edgepack.compiler.operators.activation import elementwise
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, FieldValue, Lowered, LowerSpec, Params, Step

ARG_TYPES = ("float32", "int8", "uint8", "int32", "bool")
TOP_TYPES = ("float32", "int8", "uint8", "int16", "int32", "int64")
SUM_TYPES = ("int8", "float32", "int32", "int64")


def _axis(op: Operator, graph: Graph, data: Tensor) -> int:
    values = checks.constant_ints(op, graph, 1)
    checks.require(
        len(values) == 1,
        op,
        graph,
        f"{len(values)} axes; it takes 1. {checks.RECONVERT}.",
    )
    return checks.axis_of(op, graph, values[0], len(data.shape))


def _block(shape: tuple[int, ...], axis: int) -> tuple[tuple[str, FieldValue], ...]:
    return (
        ("outer", prod(shape[:axis])),
        ("size", shape[axis]),
        ("inner", prod(shape[axis + 1 :])),
    )


def _check_arg(op: Operator, graph: Graph) -> None:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ARG_TYPES)
    checks.require_rank(op, graph, data, 1, 8)
    axis = _axis(op, graph, data)
    checks.require_shape(op, graph, output, data.shape[:axis] + data.shape[axis + 1 :])


def _lower_arg(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    wide = "_s64" if output.dtype is DType.INT64 else ""
    params = Params("ep_arg_t", _block(data.shape, _axis(op, graph, data)))
    arguments: tuple[Argument, ...] = (params, *calls.refs(data, output))
    kernel = f"ep_{op.kind.lower()}_{calls.SUFFIX[data.dtype]}{wide}"
    return Lowered((Step(op.index, kernel, "ep_arg", arguments, calls.in_ram(data), op.outputs),))


def _check_cumsum(op: Operator, graph: Graph) -> None:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, SUM_TYPES)
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, data, 1, 8)
    checks.require_shape(op, graph, output, data.shape)
    _axis(op, graph, data)
    if data.dtype is DType.INT8:
        totals.check(op, graph, data, output)


def _lower_cumsum(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    params = Params(
        "ep_cumulate_t",
        (
            *_block(data.shape, _axis(op, graph, data)),
            ("exclusive", int(op.option("exclusive"))),
            ("reverse", int(op.option("reverse"))),
        ),
    )
    if data.dtype is DType.INT8:
        scale = totals.params(data, output)
        kernel = "ep_cumulate_s8"
        return elementwise(op, graph, kernel, kernel, (params, scale, *calls.refs(data, output)))
    suffix = "f32" if data.dtype is DType.FLOAT32 else str(8 * data.dtype.bytes)
    arguments: tuple[Argument, ...] = (params, *calls.refs(data, output))
    return elementwise(op, graph, f"ep_cumulate_{suffix}", "ep_cumulate", arguments)


def _check_top(op: Operator, graph: Graph) -> None:
    data = checks.input_tensor(op, graph, 0)
    values, places = checks.output_tensor(op, graph, 0), checks.output_tensor(op, graph, 1)
    checks.require_type(op, graph, data, TOP_TYPES)
    checks.require_same_type(op, graph, data, values)
    checks.require_type(op, graph, places, ("int32",))
    checks.require_rank(op, graph, data, 1, 8)
    counts = checks.constant_ints(op, graph, 1)
    checks.require(
        len(counts) == 1 and 1 <= counts[0] <= data.shape[-1],
        op,
        graph,
        f"k is {', '.join(map(str, counts))}; it must lie in 1 to {data.shape[-1]}, the last "
        f"dimension of {checks.tensor_text(data)}. {checks.RECONVERT}.",
    )
    for output in (values, places):
        checks.require_shape(op, graph, output, (*data.shape[:-1], counts[0]))


def _lower_top(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data = checks.input_tensor(op, graph, 0)
    values, places = checks.output_tensor(op, graph, 0), checks.output_tensor(op, graph, 1)
    fields = (
        ("rows", prod(data.shape[:-1])),
        ("size", data.shape[-1]),
        ("count", values.shape[-1]),
    )
    kernel = f"ep_top_{calls.SUFFIX[data.dtype]}"
    arguments: tuple[Argument, ...] = (
        Params("ep_top_t", fields),
        *calls.refs(data, values, places),
    )
    return Lowered((Step(op.index, kernel, "ep_top", arguments, calls.in_ram(data), op.outputs),))


ROWS: tuple[OperatorRow, ...] = (
    *(
        OperatorRow(
            kind=kind,
            code=code,
            options_type=options_type,
            options=(OptionField("output_type", 0, "int8"),),
            inputs=(2, 2),
            types=("int32", "int64"),
            check=_check_arg,
            lower=_lower_arg,
            notes=f"Of {', '.join(ARG_TYPES)}. The first of equals; the axis must be constant. "
            "A NaN counts only where all are, as in TensorFlow; LiteRT has no order for them.",
        )
        for kind, code, options_type in (("ARG_MAX", 56, 40), ("ARG_MIN", 79, 57))
    ),
    OperatorRow(
        kind="CUMSUM",
        code=128,
        options_type=102,
        options=(OptionField("exclusive", 0, "bool"), OptionField("reverse", 1, "bool")),
        inputs=(2, 2),
        types=SUM_TYPES,
        check=_check_cumsum,
        lower=_lower_cumsum,
        oracle="LiteRT reference; int8: TFLite Micro",
        notes="The axis must be constant. int8, which LiteRT does not take, is TFLite Micro's, "
        "whose sums start at minus the zero point; where those overflow, here they do not.",
    ),
    OperatorRow(
        kind="TOPK_V2",
        code=48,
        options_type=34,
        inputs=(2, 2),
        outputs=(2, 2),
        types=TOP_TYPES,
        check=_check_top,
        lower=_lower_top,
        notes="Of equals the earlier comes first; k must be constant, the places are int32.",
    ),
)
