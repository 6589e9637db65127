"""SLICE, STRIDED_SLICE, DYNAMIC_UPDATE_SLICE and REVERSE_V2: rows of the table of operators."""

from __future__ import annotations

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
    tensor_text,
)
from edgepack.compiler.operators.moves import (
    INDEX_TYPES,
    TYPES,
    call_step,
    check_same,
    copy_step,
    gather,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.slicing import computed_slice_of, strided_slice_of
from edgepack.compiler.walk import make_walk, row_strides
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec, Overlap, Params, Step

MAX_RANK = 5  # of TFLite's slices


def check_strided_slice(op: Operator, graph: Graph) -> None:
    """Constant strides of up to 5 dimensions; a computed begin where each dimension it counts
    for shrinks."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 1, MAX_RANK)
    if input_tensor(op, graph, 1).data is None:
        shape = computed_slice_of(op, graph).shape
    else:
        shape = strided_slice_of(op, graph).shape
    require_shape(op, graph, y, shape)


def lower_strided_slice(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk over what is kept."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    starts = input_tensor(op, graph, 1)
    if starts.data is None:
        part = computed_slice_of(op, graph)
        params = _box(x, part.count, starts, part.computed, wrap=True)
        return Lowered(steps=(call_step(op, "ep_box_read", "ep_box", (params,), (x, starts), y),))
    fixed = strided_slice_of(op, graph)
    dense = row_strides(x.shape)
    start = sum(begin * stride for begin, stride in zip(fixed.begin, dense, strict=True))
    strides = [step * stride for step, stride in zip(fixed.step, dense, strict=True)]
    return gather(op, x, y, make_walk(start, fixed.count, strides), spec)


def _box(
    x: Tensor, count: tuple[int, ...], starts: Tensor, computed: int, *, wrap: bool = False
) -> Params:
    fields = (
        ("rank", len(x.shape)),
        ("count", count),
        ("size", x.shape),
        ("element", x.dtype.bytes),
        ("width", starts.dtype.bytes),
        ("computed", computed),
        ("wrap", int(wrap)),
    )
    return Params("ep_box_t", fields)


def check_slice(op: Operator, graph: Graph) -> None:
    """A constant size that fits; a begin that fits, or that the model computes."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 1, MAX_RANK)
    starts = input_tensor(op, graph, 1)
    require_type(op, graph, starts, INDEX_TYPES)
    for place in (1, 2):
        require_shape(op, graph, input_tensor(op, graph, place), (len(x.shape),))
    sizes = constant_ints(op, graph, 2)
    if starts.data is None:
        require(
            all(0 < size <= whole for size, whole in zip(sizes, x.shape, strict=True)),
            op,
            graph,
            f"takes {list(sizes)} of {tensor_text(x)} from a place that the model computes; each "
            f"size must lie in 1 to the dimension's. {RECONVERT}.",
        )
        require_shape(op, graph, y, sizes)
        return
    begins = constant_ints(op, graph, 1)
    made = _sizes(x, begins, sizes)
    require(
        all(
            begin >= 0 and 0 < size <= whole - begin
            for begin, size, whole in zip(begins, made, x.shape, strict=True)
        ),
        op,
        graph,
        f"takes {list(sizes)} from {list(begins)} on of {tensor_text(x)}; it must keep something "
        f"and lie inside. {RECONVERT}.",
    )
    require_shape(op, graph, y, made)


def _sizes(x: Tensor, begins: tuple[int, ...], sizes: tuple[int, ...]) -> list[int]:
    return [
        whole - begin if size == -1 else size
        for begin, size, whole in zip(begins, sizes, x.shape, strict=True)
    ]


def lower_slice(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk over what is kept, or a box at a computed place."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    starts = input_tensor(op, graph, 1)
    if starts.data is None:
        params = _box(x, y.shape, starts, (1 << len(x.shape)) - 1)
        return Lowered(steps=(call_step(op, "ep_box_read", "ep_box", (params,), (x, starts), y),))
    dense = row_strides(x.shape)
    begins = constant_ints(op, graph, 1)
    start = sum(begin * stride for begin, stride in zip(begins, dense, strict=True))
    return gather(op, x, y, make_walk(start, y.shape, dense), spec)


def check_update(op: Operator, graph: Graph) -> None:
    """An update that fits, of the operand's type; starts of one number a dimension."""
    x, y = check_same(op, graph)
    update, starts = input_tensor(op, graph, 1), input_tensor(op, graph, 2)
    require_same_type(op, graph, x, update)
    require_rank(op, graph, x, 1, 8)
    require_shape(op, graph, y, x.shape)
    require_type(op, graph, starts, INDEX_TYPES)
    require_shape(op, graph, starts, (len(x.shape),))
    require(
        len(update.shape) == len(x.shape)
        and all(n <= whole for n, whole in zip(update.shape, x.shape, strict=True)),
        op,
        graph,
        f"{tensor_text(update)} does not fit into {tensor_text(x)}; each dimension must. "
        f"{RECONVERT}.",
    )


def lower_update(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A copy, in place where the operand is needed no more, and a box written into it."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    update, starts = input_tensor(op, graph, 1), input_tensor(op, graph, 2)
    copy = copy_step(op, x, y, rows=1, size=y.bytes)
    params = _box(y, update.shape, starts, (1 << len(x.shape)) - 1)
    write = call_step(op, "ep_box_write", "ep_box", (params,), (update, starts), y)
    if x.in_arena and x.index not in write.inputs:
        copy = _in_place(copy, x, y)
    return Lowered(steps=(copy, write))


def _in_place(step: Step, x: Tensor, y: Tensor) -> Step:
    return Step(
        step.operator,
        step.kernel,
        step.source,
        step.arguments,
        step.inputs,
        step.outputs,
        (Overlap(x.index, y.index),),
    )


def check_reverse(op: Operator, graph: Graph) -> None:
    """Constant axes, each once."""
    x, y = check_same(op, graph)
    require_shape(op, graph, y, x.shape)
    axes = _axes(op, graph)
    require(
        len(set(axes)) == len(axes) > 0,
        op,
        graph,
        f"reverses the dimensions {axes}; each may appear once. {RECONVERT}.",
    )


def _axes(op: Operator, graph: Graph) -> list[int]:
    rank = len(input_tensor(op, graph, 0).shape)
    return [axis_of(op, graph, axis, rank) for axis in constant_ints(op, graph, 1)]


def lower_reverse(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk that goes backwards along the axes."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    axes = _axes(op, graph)
    dense = row_strides(x.shape)
    start = sum((x.shape[axis] - 1) * dense[axis] for axis in axes)
    strides = [-step if axis in axes else step for axis, step in enumerate(dense)]
    return gather(op, x, y, make_walk(start, y.shape, strides), spec)


_SLICE_OPTIONS = (
    OptionField("begin_mask", 0, "int32"),
    OptionField("end_mask", 1, "int32"),
    OptionField("ellipsis_mask", 2, "int32"),
    OptionField("new_axis_mask", 3, "int32"),
    OptionField("shrink_axis_mask", 4, "int32"),
    OptionField("offset", 5, "bool", False),
)

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="STRIDED_SLICE",
        code=45,
        options_type=32,
        options=_SLICE_OPTIONS,
        inputs=(4, 4),
        types=TYPES,
        check=check_strided_slice,
        lower=lower_strided_slice,
        notes="Up to 5 dimensions, as TFLite. A begin that the model computes is taken where each "
        "dimension that it counts for shrinks (`x[i]`); outside of the input, it is the nearest "
        "place inside. Where an ellipsis stands for no dimension at all LiteRT takes it for one; "
        "here it is none, as in TensorFlow. With `offset`, LiteRT reads past the input where the "
        "end lies beyond; here it is cut there. One index by a negative stride, for which LiteRT "
        "writes nothing, is refused.",
    ),
    OperatorRow(
        kind="SLICE",
        code=65,
        options_type=48,
        inputs=(3, 3),
        types=TYPES,
        check=check_slice,
        lower=lower_slice,
        notes="Up to 5 dimensions, as TFLite. Costs nothing where it keeps one run of bytes. A "
        "begin that the model computes is moved to where the slice lies inside; the size is a "
        "constant.",
    ),
    OperatorRow(
        kind="DYNAMIC_UPDATE_SLICE",
        code=151,
        options_type=117,
        inputs=(3, 3),
        types=TYPES,
        check=check_update,
        lower=lower_update,
        notes="In place where the operand is needed no more.",
    ),
    OperatorRow(
        kind="REVERSE_V2",
        code=105,
        options_type=81,
        inputs=(2, 2),
        types=TYPES,
        check=check_reverse,
        lower=lower_reverse,
    ),
)
