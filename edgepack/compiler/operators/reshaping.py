"""RESHAPE, SQUEEZE and EXPAND_DIMS: rows of the table of operators."""

from __future__ import annotations

from math import prod

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    require,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import (
    INDEX_TYPES,
    TYPES,
    check_same,
    lower_same_bytes,
    one_int,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import Graph, Operator


def check_reshape(op: Operator, graph: Graph) -> None:
    """A constant shape with at most one -1, which is the output's; or one that the model computes,
    where the output's shape in the file has as many elements."""
    x, y = check_same(op, graph)
    if len(op.inputs) > 1 and input_tensor(op, graph, 1).data is None and x.elements == y.elements:
        require_type(op, graph, input_tensor(op, graph, 1), INDEX_TYPES)
        return
    shape = _reshape_target(op, graph)
    known = prod(size for size in shape if size != -1)
    missing = x.elements // known if known > 0 else 0
    made = tuple(missing if size == -1 else size for size in shape)
    require(
        shape.count(-1) <= 1 and min(made, default=1) > 0 and prod(made) == x.elements,
        op,
        graph,
        f"{tensor_text(x)} cannot be reshaped to [{','.join(map(str, shape))}]; the elements must "
        f"be as many. {RECONVERT}.",
    )
    require_shape(op, graph, y, made)


def _reshape_target(op: Operator, graph: Graph) -> tuple[int, ...]:
    if len(op.inputs) > 1 and len(input_tensor(op, graph, 1).shape) == 1:
        return constant_ints(op, graph, 1)
    shape = tuple(op.option("new_shape"))
    return () if shape == (0,) else shape  # old files say so for a scalar


def check_squeeze(op: Operator, graph: Graph) -> None:
    """Dimensions of 1 left out: those named, or all."""
    x, y = check_same(op, graph)
    rank = len(x.shape)
    named = {axis_of(op, graph, axis, rank) for axis in op.option("squeeze_dims")}
    for axis in sorted(named):
        require(
            x.shape[axis] == 1,
            op,
            graph,
            f"squeezes dimension {axis} of {tensor_text(x)}; only a dimension of 1 can be. "
            f"{RECONVERT}.",
        )
    gone = named or {axis for axis in range(rank) if x.shape[axis] == 1}
    require_shape(op, graph, y, tuple(n for axis, n in enumerate(x.shape) if axis not in gone))


def check_expand_dims(op: Operator, graph: Graph) -> None:
    """One more dimension of 1, at a constant place."""
    x, y = check_same(op, graph)
    axis = axis_of(op, graph, one_int(op, graph, 1), len(x.shape) + 1)
    require_shape(op, graph, y, (*x.shape[:axis], 1, *x.shape[axis:]))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="RESHAPE",
        code=22,
        options_type=17,
        options=(OptionField("new_shape", 0, "ints"),),
        inputs=(1, 2),
        types=TYPES,
        check=check_reshape,
        lower=lower_same_bytes,
        notes="Costs nothing: the output is the input's memory. Where the model computes the "
        "shape, the one in the file is taken, as TFLite Micro does.",
    ),
    OperatorRow(
        kind="SQUEEZE",
        code=43,
        options_type=30,
        options=(OptionField("squeeze_dims", 0, "ints"),),
        inputs=(1, 1),
        types=TYPES,
        check=check_squeeze,
        lower=lower_same_bytes,
        notes="Costs nothing: the output is the input's memory.",
    ),
    OperatorRow(
        kind="EXPAND_DIMS",
        code=70,
        inputs=(2, 2),
        types=TYPES,
        check=check_expand_dims,
        lower=lower_same_bytes,
        notes="Costs nothing: the output is the input's memory.",
    ),
)
