"""Choices between elements, conversions of their type, and zeros: rows of the table."""

from __future__ import annotations

from edgepack.compiler.operators import broadcasting, calls, checks
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import (
    Alias,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Scalar,
    Step,
    TensorRef,
)

MOVED = (
    *("int8", "uint8", "int16", "int32", "int64", "bool"),
    *("float32", "float16", "uint32", "uint16"),
)
_FLOATS = (DType.FLOAT32, DType.FLOAT16)
_BY_BYTES = {1: "s8", 2: "s16", 4: "s32", 8: "s64"}


def _choices(op: Operator, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    condition, a, b = (checks.input_tensor(op, graph, place) for place in range(3))
    return condition, a, b


def _condition_shape(op: Operator, condition: Tensor, a: Tensor) -> tuple[int, ...]:
    """How the condition lies against the choices: SELECT's vector picks whole slices."""
    if op.kind == "SELECT" and len(condition.shape) == 1 and len(a.shape) > 1:
        return (*condition.shape, *(1,) * (len(a.shape) - 1))
    return condition.shape


def _check_select(op: Operator, graph: Graph) -> None:
    condition, a, b = _choices(op, graph)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, condition, ("bool",))
    checks.require_type(op, graph, a, MOVED)
    checks.require_same_type(op, graph, a, b, output)
    if op.kind == "SELECT":
        checks.require_shape(op, graph, b, a.shape)
        checks.require_shape(op, graph, output, a.shape)
        whole = condition.elements == 1 and len(condition.shape) <= 1
        vector = condition.shape == a.shape[:1]
        checks.require(
            whole or vector or condition.shape == a.shape,
            op,
            graph,
            f"{checks.tensor_text(condition)} is neither one value, nor one a slice of "
            f"{checks.tensor_text(a)}, nor of its shape. {checks.RECONVERT}.",
        )
    else:
        checks.require_shape(op, graph, output, _common_shape(op, graph, condition, a, b))
    shape = _condition_shape(op, condition, a)
    broadcasting.require_loops(op, graph, shape, a.shape, b.shape)


def _common_shape(op: Operator, graph: Graph, *tensors: Tensor) -> tuple[int, ...]:
    rank = max(len(tensor.shape) for tensor in tensors)
    padded = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in tensors]
    shape = tuple(max(sizes) for sizes in zip(*padded, strict=True))
    for tensor, sizes in zip(tensors, padded, strict=True):
        checks.require(
            all(size in (1, whole) for size, whole in zip(sizes, shape, strict=True)),
            op,
            graph,
            f"{checks.tensor_text(tensor)} does not broadcast to [{','.join(map(str, shape))}], "
            f"as its other inputs imply. {checks.RECONVERT}.",
        )
    return shape


def _lower_select(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    condition, a, b = _choices(op, graph)
    output = checks.output_tensor(op, graph)
    shape = _condition_shape(op, condition, a)
    loops = broadcasting.nested_loops(shape, a.shape, b.shape)
    inputs = calls.in_ram(condition, a, b)
    refs = calls.refs(condition, a, b, output)
    step = Step(
        operator=op.index,
        kernel=f"ep_select_{8 * output.dtype.bytes}",
        source="ep_select",
        arguments=(Params("ep_select_t", broadcasting.loop_fields(loops, "cab")), *refs),
        inputs=inputs,
        outputs=op.outputs,
        overlaps=calls.overlaps_in_place(graph, inputs, output),
    )
    return Lowered((step,))


def _check_cast(op: Operator, graph: Graph) -> None:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, MOVED)
    checks.require_type(op, graph, y, MOVED)
    checks.require_shape(op, graph, y, x.shape)


def cast_kernel(source: DType, target: DType) -> str | None:
    """The function that converts; None where the bytes stay as they are."""
    if source is target:
        return None
    whole = source in _FLOATS or target in _FLOATS or target is DType.BOOL
    if not whole and source.bytes == target.bytes:
        return None
    to = calls.SUFFIX[target] if whole else _BY_BYTES[target.bytes]
    stored = "u8" if source is DType.BOOL else calls.SUFFIX[source]
    return f"ep_cast_{stored}_{to}"


def _lower_cast(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    kernel = cast_kernel(x.dtype, y.dtype)
    if kernel is None:
        return Lowered(aliases=(Alias(x.index, y.index),))
    inputs = calls.in_ram(x)
    lead = max(0, (x.elements - 1) * (y.dtype.bytes - x.dtype.bytes))
    step = Step(
        operator=op.index,
        kernel=kernel,
        source="ep_cast",
        arguments=(*calls.refs(x, y), Scalar("uint32_t", x.elements)),
        inputs=inputs,
        outputs=op.outputs,
        overlaps=tuple(Overlap(index, y.index, lead) for index in inputs),
    )
    return Lowered((step,))


def _check_zeros(op: Operator, graph: Graph) -> None:
    x, y = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require_type(op, graph, x, ("float32", "int8", "int32", "int64"))
    checks.require_same_type(op, graph, x, y)
    checks.require_shape(op, graph, y, x.shape)


def _lower_zeros(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    output = checks.output_tensor(op, graph)
    arguments = (TensorRef(output.index), Scalar("uint32_t", output.bytes))
    return Lowered((Step(op.index, "ep_zero", "ep_zero", arguments, (), op.outputs),))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SELECT",
        code=64,
        options_type=47,
        inputs=(3, 3),
        types=MOVED,
        check=_check_select,
        lower=_lower_select,
        notes="The stored values are chosen, whatever the scales.",
    ),
    OperatorRow(
        kind="SELECT_V2",
        code=123,
        options_type=98,
        inputs=(3, 3),
        types=MOVED,
        check=_check_select,
        lower=_lower_select,
        notes="The stored values are chosen, whatever the scales.",
    ),
    OperatorRow(
        kind="CAST",
        code=53,
        options_type=37,
        options=(
            OptionField("in_data_type", 0, "int8"),
            OptionField("out_data_type", 1, "int8"),
        ),
        inputs=(1, 1),
        types=MOVED,
        check=_check_cast,
        lower=_lower_cast,
        notes="The stored values are converted; floats saturate, a NaN becomes the type's maximum.",
    ),
    OperatorRow(
        kind="ZEROS_LIKE",
        code=93,
        options_type=67,
        inputs=(1, 1),
        types=("float32", "int8", "int32", "int64"),
        check=_check_zeros,
        lower=_lower_zeros,
        notes="int8, which LiteRT does not take, gets stored zeros, as in TFLite Micro.",
    ),
)
