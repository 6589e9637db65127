"""GATHER, GATHER_ND and ONE_HOT: rows of the table of operators."""

from __future__ import annotations

from math import prod

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    input_tensor,
    output_tensor,
    require,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import (
    INDEX_TYPES,
    MOST_OFFSETS,
    TYPES,
    call_step,
    check_same,
    gather,
    mapped,
    one_int,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.walk import make_walk, row_strides
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec, Params

WIDTHS = (*INDEX_TYPES, "int16")


def check_gather(op: Operator, graph: Graph) -> None:
    """Indices that lie inside, or that the model computes; batches that agree."""
    x, y = check_same(op, graph)
    indices = input_tensor(op, graph, 1)
    require_type(op, graph, indices, WIDTHS)
    require(len(x.shape) > 0, op, graph, f"{tensor_text(x)} is a scalar. {RECONVERT}.")
    axis, batch = _gather_axes(op, graph)
    require(
        0 <= batch <= min(axis, len(indices.shape)) and indices.shape[:batch] == x.shape[:batch],
        op,
        graph,
        f"batch_dims is {batch}; it must lie in 0 to the axis, {axis}, and the first dimensions of "
        f"both inputs must agree. {RECONVERT}.",
    )
    require_shape(op, graph, y, (*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]))
    if indices.data is not None:
        _require_inside(op, graph, indices, x.shape[axis])


def _gather_axes(op: Operator, graph: Graph) -> tuple[int, int]:
    x, indices = input_tensor(op, graph, 0), input_tensor(op, graph, 1)
    axis = axis_of(op, graph, op.option("axis"), len(x.shape))
    batch = op.option("batch_dims")
    return axis, batch + len(indices.shape) if batch < 0 else batch


def _require_inside(op: Operator, graph: Graph, indices: Tensor, size: int) -> None:
    values = indices.array().reshape(-1)
    low, high = int(values.min()), int(values.max())
    require(
        low >= 0 and high < size,
        op,
        graph,
        f"{tensor_text(indices)} holds {low} to {high}; they must lie in 0 to {size - 1}. "
        f"{RECONVERT}.",
    )


