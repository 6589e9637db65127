"""What the operators that move data have in common: copies, walks, tables of offsets, aliases."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

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
from edgepack.compiler.walk import Walk, make_walk, row_strides, walk_fields
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Alias,
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Params,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = (
    *("int8", "float32", "uint8", "int16", "int32", "int64", "bool"),
    *("float16", "uint16", "uint32"),
)
INDEX_TYPES = ("int32", "int64")
ALIGNMENT = 4  # bytes that kernels may rely on at the start of a tensor
MVE_ALIGNMENT = 16
MOST_OFFSETS = 2**16  # in the tables of `mapped`


def lower_same_bytes(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """The output is the input's bytes: an alias, or a copy where the input keeps its own."""
    return same_bytes(op, input_tensor(op, graph, 0), output_tensor(op, graph))


def same_bytes(op: Operator, x: Tensor, y: Tensor) -> Lowered:
    """y is the bytes of x: its memory where that is to be had, else a copy."""
    if x.in_arena:
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
    params = copy_params(x, y, rows=rows, size=size, x_start=x_start, y_start=y_start)
    return move_step(op, "ep_copy", "ep_copy", params, x, y)


def copy_params(
    x: Tensor, y: Tensor, *, rows: int, size: int, x_start: int = 0, y_start: int = 0
) -> Params:
    """`ep_copy_t` for rows of `size` bytes from one dense tensor to another."""
    fields = (
        ("rows", rows),
        ("bytes", size),
        ("x_start", x_start),
        ("x_pitch", x.bytes // rows),
        ("y_start", y_start),
        ("y_pitch", y.bytes // rows),
    )
    return Params("ep_copy_t", fields)


def move_step(
    op: Operator, kernel: str, source: str, params: Params, x: Tensor, y: Tensor, *extra: Argument
) -> Step:
    """A call of `kernel(params, *extra, x, y)`."""
    return call_step(op, kernel, source, (params, *extra), (x,), y)


def call_step(
    op: Operator,
    kernel: str,
    source: str,
    first: Sequence[Argument],
    inputs: Sequence[Tensor],
    y: Tensor,
) -> Step:
    """A call of `kernel(*first, *inputs, y)`."""
    return Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=(*first, *map(_passed, inputs), TensorRef(y.index)),
        inputs=tuple(dict.fromkeys(x.index for x in inputs if x.data is None)),
        outputs=(y.index,),
    )


def _passed(x: Tensor) -> Argument:
    """How a kernel gets a tensor: where it lies in RAM, or as a constant of its own."""
    if x.data is None:
        return TensorRef(x.index)
    return Const("values", x.dtype.ctype, x.data, "weights")


def constant_step(op: Operator, y: Tensor, values: NDArray[np.generic]) -> Step:
    """The output gets values that are known now."""
    data = np.ascontiguousarray(values).astype(y.dtype.numpy).tobytes()
    assert len(data) == y.bytes
    params = copy_params(y, y, rows=1, size=y.bytes)
    constant = Const("values", y.dtype.ctype, data, "tables")
    return Step(
        operator=op.index,
        kernel="ep_copy",
        source="ep_copy",
        arguments=(params, constant, TensorRef(y.index)),
        inputs=(),
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
        if x.in_arena and aligned(offset, spec):
            return Lowered(aliases=(Alias(x.index, y.index, offset),))
        return Lowered(steps=(copy_step(op, x, y, rows=1, size=y.bytes, x_start=offset),))
    if x.data is None:  # constants need not lie where words do
        walk, size = _by_words(walk, size)
    params = Params("ep_walk_t", walk_fields(walk))
    step = move_step(op, f"ep_strided_{8 * size}", "ep_strided", params, x, y)
    return Lowered(steps=(step,))


def _by_words(walk: Walk, size: int) -> tuple[Walk, int]:
    """The walk by elements of up to 4 bytes, where rows are runs that consist of them."""
    while size < ALIGNMENT and walk.strides[0] == 1:
        numbers = (walk.start, walk.counts[0], *walk.strides[1:])
        if any(number % 2 for number in numbers):
            break
        counts = (walk.counts[0] // 2, *walk.counts[1:])
        strides = (1, *(stride // 2 for stride in walk.strides[1:]))
        walk = make_walk(walk.start // 2, counts[::-1], strides[::-1])
        size *= 2
    return walk, size


def mapped(op: Operator, x: Tensor, y: Tensor, maps: Sequence[Sequence[int]]) -> Lowered:
    """y[i, j, ...] = x[maps[0][i], maps[1][j], ...]; dimensions kept whole join the run."""
    run, whole = x.dtype.bytes, len(x.shape)
    while whole and list(maps[whole - 1]) == list(range(x.shape[whole - 1])):
        whole -= 1
        run *= x.shape[whole]
    if not whole:
        return same_bytes(op, x, y)
    strides = row_strides(x.shape)
    rows = [
        np.asarray(places, np.uint32) * np.uint32(stride * x.dtype.bytes)
        for places, stride in zip(maps[:whole], strides[:whole], strict=True)
    ]
    dims = [row for row in reversed(rows) if len(row) > 1 or row[0]] or [rows[0]]
    table = np.concatenate(dims)
    words = x.data is None and run % 4 == 0 and not np.any(table % 4)
    kernel, unit = ("ep_mapped_32", 4) if words else ("ep_mapped_8", 1)
    counts = tuple(len(row) for row in dims)
    fields = (("run", run // unit), ("rank", len(dims)), ("count", counts))
    places = Const("places", "uint32_t", (table // unit).astype("<u4").tobytes(), "tables")
    step = move_step(op, kernel, "ep_mapped", Params("ep_mapped_t", fields), x, y, places)
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


def require_small_tables(op: Operator, graph: Graph, y: Tensor) -> None:
    """The output's dimensions are ones for whose tables of offsets there is room."""
    require(
        sum(y.shape) <= MOST_OFFSETS,
        op,
        graph,
        f"{tensor_text(y)} has dimensions of {sum(y.shape)} in all; the limit is {MOST_OFFSETS}. "
        "Make the layer smaller.",
    )


def rows_before(shape: Sequence[int], axis: int) -> int:
    """How many slices lie before an axis."""
    return prod(shape[:axis])
