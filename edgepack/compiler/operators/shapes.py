"""SHAPE, RANK, RANGE and BROADCAST_ARGS: rows of the table of operators.

What they make is known before the model runs, so they become constants; where it is an output of
the model, it is copied there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.checks import (
    RECONVERT,
    broadcast_shape,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_rank,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.moves import INDEX_TYPES, constant_step
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.schema_names import TENSOR_TYPES
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 2**24  # elements of a range
RANGE_TYPES = ("int32", "int64", "float32")


def check_shape(op: Operator, graph: Graph) -> None:
    """One number a dimension."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, y, INDEX_TYPES)
    require_shape(op, graph, y, (len(x.shape),))


def check_rank(op: Operator, graph: Graph) -> None:
    """One number."""
    y = output_tensor(op, graph)
    require_type(op, graph, y, ("int32",))
    require_shape(op, graph, y, ())


def check_range(op: Operator, graph: Graph) -> None:
    """Constants of one type, a step that is not 0, and at least one number."""
    y = output_tensor(op, graph)
    ends = [require_constant(op, graph, place) for place in range(3)]
    require_type(op, graph, y, RANGE_TYPES)
    require_same_type(op, graph, y, *ends)
    for tensor in ends:
        if tensor.elements != 1:
            require_shape(op, graph, tensor, ())
    start, limit, delta = (float(tensor.array().reshape(-1)[0]) for tensor in ends)
    count = np.ceil(abs((limit - start) / delta)) if delta else 0
    require(
        delta != 0 and (limit - start) / delta > 0 and count <= LONGEST,
        op,
        graph,
        f"goes from {start:g} to {limit:g} by {delta:g}; that must be 1 to {LONGEST} numbers. "
        f"{RECONVERT}.",
    )
    require_shape(op, graph, y, (int(count),))


def range_shape(op: Operator, graph: Graph) -> list[tuple[int, ...]]:
    """As many numbers as there are from constant ends."""
    ends = [require_constant(op, graph, place).array().reshape(-1)[0] for place in range(3)]
    start, limit, delta = (float(end) for end in ends)
    count = abs((limit - start) / delta)
    if not count <= LONGEST:
        raise ValueError(count)
    return [(int(np.ceil(count)),)]


def range_values(ends: list[Tensor], count: int) -> NDArray[np.generic]:
    """start + i * delta, added up one by one as TFLite does it."""
    start, _, delta = (tensor.array().reshape(-1)[0] for tensor in ends)
    values = np.full(count, delta, dtype=start.dtype)
    values[0] = start
    return np.add.accumulate(values, dtype=start.dtype)


def check_broadcast_args(op: Operator, graph: Graph) -> None:
    """Two constant shapes that broadcast."""
    y = output_tensor(op, graph)
    shapes = []
    for place in (0, 1):
        tensor = require_constant(op, graph, place)
        require_same_type(op, graph, y, tensor)
        require_rank(op, graph, tensor, 1, 1)
        shapes.append(Tensor(tensor.index, tensor.name, constant_ints(op, graph, place), y.dtype))
    require(
        all(size > 0 for tensor in shapes for size in tensor.shape),
        op,
        graph,
        f"{tensor_text(shapes[0])} and {tensor_text(shapes[1])} must be above 0. {RECONVERT}.",
    )
    require_shape(op, graph, y, (len(broadcast_shape(op, graph, *shapes)),))


def known_values(op: Operator, graph: Graph) -> NDArray[np.generic]:
    """What the operator makes."""
    inputs = [graph.tensors[index] for index in op.inputs]
    if op.kind == "SHAPE":
        return np.array(inputs[0].shape)
    if op.kind == "RANK":
        return np.array(len(inputs[0].shape))
    if op.kind == "RANGE":
        return range_values(inputs, output_tensor(op, graph).elements)
    one, two = (tuple(int(n) for n in tensor.array()) for tensor in inputs)
    return np.array(np.broadcast_shapes(one, two))


def lower_known(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A copy of what is known."""
    return Lowered(steps=(constant_step(op, output_tensor(op, graph), known_values(op, graph)),))


_NOTES = "Known before the model runs, so it costs nothing."
_TYPE_NAMES = tuple(name for name in TENSOR_TYPES)

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SHAPE",
        code=77,
        options_type=55,
        options=(OptionField("out_type", 0, "int8", 0, _TYPE_NAMES),),
        inputs=(1, 1),
        types=INDEX_TYPES,
        check=check_shape,
        lower=lower_known,
        notes=_NOTES,
    ),
    OperatorRow(
        kind="RANK",
        code=110,
        options_type=86,
        inputs=(1, 1),
        types=("int32",),
        check=check_rank,
        lower=lower_known,
        notes=_NOTES,
    ),
    OperatorRow(
        kind="RANGE",
        code=96,
        options_type=73,
        inputs=(3, 3),
        types=RANGE_TYPES,
        shape=range_shape,
        check=check_range,
        lower=lower_known,
        notes=_NOTES,
    ),
    OperatorRow(
        kind="BROADCAST_ARGS",
        code=145,
        inputs=(2, 2),
        types=INDEX_TYPES,
        check=check_broadcast_args,
        lower=lower_known,
        notes=_NOTES,
    ),
)
