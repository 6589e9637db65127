"""Operators of edgepack's own that end a front end; `compiler.frontend` makes them."""

from __future__ import annotations

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import input_tensor, output_tensor
from edgepack.compiler.operators.row import Lower, OperatorRow
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Argument, Kept, Lowered, LowerSpec, Params, Scalar, Step, TensorRef

_FIELDS = ("mantissa", "shift", "zero", "low", "high")


def _nothing(op: Operator, graph: Graph) -> None:
    """What the compiler makes needs no check."""


def _row(kind: str, inputs: int, lower: Lower) -> OperatorRow:
    return OperatorRow(
        kind=kind,
        code=32,
        inputs=(inputs, inputs),
        types=("int8", "uint8", "int16", "float32", "bool"),
        check=_nothing,
        lower=lower,
        oracle="NumPy twin",
    )


def _step(op: Operator, graph: Graph, kernel: str, arguments: tuple[Argument, ...]) -> Lowered:
    inputs = tuple(i for i in op.inputs if graph.tensor(i).data is None)
    return Lowered((Step(op.index, kernel, "ep_features", arguments, inputs, op.outputs),))


def _refs(op: Operator) -> tuple[TensorRef, ...]:
    return tuple(TensorRef(index) for index in (*op.inputs, *op.outputs))


def _lower_cosine(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, table = op.inputs
    count, channels = graph.tensor(table).shape
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", count),
        Scalar("uint32_t", channels),
        *(TensorRef(index) for index in (table, x, *op.outputs)),
    )
    return _step(op, graph, "ep_cosine_s16", arguments)


def _lower_feature(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    y = output_tensor(op, graph)
    count = Scalar("uint32_t", y.elements)
    if y.dtype is DType.FLOAT32:
        scale = Scalar("float", op.option("scale"))
        return _step(op, graph, "ep_feature_f32", (scale, count, *_refs(op)))
    params = Params("ep_feature_t", tuple((name, op.option(name)) for name in _FIELDS))
    return _step(op, graph, f"ep_feature_{calls.SUFFIX[y.dtype]}", (params, count, *_refs(op)))


def _lower_sliding(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    import numpy as np

    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    empty = np.full(y.elements, op.option("empty"), y.dtype.numpy).tobytes()
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", y.bytes),
        Scalar("uint32_t", x.bytes),
        Kept(DType.UINT8, empty),
        *_refs(op),
    )
    return _step(op, graph, "ep_sliding", arguments)


def _lower_every(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    stride = Scalar("uint32_t", op.option("stride"))
    return _step(op, graph, "ep_every", (stride, Kept(DType.UINT32, bytes(4)), *_refs(op)))


COSINE = _row("EdgepackCosine", 2, _lower_cosine)
FEATURE = _row("EdgepackFeature", 1, _lower_feature)
SLIDING = _row("EdgepackSliding", 1, _lower_sliding)
EVERY = _row("EdgepackEvery", 0, _lower_every)

FRONT_END_ROWS = (COSINE, FEATURE, SLIDING, EVERY)
