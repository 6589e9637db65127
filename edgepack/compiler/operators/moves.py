"""What the operators that move data have in common: copies, walks, aliases."""

from __future__ import annotations

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_same_type,
    require_type,
    tensor_text,
)
from edgepack.compiler.walk import Walk, walk_fields
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Alias, Lowered, LowerSpec, Params, Scalar, Step, TensorRef

TYPES = ("int8", "float32", "uint8", "int16", "int32", "bool")
NUMBERS = TYPES[:-1]
ALIGNMENT = 4  # bytes that kernels may rely on at the start of a tensor
MVE_ALIGNMENT = 16


def lower_same_bytes(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """The output is the input's bytes: an alias, or a copy where the input is a constant."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    if x.data is None:
        return Lowered(aliases=(Alias(x.index, y.index),))
    return Lowered(steps=(copy_step(op, x, y, rows=1, size=y.bytes),))


def copy_step(
    op: Operator,
    x: Tensor,
    y: Tensor,
    *,
    rows: int,
    size: int,
    x_start: int = 0,
    y_start: int = 0,
) -> Step:
    """Rows of `size` bytes from one dense tensor to another."""
    fields = (
        ("rows", rows),
        ("bytes", size),
        ("x_start", x_start),
        ("x_pitch", x.bytes // rows),
        ("y_start", y_start),
        ("y_pitch", y.bytes // rows),
    )
    return move_step(op, "ep_copy", "ep_copy", Params("ep_copy_t", fields), x, y)


def move_step(
    op: Operator, kernel: str, source: str, params: Params, x: Tensor, y: Tensor, *extra: Scalar
) -> Step:
    """A call of `kernel(params, *extra, x, y)`."""
    return Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=(params, *extra, TensorRef(x.index), TensorRef(y.index)),
        inputs=(x.index,) if x.data is None else (),
        outputs=(y.index,),
    )


def aligned(offset: int, spec: LowerSpec) -> bool:
    """Whether a tensor may start that many bytes into another."""
    return offset % (MVE_ALIGNMENT if "mve" in spec.isa else ALIGNMENT) == 0


def gather(op: Operator, x: Tensor, y: Tensor, walk: Walk, spec: LowerSpec) -> Lowered:
    """The elements of x in the order of the walk, densely in y; an alias where that is one run."""
    size = x.dtype.bytes
    if walk.contiguous:
        offset = walk.start * size
        if x.data is None and aligned(offset, spec):
            return Lowered(aliases=(Alias(x.index, y.index, offset),))
        return Lowered(steps=(copy_step(op, x, y, rows=1, size=y.bytes, x_start=offset),))
    params = Params("ep_walk_t", walk_fields(walk))
    step = move_step(op, f"ep_strided_{8 * size}", "ep_strided", params, x, y)
    return Lowered(steps=(step,))


def check_same(op: Operator, graph: Graph) -> tuple[Tensor, Tensor]:
    """Input 0 and the output, which agree in a type that can be moved."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    return x, y


def one_int(op: Operator, graph: Graph, place: int) -> int:
    """The one value of a constant integer input."""
    values = constant_ints(op, graph, place)
    tensor = input_tensor(op, graph, place)
    require(
        len(values) == 1,
        op,
        graph,
        f"{tensor_text(tensor)} holds {len(values)} numbers; it must be one. {RECONVERT}.",
    )
    return values[0]
