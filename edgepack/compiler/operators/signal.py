"""What the rows of TFLite Micro's signal library have in common."""

from __future__ import annotations

from collections.abc import Mapping

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.compiler.operators.row import Check, Lower, OperatorRow
from edgepack.graph import Graph, Operator, OptionValue, Tensor
from edgepack.program import Argument, Lowered, Overlap, Step

MOST = 2**16  # elements of a vector, samples of a delay, vectors of a stack
Limits = dict[str, tuple[int, int]]


def require_limits(op: Operator, graph: Graph, limits: Limits) -> None:
    """These options lie between these ends, both included."""
    for name, (low, high) in limits.items():
        value = op.option(name)
        require(
            low <= value <= high,
            op,
            graph,
            f"{name} is {value}; it must lie in {low} to {high}. {RECONVERT}.",
        )


def typed_input(op: Operator, graph: Graph, place: int, dtype: str) -> Tensor:
    """The input at that place, which must be of this type."""
    tensor = input_tensor(op, graph, place)
    require_type(op, graph, tensor, (dtype,))
    return tensor


def typed_output(
    op: Operator, graph: Graph, place: int, dtype: str, shape: tuple[int, ...] | None = None
) -> Tensor:
    """The output at that place, which must be of this type and, where one is given, this shape."""
    tensor = output_tensor(op, graph, place)
    require_type(op, graph, tensor, (dtype,))
    if shape is not None:
        require_shape(op, graph, tensor, shape)
    return tensor


def require_one(op: Operator, graph: Graph, tensor: Tensor) -> None:
    """The tensor holds one value."""
    require(
        tensor.elements == 1,
        op,
        graph,
        f"{tensor_text(tensor)} must hold one value. {RECONVERT}.",
    )


def one_step(
    op: Operator, graph: Graph, kernel: str, source: str, arguments: tuple[Argument, ...],
    *, in_place: bool = False,
) -> Lowered:  # fmt: skip
    """One call of a kernel, which may write its first output over its first input `in_place`."""
    inputs = calls.in_ram(*(graph.tensor(index) for index in op.inputs))
    allowed = tuple(Overlap(i, op.outputs[0]) for i in op.inputs[:1] if in_place and i in inputs)
    return Lowered((Step(op.index, kernel, source, arguments, inputs, op.outputs, allowed),))


def signal_row(
    kind: str,
    options: Mapping[str, OptionValue],
    arity: tuple[int, int],
    check: Check,
    lower: Lower,
    *,
    types: tuple[str, ...] = ("int16",),
    notes: str = "",
) -> OperatorRow:
    """The row of an operator of the library: `options` hold their defaults, `arity` counts inputs
    and outputs, `types` are those of what it makes.
    """
    inputs, outputs = arity
    return OperatorRow(
        kind=kind,
        code=32,
        custom=flexbuffer_options(**options),
        inputs=(inputs, inputs),
        outputs=(outputs, outputs),
        types=types,
        check=check,
        lower=lower,
        oracle="TFLite Micro",
        notes=notes,
    )
