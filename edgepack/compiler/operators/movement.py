"""Operators that move data: rows of the table of operators.

What keeps its order is an alias and costs nothing; the rest are a few kernels that know elements
by their size: rows of bytes (`ep_copy`), runs with padding (`ep_pad`), a walk (`ep_strided`),
tables of offsets (`ep_mapped`), and those whose places the model computes (`ep_gather`, `ep_box`).
"""

from __future__ import annotations

from edgepack.compiler.operators import (
    blocks,
    gathers,
    joins,
    pads,
    parts,
    repeats,
    reshaping,
    resizing,
    shapes,
    slices,
)
from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_shape,
)
from edgepack.compiler.operators.moves import TYPES, check_same, gather
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.walk import make_walk, row_strides
from edgepack.graph import Graph, Operator
from edgepack.program import Lowered, LowerSpec


def check_transpose(op: Operator, graph: Graph) -> None:
    """A constant permutation of up to 6 dimensions."""
    x, y = check_same(op, graph)
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


ROWS: tuple[OperatorRow, ...] = (
    *reshaping.ROWS,
    *pads.ROWS,
    *joins.ROWS,
    *parts.ROWS,
    *slices.ROWS,
    *gathers.ROWS,
    *blocks.ROWS,
    *repeats.ROWS,
    *resizing.ROWS,
    *shapes.ROWS,
    OperatorRow(
        kind="TRANSPOSE",
        code=39,
        inputs=(2, 2),
        types=TYPES,
        check=check_transpose,
        lower=lower_transpose,
        notes="Up to 6 dimensions, as TFLite.",
    ),
)
