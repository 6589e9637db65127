"""Operators that move data: rows of the table of operators.

What keeps its order is an alias and costs nothing; the rest are three kernels that know elements
by their size: rows of bytes (`ep_copy`), runs with padding (`ep_pad`), a walk (`ep_strided`).
"""

from __future__ import annotations

from math import prod

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_rank,
    require_same_quantization,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.slicing import strided_slice_of
from edgepack.compiler.walk import Walk, make_walk, row_strides, walk_fields
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import (
    Alias,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Step,
    TensorRef,
)

TYPES = ("int8", "float32", "uint8", "int16", "int32", "bool")
NUMBERS = TYPES[:-1]
ALIGNMENT = 4  # bytes that kernels may rely on at the start of a tensor
MVE_ALIGNMENT = 16


def lower_same_bytes(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """The output is the input's bytes: an alias, or a copy where the input is a constant."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    if x.data is None:
        return Lowered(aliases=(Alias(x.index, y.index),))
    return Lowered(steps=(_copy(op, x, y, rows=1, size=y.bytes),))


def _copy(
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
    return _step(op, "ep_copy", "ep_copy", Params("ep_copy_t", fields), x, y)


def _step(
    op: Operator, kernel: str, source: str, params: Params, x: Tensor, y: Tensor, *extra: Scalar
) -> Step:
    return Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=(params, *extra, TensorRef(x.index), TensorRef(y.index)),
        inputs=(x.index,) if x.data is None else (),
        outputs=(y.index,),
    )


def _aligned(offset: int, spec: LowerSpec) -> bool:
    return offset % (MVE_ALIGNMENT if "mve" in spec.isa else ALIGNMENT) == 0


def _gather(op: Operator, x: Tensor, y: Tensor, walk: Walk, spec: LowerSpec) -> Lowered:
    """The elements of x in the order of the walk, densely in y; an alias where that is one run."""
    size = x.dtype.bytes
    if walk.contiguous:
        offset = walk.start * size
        if x.data is None and _aligned(offset, spec):
            return Lowered(aliases=(Alias(x.index, y.index, offset),))
        return Lowered(steps=(_copy(op, x, y, rows=1, size=y.bytes, x_start=offset),))
    params = Params("ep_walk_t", walk_fields(walk))
    step = _step(op, f"ep_strided_{8 * size}", "ep_strided", params, x, y)
    return Lowered(steps=(step,))


# RESHAPE, SQUEEZE, EXPAND_DIMS


def _check_same(op: Operator, graph: Graph) -> tuple[Tensor, Tensor]:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    return x, y


def check_reshape(op: Operator, graph: Graph) -> None:
    """A constant shape with at most one -1, which is the output's."""
    x, y = _check_same(op, graph)
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
    x, y = _check_same(op, graph)
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
    x, y = _check_same(op, graph)
    axis = axis_of(op, graph, _one_int(op, graph, 1), len(x.shape) + 1)
    require_shape(op, graph, y, (*x.shape[:axis], 1, *x.shape[axis:]))


def _one_int(op: Operator, graph: Graph, place: int) -> int:
    values = constant_ints(op, graph, place)
    tensor = input_tensor(op, graph, place)
    require(
        len(values) == 1,
        op,
        graph,
        f"{tensor_text(tensor)} holds {len(values)} numbers; it must be one. {RECONVERT}.",
    )
    return values[0]


# PAD, PADV2


def check_pad(op: Operator, graph: Graph) -> None:
    """Constant paddings from 0 up, up to 5 dimensions; a constant value of the input's type."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, NUMBERS)
    require_same_type(op, graph, x, y)
    require_rank(op, graph, x, 1, 5)
    paddings = _paddings(op, graph)
    require_shape(
        op,
        graph,
        y,
        [low + size + high for size, (low, high) in zip(x.shape, paddings, strict=True)],
    )
    if op.kind == "PADV2":
        value = require_constant(op, graph, 2)
        require_same_type(op, graph, x, value)
        require(
            value.elements == 1,
            op,
            graph,
            f"{tensor_text(value)} holds {value.elements} values; it must be one. {RECONVERT}.",
        )
        if value.quantization is not None:
            require_same_quantization(op, graph, y, value)


def _paddings(op: Operator, graph: Graph) -> list[tuple[int, int]]:
    x = input_tensor(op, graph, 0)
    values = constant_ints(op, graph, 1)
    require_shape(op, graph, input_tensor(op, graph, 1), (len(x.shape), 2))
    require(
        min(values) >= 0,
        op,
        graph,
        f"pads by {min(values)}; paddings are 0 or more. {RECONVERT}.",
    )
    return list(zip(values[::2], values[1::2], strict=True))


def _padding_bits(op: Operator, graph: Graph) -> int:
    """The padding's bits as an unsigned number of the element's size."""
    y = output_tensor(op, graph)
    if op.kind == "PADV2":
        data = input_tensor(op, graph, 2).data
        assert data is not None
        return int.from_bytes(data, "little")
    return 0 if y.dtype is DType.FLOAT32 else y.zero_point % (1 << 8 * y.dtype.bytes)


def lower_pad(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Runs of the input with paddings between them, written in order."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    paddings = _paddings(op, graph)
    if not any(low or high for low, high in paddings):
        return lower_same_bytes(op, graph, spec)
    bits = 8 * x.dtype.bytes
    value = Scalar({8: "uint8_t", 16: "uint16_t", 32: "uint32_t"}[bits], _padding_bits(op, graph))
    params = Params("ep_pad_t", _pad_fields(x.shape, paddings))
    return Lowered(steps=(_step(op, f"ep_pad_{bits}", "ep_pad", params, x, y, value),))


def _pad_fields(
    shape: tuple[int, ...], paddings: list[tuple[int, int]]
) -> tuple[tuple[str, int | tuple[int, ...]], ...]:
    """Dimensions without padding join the run of the one outside; then lead, gaps and tail."""
    dims: list[tuple[int, int, int]] = []  # (size, before, after) in elements, innermost first
    block = 1  # elements of one index along the dimension at hand
    for size, (low, high) in zip(reversed(shape), reversed(paddings), strict=True):
        if dims and dims[-1][1:] == (0, 0):
            inner = dims.pop()[0]
            block //= inner
            size, low, high = size * inner, low * inner, high * inner
        dims.append((size, low, high))
        block *= size + low + high
    return _pad_layout(dims)


def _pad_layout(
    dims: list[tuple[int, int, int]],
) -> tuple[tuple[str, int | tuple[int, ...]], ...]:
    unit = lead = tail = 0
    unit, counts, gaps = 1, [], []
    for place, (size, low, high) in enumerate(dims):
        if place:
            counts.append(size)
            gaps.append(lead + tail)
        lead += low * unit
        tail += high * unit
        unit *= size + low + high
    return (
        ("lead", lead),
        ("tail", tail),
        ("run", dims[0][0]),
        ("rank", len(counts)),
        ("count", tuple(counts) or (0,)),
        ("gap", tuple(gaps) or (0,)),
    )


# CONCATENATION, SPLIT


def check_concatenation(op: Operator, graph: Graph) -> None:
    """Inputs that agree but for the axis, in type and in int8 and int16 in quantisation."""
    y = output_tensor(op, graph)
    inputs = [input_tensor(op, graph, place) for place in range(len(op.inputs))]
    require_type(op, graph, y, TYPES)
    require_same_type(op, graph, y, *inputs)
    activation = op.option("fused_activation_function")
    require(
        activation == "NONE",
        op,
        graph,
        f"has the activation {activation} fused; TFLite takes none here. Put it behind, as a "
        "layer of its own.",
    )
    axis = axis_of(op, graph, op.option("axis"), len(y.shape))
    for tensor in inputs:
        expected = list(y.shape)
        if len(tensor.shape) == len(y.shape):
            expected[axis] = tensor.shape[axis]
        require_shape(op, graph, tensor, expected)
        if y.dtype in (DType.INT8, DType.UINT8, DType.INT16):
            require_same_quantization(op, graph, y, tensor)
    made = list(y.shape)
    made[axis] = sum(tensor.shape[axis] for tensor in inputs)
    require_shape(op, graph, y, made)


def lower_concatenation(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Inputs placed inside the output where they can be computed there, else copied there."""
    y = output_tensor(op, graph)
    axis = op.option("axis") % len(y.shape)
    rows = prod(y.shape[:axis])
    steps: list[Step] = []
    aliases: list[Alias] = []
    start = 0
    for index in op.inputs:
        x = graph.tensor(index)
        size = x.bytes // rows
        if rows == 1 and _aligned(start, spec) and _placeable(op, graph, index):
            aliases.append(Alias(y.index, index, start))
        else:
            steps.append(_copy(op, x, y, rows=rows, size=size, y_start=start))
        start += size
    return Lowered(tuple(steps), tuple(aliases))


_ALIASING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SPLIT", "STRIDED_SLICE", "TRANSPOSE", "PAD",
             "PADV2")  # fmt: skip


