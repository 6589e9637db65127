"""SPLIT, SPLIT_V and UNPACK: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import (
    TYPES,
    aligned,
    copy_step,
    one_int,
    rows_before,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Alias, Lowered, LowerSpec, Step


def check_split(op: Operator, graph: Graph) -> None:
    """A constant axis that the number of outputs divides."""
    x = input_tensor(op, graph, 1)
    require_type(op, graph, x, TYPES)
    axis = axis_of(op, graph, one_int(op, graph, 0), len(x.shape))
    count = len(op.outputs)
    require(
        op.option("num_splits") == count and x.shape[axis] % count == 0,
        op,
        graph,
        f"splits dimension {axis} of {tensor_text(x)} by {op.option('num_splits')} into {count} "
        f"outputs; both must agree and divide it. {RECONVERT}.",
    )
    _require_parts(op, graph, x, axis, [x.shape[axis] // count] * count)


def _require_parts(op: Operator, graph: Graph, x: Tensor, axis: int, sizes: list[int]) -> None:
    for place, size in enumerate(sizes):
        y = output_tensor(op, graph, place)
        require_same_type(op, graph, x, y)
        require_shape(op, graph, y, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


def lower_split(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Parts of the input that lie within it where they are one run, else copies."""
    x = input_tensor(op, graph, 1)
    return _lower_parts(op, graph, x, constant_ints(op, graph, 0)[0], spec)


def _lower_parts(op: Operator, graph: Graph, x: Tensor, axis: int, spec: LowerSpec) -> Lowered:
    rows = rows_before(x.shape, axis % len(x.shape))
    steps: list[Step] = []
    aliases: list[Alias] = []
    start = 0
    for place in range(len(op.outputs)):
        y = output_tensor(op, graph, place)
        size = y.bytes // rows
        if rows == 1 and x.in_arena and aligned(start, spec):
            aliases.append(Alias(x.index, y.index, start))
        else:
            steps.append(copy_step(op, x, y, rows=rows, size=size, x_start=start))
        start += size
    return Lowered(tuple(steps), tuple(aliases))


def check_split_v(op: Operator, graph: Graph) -> None:
    """Constant sizes, at most one of them -1 for the rest, and a constant axis."""
    x = input_tensor(op, graph, 0)
    require_type(op, graph, x, TYPES)
    axis = axis_of(op, graph, one_int(op, graph, 2), len(x.shape))
    sizes = list(constant_ints(op, graph, 1))
    known = sum(size for size in sizes if size != -1)
    made = [x.shape[axis] - known if size == -1 else size for size in sizes]
    require(
        sizes.count(-1) <= 1
        and min(made, default=0) > 0
        and sum(made) == x.shape[axis]
        and len(made) == len(op.outputs) == op.option("num_splits"),
        op,
        graph,
        f"splits dimension {axis} of {tensor_text(x)} into {sizes[:8]} for {len(op.outputs)} "
        f"outputs; the sizes must be as many and make up the dimension. {RECONVERT}.",
    )
    _require_parts(op, graph, x, axis, made)


def lower_split_v(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """As SPLIT."""
    x = input_tensor(op, graph, 0)
    return _lower_parts(op, graph, x, constant_ints(op, graph, 2)[0], spec)


def check_unpack(op: Operator, graph: Graph) -> None:
    """An axis that has as many slices as there are outputs."""
    x = input_tensor(op, graph, 0)
    require_type(op, graph, x, TYPES)
    axis = axis_of(op, graph, op.option("axis"), len(x.shape))
    require(
        op.option("num") == len(op.outputs) == x.shape[axis],
        op,
        graph,
        f"takes dimension {axis} of {tensor_text(x)} apart into {op.option('num')} for "
        f"{len(op.outputs)} outputs; all must agree. {RECONVERT}.",
    )
    for place in range(len(op.outputs)):
        y = output_tensor(op, graph, place)
        require_same_type(op, graph, x, y)
        require_shape(op, graph, y, (*x.shape[:axis], *x.shape[axis + 1 :]))


def lower_unpack(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """As SPLIT."""
    return _lower_parts(op, graph, input_tensor(op, graph, 0), op.option("axis"), spec)


_NOTES = "Costs nothing along the outermost dimension that is not 1."

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SPLIT",
        code=49,
        options_type=35,
        options=(OptionField("num_splits", 0, "int32"),),
        inputs=(2, 2),
        outputs=(1, 1024),
        types=TYPES,
        check=check_split,
        lower=lower_split,
        notes=_NOTES,
    ),
    OperatorRow(
        kind="SPLIT_V",
        code=102,
        options_type=79,
        options=(OptionField("num_splits", 0, "int32"),),
        inputs=(3, 3),
        outputs=(1, 1024),
        types=TYPES,
        check=check_split_v,
        lower=lower_split_v,
        notes=_NOTES,
    ),
    OperatorRow(
        kind="UNPACK",
        code=88,
        options_type=64,
        options=(OptionField("num", 0, "int32"), OptionField("axis", 1, "int32")),
        inputs=(1, 1),
        outputs=(1, 1024),
        types=TYPES,
        check=check_unpack,
        lower=lower_unpack,
        notes=_NOTES,
    ),
)
