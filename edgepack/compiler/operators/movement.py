"""Operators that move data: rows of the table of operators.

What keeps its order is an alias and costs nothing; the rest are three kernels that know elements
by their size: rows of bytes (`ep_copy`), runs with padding (`ep_pad`), a walk (`ep_strided`).
"""

from __future__ import annotations

from edgepack.compiler.operators import joins, pads, reshaping
from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_same_type,
    require_shape,
    require_type,
)
from edgepack.compiler.operators.moves import TYPES, gather
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.slicing import strided_slice_of
from edgepack.compiler.walk import make_walk, row_strides
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec


def check_transpose(op: Operator, graph: Graph) -> None:
    """A constant permutation of up to 6 dimensions."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    require_rank(op, graph, x, 1, 6)
    order = _permutation(op, graph)
    require_shape(op, graph, y, [x.shape[axis] for axis in order])


def _permutation(op: Operator, graph: Graph) -> list[int]:
    rank = len(input_tensor(op, graph, 0).shape)
    values = constant_ints(op, graph, 1)
    order = [axis_of(op, graph, axis, rank) for axis in values]
    require(
        sorted(order) == list(range(rank)),
        op,
        graph,
        f"permutes by {list(values)}; each of {rank} dimensions must appear once. {RECONVERT}.",
    )
    return order


def lower_transpose(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk over the input in the output's order."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    strides = row_strides(x.shape)
    order = _permutation(op, graph)
    return gather(op, x, y, make_walk(0, y.shape, [strides[axis] for axis in order]), spec)


def check_strided_slice(op: Operator, graph: Graph) -> None:
    """Constant begin, end and strides of up to 5 dimensions, without ellipsis and new axes."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    require_rank(op, graph, x, 1, 5)
    require_shape(op, graph, y, strided_slice_of(op, graph).shape)


def lower_strided_slice(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk over what is kept."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    part = strided_slice_of(op, graph)
    dense = row_strides(x.shape)
    start = sum(begin * stride for begin, stride in zip(part.begin, dense, strict=True))
    strides = [step * stride for step, stride in zip(part.step, dense, strict=True)]
    return gather(op, x, y, make_walk(start, part.count, strides), spec)


_SLICE_OPTIONS = (
    OptionField("begin_mask", 0, "int32"),
    OptionField("end_mask", 1, "int32"),
    OptionField("ellipsis_mask", 2, "int32"),
    OptionField("new_axis_mask", 3, "int32"),
    OptionField("shrink_axis_mask", 4, "int32"),
    OptionField("offset", 5, "bool", False),
)

ROWS: tuple[OperatorRow, ...] = (
    *reshaping.ROWS,
    *pads.ROWS,
    *joins.ROWS,
    OperatorRow(
        kind="TRANSPOSE",
        code=39,
        inputs=(2, 2),
        types=TYPES,
        check=check_transpose,
        lower=lower_transpose,
        notes="Up to 6 dimensions, as TFLite.",
    ),
    OperatorRow(
        kind="STRIDED_SLICE",
        code=45,
        options_type=32,
        options=_SLICE_OPTIONS,
        inputs=(4, 4),
        types=TYPES,
        check=check_strided_slice,
        lower=lower_strided_slice,
        notes="Up to 5 dimensions. Where an ellipsis stands for no dimension at all LiteRT takes "
        "it for one; here it is none, as in TensorFlow. With `offset`, LiteRT reads past the input "
        "where the end lies beyond; here it is cut there.",
    ),
)
