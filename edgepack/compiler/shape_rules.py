"""The shapes of operators' outputs, from those of their inputs and from constants.

`RULES` is the shape function of each operator whose row has none of its own. A rule may raise
ModelError, ValueError or IndexError where inputs and options contradict each other: what is wrong,
the operator's check says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from edgepack.compiler.operators.checks import window_output
from edgepack.compiler.slicing import strided_slice_of
from edgepack.graph import ABSENT, Graph, Operator

Shape = tuple[int, ...]
Rule = Callable[[Operator, Graph], Sequence[Shape]]


def _in(op: Operator, graph: Graph, place: int = 0) -> Shape:
    return graph.tensor(op.inputs[place]).shape


def _ints(op: Operator, graph: Graph, place: int) -> Shape:
    """The values of a constant; ValueError where it is computed."""
    tensor = graph.tensor(op.inputs[place])
    if tensor.data is None:
        raise ValueError(f"input {place} is computed")
    return tuple(int(value) for value in tensor.array().ravel())


def _same(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [_in(op, graph)] * len(op.outputs)


def _broadcast(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [np.broadcast_shapes(*(_in(op, graph, place) for place in range(len(op.inputs))))]


def _convolution(op: Operator, graph: Graph) -> Sequence[Shape]:
    batch, height, width, _ = _in(op, graph)
    kernel = _in(op, graph, 1)
    last = kernel[0] if op.kind == "CONV_2D" else kernel[3]
    return [(batch, *_windows(op, (height, width), (kernel[1], kernel[2])), last)]


def _volumes(op: Operator, graph: Graph) -> Sequence[Shape]:
    x, kernel = _in(op, graph), _in(op, graph, 1)
    sides = tuple(
        window_output(
            x[place + 1],
            kernel[place],
            op.option(f"stride_{letter}"),
            op.option(f"dilation_{letter}_factor"),
            op.option("padding"),
        )
        for place, letter in enumerate("dhw")
    )
    return [(x[0], *sides, kernel[4])]


def _pool(op: Operator, graph: Graph) -> Sequence[Shape]:
    batch, height, width, channels = _in(op, graph)
    kernel = (op.option("filter_height"), op.option("filter_width"))
    return [(batch, *_windows(op, (height, width), kernel), channels)]


def _windows(op: Operator, size: Shape, kernel: Shape) -> Shape:
    padding = op.option("padding")
    return tuple(
        window_output(
            size[place],
            kernel[place],
            op.option(f"stride_{letter}"),
            op.option(dilation) if (dilation := f"dilation_{letter}_factor") in op.options else 1,
            padding,
        )
        for place, letter in enumerate("hw")
    )


def _dense(op: Operator, graph: Graph) -> Sequence[Shape]:
    x, (units, depth) = _in(op, graph), _in(op, graph, 1)
    if op.option("keep_num_dims"):
        return [(*x[:-1], units)]
    return [(prod(x) // depth, units)]


def _matmul(op: Operator, graph: Graph) -> Sequence[Shape]:
    x, y = _in(op, graph), _in(op, graph, 1)
    rows = x[-1] if op.option("adj_x") else x[-2]
    columns = y[-2] if op.option("adj_y") else y[-1]
    return [(*np.broadcast_shapes(x[:-2], y[:-2]), rows, columns)]


def _transpose_conv(op: Operator, graph: Graph) -> Sequence[Shape]:
    _, height, width, channels = _ints(op, graph, 0)
    return [(_in(op, graph, 2)[0], height, width, channels)]


def _reshape(op: Operator, graph: Graph) -> Sequence[Shape]:
    wanted = _ints(op, graph, 1) if len(op.inputs) > 1 else tuple(op.option("new_shape"))
    count, known = prod(_in(op, graph)), prod(size for size in wanted if size != -1)
    if wanted.count(-1) > 1 or (known != count if -1 not in wanted else count % known):
        raise ValueError(wanted)
    return [tuple(count // known if size == -1 else size for size in wanted)]


def _squeeze(op: Operator, graph: Graph) -> Sequence[Shape]:
    axes = tuple(op.option("squeeze_dims")) or None
    return [np.broadcast_to(0, _in(op, graph)).squeeze(axes).shape]


def _expand(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [np.expand_dims(np.broadcast_to(0, _in(op, graph)), _ints(op, graph, 1)[0]).shape]


def _pad(op: Operator, graph: Graph) -> Sequence[Shape]:
    amounts = np.reshape(_ints(op, graph, 1), (-1, 2)).sum(axis=1)
    return [tuple(int(a + b) for a, b in zip(_in(op, graph), amounts, strict=True))]


def _join(op: Operator, graph: Graph) -> Sequence[Shape]:
    shapes = [_in(op, graph, place) for place in range(len(op.inputs))]
    axis = op.option("axis") % len(shapes[0])
    whole = list(shapes[0])
    whole[axis] = sum(shape[axis] for shape in shapes)
    return [tuple(whole)]


def _pack(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape = list(_in(op, graph))
    shape.insert(op.option("axis") % (len(shape) + 1), len(op.inputs))
    return [tuple(shape)]


def _unpack(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape = list(_in(op, graph))
    del shape[op.option("axis") % len(shape)]
    return [tuple(shape)] * len(op.outputs)


def _split(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape = list(_in(op, graph, 1))
    axis = _ints(op, graph, 0)[0] % len(shape)
    shape[axis] //= len(op.outputs)
    return [tuple(shape)] * len(op.outputs)


def _split_v(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape, sizes = _in(op, graph), list(_ints(op, graph, 1))
    axis = _ints(op, graph, 2)[0] % len(shape)
    if -1 in sizes:
        sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def _strided_slice(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [strided_slice_of(op, graph).shape]


def _slice(op: Operator, graph: Graph) -> Sequence[Shape]:
    begins = graph.tensor(op.inputs[1])
    sizes = _ints(op, graph, 2)
    if begins.data is None and -1 not in sizes:
        return [sizes]
    ends = zip(_in(op, graph), _ints(op, graph, 1), sizes, strict=True)
    return [tuple(whole - begin if size == -1 else size for whole, begin, size in ends)]


def _gather(op: Operator, graph: Graph) -> Sequence[Shape]:
    x, at = _in(op, graph), _in(op, graph, 1)
    axis = op.option("axis") % len(x)
    batch = op.option("batch_dims") % max(1, len(at) + 1) if op.option("batch_dims") else 0
    return [(*x[:axis], *at[batch:], *x[axis + 1 :])]


def _gather_nd(op: Operator, graph: Graph) -> Sequence[Shape]:
    x, at = _in(op, graph), _in(op, graph, 1)
    return [(*at[:-1], *x[at[-1] :])]


def _one_hot(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape = list(_in(op, graph))
    shape.insert(op.option("axis") % (len(shape) + 1), _ints(op, graph, 1)[0])
    return [tuple(shape)]


def _blocks(op: Operator, graph: Graph) -> Sequence[Shape]:
    batch, height, width, channels = _in(op, graph)
    block = op.option("block_size")
    if op.kind == "SPACE_TO_DEPTH":
        return [(batch, height // block, width // block, channels * block**2)]
    return [(batch, height * block, width * block, channels // block**2)]


def _space_to_batch(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape, block = list(_in(op, graph)), _ints(op, graph, 1)
    for axis, (low, high) in enumerate(np.reshape(_ints(op, graph, 2), (-1, 2))):
        shape[axis + 1] = (shape[axis + 1] + int(low) + int(high)) // block[axis]
    return [(shape[0] * prod(block), *shape[1:])]


def _batch_to_space(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape, block = list(_in(op, graph)), _ints(op, graph, 1)
    for axis, (low, high) in enumerate(np.reshape(_ints(op, graph, 2), (-1, 2))):
        shape[axis + 1] = shape[axis + 1] * block[axis] - int(low) - int(high)
    return [(shape[0] // prod(block), *shape[1:])]


def _tile(op: Operator, graph: Graph) -> Sequence[Shape]:
    times = _ints(op, graph, 1)
    return [tuple(a * b for a, b in zip(_in(op, graph), times, strict=True))]


def _given(place: int) -> Rule:
    return lambda op, graph: [_ints(op, graph, place)]


def _resize(op: Operator, graph: Graph) -> Sequence[Shape]:
    batch, _, _, channels = _in(op, graph)
    height, width = _ints(op, graph, 1)
    return [(batch, height, width, channels)]


def _shape(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(len(_in(op, graph)),)]


def _rank(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [()]


def _broadcast_args(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(max(_in(op, graph)[0], _in(op, graph, 1)[0]),)]


def _transpose(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [tuple(_in(op, graph)[axis] for axis in _ints(op, graph, 1))]


def _reduce(op: Operator, graph: Graph) -> Sequence[Shape]:
    shape = _in(op, graph)
    axes = {axis % len(shape) for axis in _ints(op, graph, 1)} if shape else set()
    if op.options.get("keep_dims"):
        return [tuple(1 if axis in axes else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


def _top_k(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(*_in(op, graph)[:-1], _ints(op, graph, 1)[0])] * 2


def _svdf(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(_in(op, graph)[0], _in(op, graph, 1)[0] // op.option("rank"))]


def _lstm(op: Operator, graph: Graph) -> Sequence[Shape]:
    if op.options.get("kernel_type") == "BASIC":
        state, weights = _in(op, graph, 1), _in(op, graph, 2)
        return [state, state, (state[0], weights[1]), (state[0], weights[0])]
    projects = len(op.inputs) > 16 and op.inputs[16] != ABSENT
    units = _in(op, graph, 16)[0] if projects else _in(op, graph, 2)[0]
    return [(*_in(op, graph)[:-1], units)]


def _rnn(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(*_in(op, graph)[:-1], _in(op, graph, 1)[0])]


def _two_way(op: Operator, graph: Graph) -> Sequence[Shape]:
    # Of each direction: its projection, or else the weights of its output gate.
    places = ((1,), (5,)) if op.kind.endswith("RNN") else ((16, 4), (33, 21))
    units = [_in(op, graph, next(p for p in ps if op.inputs[p] != ABSENT))[0] for ps in places]
    widths = [sum(units)] if op.option("merge_outputs") else units
    return [(*_in(op, graph)[:-1], width) for width in widths]


def _lookup(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [(*_in(op, graph), *_in(op, graph, 1)[1:])]


def _while(op: Operator, graph: Graph) -> Sequence[Shape]:
    return [_in(op, graph, place) for place in range(len(op.outputs))]


_GROUPS: Sequence[tuple[Rule, str]] = (
    (
        _same,
        """ABS CEIL COS ELU EXP FLOOR GELU HARD_SWISH LEAKY_RELU LOG LOGICAL_NOT LOGISTIC
        LOG_SOFTMAX NEG RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 ROUND RSQRT SIGN SIN SOFTMAX SQRT SQUARE
        TANH ZEROS_LIKE QUANTIZE DEQUANTIZE CAST L2_NORMALIZATION CUMSUM REVERSE_V2
        DYNAMIC_UPDATE_SLICE DENSIFY PRELU ADD_N READ_VARIABLE""",
    ),
    (
        _broadcast,
        """ADD SUB MUL DIV MAXIMUM MINIMUM POW FLOOR_DIV FLOOR_MOD SQUARED_DIFFERENCE EQUAL
        NOT_EQUAL
        LESS LESS_EQUAL GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR SELECT_V2""",
    ),
    (lambda op, graph: [_in(op, graph, 1)], "SELECT"),
    (_convolution, "CONV_2D DEPTHWISE_CONV_2D"),
    (_volumes, "CONV_3D"),
    (_pool, "AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D"),
    (_dense, "FULLY_CONNECTED"),
    (_matmul, "BATCH_MATMUL"),
    (_transpose_conv, "TRANSPOSE_CONV"),
    (_reshape, "RESHAPE"),
    (_squeeze, "SQUEEZE"),
    (_expand, "EXPAND_DIMS"),
    (_pad, "PAD PADV2"),
    (_join, "CONCATENATION"),
    (_pack, "PACK"),
    (_unpack, "UNPACK"),
    (_split, "SPLIT"),
    (_split_v, "SPLIT_V"),
    (_strided_slice, "STRIDED_SLICE"),
    (_slice, "SLICE"),
    (_gather, "GATHER"),
    (_gather_nd, "GATHER_ND"),
    (_one_hot, "ONE_HOT"),
    (_blocks, "SPACE_TO_DEPTH DEPTH_TO_SPACE"),
    (_space_to_batch, "SPACE_TO_BATCH_ND"),
    (_batch_to_space, "BATCH_TO_SPACE_ND"),
    (_tile, "TILE"),
    (_given(1), "BROADCAST_TO"),
    (_given(0), "FILL"),
    (_resize, "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"),
    (_shape, "SHAPE"),
    (_rank, "RANK"),
    (_broadcast_args, "BROADCAST_ARGS"),
    (_transpose, "TRANSPOSE"),
    (_reduce, "MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL ARG_MAX ARG_MIN"),
    (_pad, "MIRROR_PAD"),
    (_top_k, "TOPK_V2"),
    (_svdf, "SVDF"),
    (_lstm, "UNIDIRECTIONAL_SEQUENCE_LSTM LSTM"),
    (_rnn, "UNIDIRECTIONAL_SEQUENCE_RNN RNN"),
    (_two_way, "BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN"),
    (_lookup, "EMBEDDING_LOOKUP"),
    (_while, "WHILE"),
)
RULES: Mapping[str, Rule] = {kind: rule for rule, kinds in _GROUPS for kind in kinds.split()}