def _placeable(op: Operator, graph: Graph, index: int) -> bool:
    """Whether a concatenation may say where its input lies.

    It may where a kernel computes that input for this concatenation first, once: then each tensor
    has at most one that says where it lies, and the places never contradict each other.
    """
    writer = next((other for other in graph.operators if index in other.outputs), None)
    if writer is None or writer.kind in _ALIASING:
        return False
    users = [o for o in graph.operators if o.kind == "CONCATENATION" and index in o.inputs]
    return users[0] is op and op.inputs.count(index) == 1 and index not in graph.outputs


def check_split(op: Operator, graph: Graph) -> None:
    """A constant axis that the number of outputs divides."""
    x = input_tensor(op, graph, 1)
    require_type(op, graph, x, NUMBERS)
    axis = axis_of(op, graph, _one_int(op, graph, 0), len(x.shape))
    count = len(op.outputs)
    require(
        op.option("num_splits") == count and x.shape[axis] % count == 0,
        op,
        graph,
        f"splits dimension {axis} of {tensor_text(x)} by {op.option('num_splits')} into {count} "
        f"outputs; both must agree and divide it. {RECONVERT}.",
    )
    part = list(x.shape)
    part[axis] //= count
    for place in range(count):
        y = output_tensor(op, graph, place)
        require_same_type(op, graph, x, y)
        require_shape(op, graph, y, part)


