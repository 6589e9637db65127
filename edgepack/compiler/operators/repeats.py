"""TILE, BROADCAST_TO and FILL: rows of the table of operators."""

from __future__ import annotations

import dataclasses

from edgepack.compiler.operators.checks import (
    RECONVERT,
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
    check_same,
    gather,
    mapped,
    require_small_tables,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.walk import RANK, Walk, broadcast_walk, make_walk, row_strides
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec


def check_tile(op: Operator, graph: Graph) -> None:
    """Constant multiples, one a dimension."""
    x, y = check_same(op, graph)
    require_shape(op, graph, input_tensor(op, graph, 1), (len(x.shape),))
    times = constant_ints(op, graph, 1)
    require(
        min(times, default=1) > 0,
        op,
        graph,
        f"repeats {list(times)} times; each must be above 0. {RECONVERT}.",
    )
    require_shape(op, graph, y, [n * m for n, m in zip(x.shape, times, strict=True)])
    if len(_tile_walk(x, y).counts) > RANK + 1:
        require_small_tables(op, graph, y)


def lower_tile(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk that stands still from tile to tile, or tables that begin again at each."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    walk = _tile_walk(x, y)
    if len(walk.counts) <= RANK + 1:
        return gather(op, x, y, walk, spec)
    return mapped(
        op, x, y, [[i % n for i in range(m)] for n, m in zip(x.shape, y.shape, strict=True)]
    )


def _tile_walk(x: Tensor, y: Tensor) -> Walk:
    """Along each dimension the tiles, which stand still, then what is in one."""
    sizes = zip(x.shape, y.shape, row_strides(x.shape), strict=True)
    pairs = [pair for n, m, stride in sizes for pair in ((m // n, 0), (n, stride))]
    return make_walk(0, [count for count, _ in pairs], [stride for _, stride in pairs])


def check_broadcast_to(op: Operator, graph: Graph) -> None:
    """A constant shape that the input broadcasts to."""
    x, y = check_same(op, graph)
    shape = constant_ints(op, graph, 1)
    require_shape(op, graph, y, shape)
    padded = (1,) * (len(shape) - len(x.shape)) + x.shape
    require(
        len(padded) == len(shape) and all(n in (1, m) for n, m in zip(padded, shape, strict=True)),
        op,
        graph,
        f"{tensor_text(x)} does not broadcast to {list(shape)}; each dimension must be equal or 1. "
        f"{RECONVERT}.",
    )
    if len(broadcast_walk(y.shape, x.shape).counts) > RANK + 1:
        require_small_tables(op, graph, y)


def lower_broadcast_to(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk that stands still along the dimensions of 1."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    walk = broadcast_walk(y.shape, x.shape)
    if len(walk.counts) <= RANK + 1:
        return gather(op, x, y, walk, spec)
    padded = (1,) * (len(y.shape) - len(x.shape)) + x.shape
    whole = dataclasses.replace(x, shape=padded)
    places = [[i % n for i in range(m)] for n, m in zip(padded, y.shape, strict=True)]
    return mapped(op, whole, y, places)


def check_fill(op: Operator, graph: Graph) -> None:
    """A constant shape, and one value of the output's type."""
    value, y = input_tensor(op, graph, 1), output_tensor(op, graph)
    require_type(op, graph, value, TYPES)
    require_same_type(op, graph, value, y)
    if value.elements != 1:
        require_shape(op, graph, value, ())
    require_shape(op, graph, y, constant_ints(op, graph, 0))


def lower_fill(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk that stands still."""
    value, y = input_tensor(op, graph, 1), output_tensor(op, graph)
    return gather(op, value, y, make_walk(0, (y.elements,), (0,)), spec)


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="TILE",
        code=69,
        options_type=51,
        inputs=(2, 2),
        types=TYPES,
        check=check_tile,
        lower=lower_tile,
    ),
    OperatorRow(
        kind="BROADCAST_TO",
        code=130,
        options_type=104,
        inputs=(2, 2),
        types=TYPES,
        check=check_broadcast_to,
        lower=lower_broadcast_to,
    ),
    OperatorRow(
        kind="FILL",
        code=94,
        options_type=68,
        inputs=(2, 2),
        types=TYPES,
        check=check_fill,
        lower=lower_fill,
    ),
)
