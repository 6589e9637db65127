"""CONCATENATION and SPLIT: rows of the table of operators."""

from __future__ import annotations

from math import prod

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_same_quantization,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import NUMBERS, TYPES, aligned, copy_step, one_int
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Alias, Lowered, LowerSpec, Step


def check_concatenation(op: Operator, graph: Graph) -> None:
    """Inputs that agree but for the axis, in type and in int8 and int16 in quantisation."""
    y = output_tensor(op, graph)
    inputs = [input_tensor(op, graph, place) for place in range(len(op.inputs))]
    require_type(op, graph, y, TYPES)
    require_same_type(op, graph, y, *inputs)
    activation = op.option("fused_activation_function")
    require(
        activation == "NONE",
        op,
        graph,
        f"has the activation {activation} fused; TFLite takes none here. Put it behind, as a "
        "layer of its own.",
    )
    axis = axis_of(op, graph, op.option("axis"), len(y.shape))
    for tensor in inputs:
        expected = list(y.shape)
        if len(tensor.shape) == len(y.shape):
            expected[axis] = tensor.shape[axis]
        require_shape(op, graph, tensor, expected)
        if y.dtype in (DType.INT8, DType.UINT8, DType.INT16):
            require_same_quantization(op, graph, y, tensor)
    made = list(y.shape)
    made[axis] = sum(tensor.shape[axis] for tensor in inputs)
    require_shape(op, graph, y, made)


def lower_concatenation(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Inputs placed inside the output where they can be computed there, else copied there."""
    y = output_tensor(op, graph)
    axis = op.option("axis") % len(y.shape)
    rows = prod(y.shape[:axis])
    steps: list[Step] = []
    aliases: list[Alias] = []
    start = 0
    for index in op.inputs:
        x = graph.tensor(index)
        size = x.bytes // rows
        if rows == 1 and aligned(start, spec) and _placeable(op, graph, index):
            aliases.append(Alias(y.index, index, start))
        else:
            steps.append(copy_step(op, x, y, rows=rows, size=size, y_start=start))
        start += size
    return Lowered(tuple(steps), tuple(aliases))


_ALIASING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SPLIT", "STRIDED_SLICE", "TRANSPOSE", "PAD",
             "PADV2")  # fmt: skip


def _placeable(op: Operator, graph: Graph, index: int) -> bool:
    """Whether a concatenation may say where its input lies.

    It may where a kernel computes that input for this concatenation first, once: then each tensor
    has at most one that says where it lies, and the places never contradict each other.
    """
    writer = next((other for other in graph.operators if index in other.outputs), None)
    if writer is None or writer.kind in _ALIASING:
        return False
    users = [o for o in graph.operators if o.kind == "CONCATENATION" and index in o.inputs]
    return users[0] is op and op.inputs.count(index) == 1 and index not in graph.outputs


def check_split(op: Operator, graph: Graph) -> None:
    """A constant axis that the number of outputs divides."""
    x = input_tensor(op, graph, 1)
    require_type(op, graph, x, NUMBERS)
    axis = axis_of(op, graph, one_int(op, graph, 0), len(x.shape))
    count = len(op.outputs)
    require(
        op.option("num_splits") == count and x.shape[axis] % count == 0,
        op,
        graph,
        f"splits dimension {axis} of {tensor_text(x)} by {op.option('num_splits')} into {count} "
        f"outputs; both must agree and divide it. {RECONVERT}.",
    )
    part = list(x.shape)
    part[axis] //= count
    for place in range(count):
        y = output_tensor(op, graph, place)
        require_same_type(op, graph, x, y)
        require_shape(op, graph, y, part)


def lower_split(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Parts of the input that lie within it where they are one run, else copies."""
    x = input_tensor(op, graph, 1)
    axis = constant_ints(op, graph, 0)[0] % len(x.shape)
    rows = prod(x.shape[:axis])
    parts = [output_tensor(op, graph, place) for place in range(len(op.outputs))]
    size = parts[0].bytes // rows
    if rows == 1 and x.data is None and aligned(size, spec):
        return Lowered(
            aliases=tuple(Alias(x.index, y.index, i * size) for i, y in enumerate(parts))
        )
    return Lowered(
        steps=tuple(
            copy_step(op, x, y, rows=rows, size=size, x_start=i * size) for i, y in enumerate(parts)
        )
    )


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="CONCATENATION",
        code=2,
        options_type=10,
        options=(
            OptionField("axis", 0, "int32"),
            OptionField("fused_activation_function", 1, "int8", 0, ACTIVATION),
        ),
        inputs=(1, 1024),
        types=TYPES,
        check=check_concatenation,
        lower=lower_concatenation,
        notes="Costs nothing along the outermost dimension that is not 1. One quantisation for "
        "all, as TFLite demands in int8; uint8 with several, which LiteRT rescales, is refused.",
    ),
    OperatorRow(
        kind="SPLIT",
        code=49,
        options_type=35,
        options=(OptionField("num_splits", 0, "int32"),),
        inputs=(2, 2),
        outputs=(1, 1024),
        types=NUMBERS,
        check=check_split,
        lower=lower_split,
        notes="Costs nothing along the outermost dimension that is not 1.",
    ),
)