def lower_gather(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk or tables of offsets for constant indices, else the kernel that bounds them."""
    x, indices = input_tensor(op, graph, 0), input_tensor(op, graph, 1)
    y = output_tensor(op, graph)
    axis, batch = _gather_axes(op, graph)
    if indices.data is not None and batch == 0 and sum(x.shape) + indices.elements <= MOST_OFFSETS:
        return _fixed_gather(op, x, y, axis, [int(i) for i in indices.array().ravel()], spec)
    fields = (
        ("batches", prod(x.shape[:batch])),
        ("outer", prod(x.shape[batch:axis])),
        ("size", x.shape[axis]),
        ("count", prod(indices.shape[batch:])),
        ("run", prod(x.shape[axis + 1 :]) * x.dtype.bytes),
        ("width", indices.dtype.bytes),
    )
    params = Params("ep_gather_t", fields)
    return Lowered(steps=(call_step(op, "ep_take", "ep_gather", (params,), (x, indices), y),))


def _fixed_gather(
    op: Operator, x: Tensor, y: Tensor, axis: int, places: list[int], spec: LowerSpec
) -> Lowered:
    dense = row_strides(x.shape)
    step = places[1] - places[0] if len(places) > 1 else 1
    if places == [places[0] + i * step for i in range(len(places))]:
        shape = (*x.shape[:axis], len(places), *x.shape[axis + 1 :])
        strides = (*dense[:axis], dense[axis] * step, *dense[axis + 1 :])
        walk = make_walk(places[0] * dense[axis], shape, strides)
        if walk.contiguous or len(walk.counts) <= 6:
            return gather(op, x, y, walk, spec)
    return mapped(op, x, y, [places if d == axis else range(n) for d, n in enumerate(x.shape)])


def check_gather_nd(op: Operator, graph: Graph) -> None:
    """Index vectors no longer than the input has dimensions."""
    x, y = check_same(op, graph)
    indices = input_tensor(op, graph, 1)
    require_type(op, graph, indices, WIDTHS)
    depth = indices.shape[-1] if indices.shape else 0
    require(
        0 < depth <= len(x.shape),
        op,
        graph,
        f"{tensor_text(indices)} indexes {depth} dimensions of {tensor_text(x)}; they must be 1 "
        f"to {len(x.shape)}. {RECONVERT}.",
    )
    require_shape(op, graph, y, (*indices.shape[:-1], *x.shape[depth:]))
    if indices.data is None:
        return
    values = indices.array().reshape(-1, depth)
    for axis in range(depth):
        low, high = int(values[:, axis].min()), int(values[:, axis].max())
        require(
            low >= 0 and high < x.shape[axis],
            op,
            graph,
            f"{tensor_text(indices)} holds {low} to {high} for dimension {axis}; they must lie in "
            f"0 to {x.shape[axis] - 1}. {RECONVERT}.",
        )


def lower_gather_nd(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Runs at places that are computed; indices are bounded."""
    x, indices = input_tensor(op, graph, 0), input_tensor(op, graph, 1)
    depth = indices.shape[-1]
    size = x.dtype.bytes
    fields = (
        ("count", prod(indices.shape[:-1])),
        ("depth", depth),
        ("run", prod(x.shape[depth:]) * size),
        ("width", indices.dtype.bytes),
        ("size", x.shape[:depth]),
        ("pitch", tuple(size * stride for stride in row_strides(x.shape)[:depth])),
    )
    params = Params("ep_gather_nd_t", fields)
    y = output_tensor(op, graph)
    return Lowered(steps=(call_step(op, "ep_take_nd", "ep_gather", (params,), (x, indices), y),))


def check_one_hot(op: Operator, graph: Graph) -> None:
    """A constant depth; one value for on and one for off, of the output's type."""
    indices, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, indices, INDEX_TYPES)
    depth = one_int(op, graph, 1)
    require(0 < depth <= 2**20, op, graph, f"depth is {depth}; it must be above 0. {RECONVERT}.")
    for place in (2, 3):
        value = input_tensor(op, graph, place)
        require_type(op, graph, value, TYPES)
        require_same_type(op, graph, y, value)
        if value.elements != 1:
            require_shape(op, graph, value, ())
    axis = _one_hot_axis(op, graph)
    require_shape(op, graph, y, (*indices.shape[:axis], depth, *indices.shape[axis:]))


def _one_hot_axis(op: Operator, graph: Graph) -> int:
    rank = len(input_tensor(op, graph, 0).shape)
    axis = op.option("axis")
    return rank if axis == -1 else axis_of(op, graph, axis, rank + 1)


def lower_one_hot(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One kernel; what is outside is off."""
    indices, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    axis = _one_hot_axis(op, graph)
    fields = (
        ("outer", prod(indices.shape[:axis])),
        ("depth", y.shape[axis]),
        ("inner", prod(indices.shape[axis:])),
        ("element", y.dtype.bytes),
        ("width", indices.dtype.bytes),
    )
    inputs = (indices, input_tensor(op, graph, 2), input_tensor(op, graph, 3))
    params = Params("ep_one_hot_t", fields)
    return Lowered(steps=(call_step(op, "ep_one_hot", "ep_one_hot", (params,), inputs, y),))


_OUTSIDE = (
    "An index that the model computes and that lies outside, which LiteRT refuses, is taken for "
    "the nearest one inside."
)

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="GATHER",
        code=36,
        options_type=23,
        options=(OptionField("axis", 0, "int32"), OptionField("batch_dims", 1, "int32")),
        inputs=(2, 2),
        types=TYPES,
        check=check_gather,
        lower=lower_gather,
        notes=_OUTSIDE,
    ),
    OperatorRow(
        kind="GATHER_ND",
        code=107,
        options_type=83,
        inputs=(2, 2),
        types=TYPES,
        check=check_gather_nd,
        lower=lower_gather_nd,
        notes=_OUTSIDE,
    ),
    OperatorRow(
        kind="ONE_HOT",
        code=85,
        options_type=61,
        options=(OptionField("axis", 0, "int32"),),
        inputs=(4, 4),
        types=TYPES,
        check=check_one_hot,
        lower=lower_one_hot,
        notes="The depth is a constant.",
    ),
)