def lower_split(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Parts of the input that lie within it where they are one run, else copies."""
    x = input_tensor(op, graph, 1)
    axis = constant_ints(op, graph, 0)[0] % len(x.shape)
    rows = prod(x.shape[:axis])
    parts = [output_tensor(op, graph, place) for place in range(len(op.outputs))]
    size = parts[0].bytes // rows
    if rows == 1 and x.data is None and _aligned(size, spec):
        return Lowered(
            aliases=tuple(Alias(x.index, y.index, i * size) for i, y in enumerate(parts))
        )
    return Lowered(
        steps=tuple(
            _copy(op, x, y, rows=rows, size=size, x_start=i * size) for i, y in enumerate(parts)
        )
    )


# TRANSPOSE, STRIDED_SLICE


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
    return _gather(op, x, y, make_walk(0, y.shape, [strides[axis] for axis in order]), spec)


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
    return _gather(op, x, y, make_walk(start, part.count, strides), spec)


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
        kind="RESHAPE",
        code=22,
        options_type=17,
        options=(OptionField("new_shape", 0, "ints"),),
        inputs=(1, 2),
        types=TYPES,
        check=check_reshape,
        lower=lower_same_bytes,
        notes="Costs nothing: the output is the input's memory.",
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
    OperatorRow(
        kind="PAD",
        code=34,
        inputs=(2, 2),
        types=NUMBERS,
        check=check_pad,
        lower=lower_pad,
        notes="Up to 5 dimensions, as TFLite.",
    ),
    OperatorRow(
        kind="PADV2",
        code=60,
        inputs=(3, 3),
        types=NUMBERS,
        check=check_pad,
        lower=lower_pad,
        notes="Up to 5 dimensions, as TFLite. The value must be a constant.",
    ),
    OperatorRow(
        kind="CONCATENATION",
        code=2,
        options_type=10,
        options=(
            OptionField("axis", 0, "int32"),
            OptionField("fused_activation_function", 1, "int8", 0, ACTIVATION),
        ),
        inputs=(1, 1024),
        types=TYPES,
        check=check_concatenation,
        lower=lower_concatenation,
        notes="Costs nothing along the outermost dimension that is not 1.",
    ),
    OperatorRow(
        kind="SPLIT",
        code=49,
        options_type=35,
        options=(OptionField("num_splits", 0, "int32"),),
        inputs=(2, 2),
        outputs=(1, 1024),
        types=NUMBERS,
        check=check_split,
        lower=lower_split,
        notes="Costs nothing along the outermost dimension that is not 1.",
    ),
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
        notes="Up to 5 dimensions. Where an ellipsis stands for no dimension at all LiteRT takes it for "
        "one; here it is none, as in TensorFlow. With `offset`, LiteRT reads past an end beyond the "
        "input; here it is cut there.",
    ),
)
