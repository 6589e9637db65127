"""CONCATENATION and PACK: rows of the table of operators."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.operators.checks import (
    RECONVERT,
    axis_of,
    input_tensor,
    output_tensor,
    require,
    require_same_quantization,
    require_same_type,
    require_shape,
    require_type,
)
from edgepack.compiler.operators.moves import (
    TYPES,
    aligned,
    call_step,
    copy_params,
    copy_step,
    rows_before,
)
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Alias, Const, Lowered, LowerSpec, Step

JOINING = frozenset({"CONCATENATION", "PACK"})
SAME_BYTES = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
_PLACING = SAME_BYTES | {
    *("SPLIT", "SPLIT_V", "UNPACK", "SLICE", "STRIDED_SLICE", "TRANSPOSE", "PAD", "PADV2"),
    *("REVERSE_V2", "TILE", "BROADCAST_TO", "MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR", "GATHER"),
    *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    *("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "IF", "WHILE"),
}  # these may say themselves where their outputs lie


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
        if y.dtype in (DType.INT8, DType.INT16):
            require_same_quantization(op, graph, y, tensor)
    made = list(y.shape)
    made[axis] = sum(tensor.shape[axis] for tensor in inputs)
    require_shape(op, graph, y, made)


def check_pack(op: Operator, graph: Graph) -> None:
    """Inputs of one shape, type and quantisation, which become slices along a new axis."""
    y = output_tensor(op, graph)
    inputs = [input_tensor(op, graph, place) for place in range(len(op.inputs))]
    require_type(op, graph, y, TYPES)
    require_same_type(op, graph, y, *inputs)
    count = op.option("values_count")
    require(
        count == len(inputs),
        op,
        graph,
        f"values_count is {count}; it has {len(inputs)} inputs. {RECONVERT}.",
    )
    axis = axis_of(op, graph, op.option("axis"), len(inputs[0].shape) + 1)
    shape = inputs[0].shape
    for tensor in inputs:
        require_shape(op, graph, tensor, shape)
        if y.dtype in (DType.INT8, DType.UINT8, DType.INT16):
            require_same_quantization(op, graph, y, tensor)
    require_shape(op, graph, y, (*shape[:axis], len(inputs), *shape[axis:]))


def lower_join(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Inputs placed inside the output where they can be computed there, else copied there."""
    y = output_tensor(op, graph)
    rows = rows_before(y.shape, op.option("axis") % len(y.shape))
    steps: list[Step] = []
    aliases: list[Alias] = []
    start = 0
    for index in op.inputs:
        x = graph.tensor(index)
        size = x.bytes // rows
        if _rescales(x, y):
            params = copy_params(x, y, rows=rows, size=size, y_start=start)
            table = Const("table", "uint8_t", _table(x, y), "tables")
            steps.append(call_step(op, "ep_copy_table", "ep_copy_table", (params, table), (x,), y))
        elif rows == 1 and aligned(start, spec) and _placeable(op, graph, index):
            aliases.append(Alias(y.index, index, start))
        else:
            steps.append(copy_step(op, x, y, rows=rows, size=size, y_start=start))
        start += size
    return Lowered(tuple(steps), tuple(aliases))


def _rescales(x: Tensor, y: Tensor) -> bool:
    if x.dtype is not DType.UINT8 or x.quantization is None or y.quantization is None:
        return False
    return (x.scale, x.zero_point) != (y.scale, y.zero_point)


def _table(x: Tensor, y: Tensor) -> bytes:
    """Each byte at the output's scale, as TFLite's ConcatenationWithScaling rounds it."""
    scale = np.float32(x.scale) * (np.float32(1) / np.float32(y.scale))
    bias = np.float32(-x.zero_point) * scale
    real = np.arange(256, dtype=np.float32) * scale + bias
    whole = np.trunc(real.astype(np.float64) + np.copysign(0.5, real))
    return bytes(np.clip(whole + y.zero_point, 0, 255).astype(np.uint8))


def _placeable(op: Operator, graph: Graph, index: int) -> bool:
    """Whether a joining operator may say where its input lies.

    It may where a kernel computes that input for this join first, once: then each tensor has at
    most one that says where it lies, and the places never contradict each other. What is only
    reshaped on the way is placed with what it is made of.
    """
    users = [o for o in graph.operators if o.kind in JOINING and index in o.inputs]
    if users[:1] != [op] or op.inputs.count(index) != 1 or index in graph.outputs:
        return False
    while (writer := _writer(graph, index)) is not None and writer.kind in SAME_BYTES:
        index = writer.inputs[0]
        readers = [o for o in graph.operators if index in o.inputs]
        if len(readers) != 1 or index in graph.outputs:
            return False
    return graph.tensor(index).in_arena and (writer is None or writer.kind not in _PLACING)


def _writer(graph: Graph, index: int) -> Operator | None:
    return next((other for other in graph.operators if index in other.outputs), None)


ROWS: tuple[OperatorRow, ...] = (
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
        lower=lower_join,
        notes="Costs nothing along the outermost dimension that is not 1. One quantisation for "
        "all in int8 and int16, as TFLite demands; uint8 is brought to the output's.",
    ),
    OperatorRow(
        kind="PACK",
        code=83,
        options_type=59,
        options=(OptionField("values_count", 0, "int32"), OptionField("axis", 1, "int32")),
        inputs=(1, 1024),
        types=TYPES,
        check=check_pack,
        lower=lower_join,
        notes="Costs nothing along the outermost dimension that is not 1.",
    ),
)
