"""An LSTM on floats with int8 weights, whose vectors are quantised at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import checks, lstm_weights, scaling
from edgepack.compiler.operators.lstm_weights import (
    BIASES,
    INPUT,
    PEEPHOLES,
    RECURRENT,
    WEIGHTS,
    Gate,
    Sizes,
)
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Argument, Const, FieldValue, Params, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check(op: Operator, graph: Graph, sizes: Sizes) -> None:
    """Every int8 tensor has one scale and no zero point, and the sums fit int32."""
    for tensor in _tensors(op, graph, sizes):
        checks.require_per_tensor(op, graph, tensor)
        checks.require_symmetric(op, graph, tensor)
        rows = tensor.array().reshape(tensor.shape[0], -1).astype(np.int64)
        none = np.zeros(len(rows), np.int64)
        scaling.require_int32(op, graph, scaling.sum_bounds(rows, none, -255, 255))


def _tensors(op: Operator, graph: Graph, sizes: Sizes) -> list[Tensor]:
    found = [
        tensor
        for places in (WEIGHTS, RECURRENT)
        for tensor in lstm_weights.gate_tensors(op, graph, sizes, places)
    ]
    if checks.optional_input(op, graph, PEEPHOLES[0]) is not None:
        found += lstm_weights.gate_tensors(op, graph, sizes, PEEPHOLES)
    projection = checks.optional_input(op, graph, Gate.PROJECTION)
    return [*found, projection] if projection is not None else found


def tables(op: Operator, graph: Graph, sizes: Sizes) -> tuple[Argument, ...]:
    """The kernel's arguments from its scales to the projection's bias."""
    projection = checks.optional_input(op, graph, Gate.PROJECTION)
    asymmetric = bool(op.option("asymmetric_quantize_inputs"))
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("scales_x", _scales(op, graph, sizes, WEIGHTS)),
        ("scales_h", _scales(op, graph, sizes, RECURRENT)),
        ("scale_p", projection.scale if projection is not None else 0.0),
        ("clip_c", float(op.option("cell_clip"))),
        ("clip_p", float(op.option("proj_clip"))),
        ("asymmetric", int(asymmetric)),
    )
    bias = lstm_weights.gates_vector(op, graph, sizes, BIASES)
    return (
        Params("ep_lstm_hybrid_t", fields),
        TensorRef(op.inputs[INPUT]),
        lstm_weights.weights(op, graph, sizes),
        _totals(op, graph, sizes, projection) if asymmetric else None,
        lstm_weights.const("bias", "float", bias),
        _peephole(op, graph, sizes),
        *lstm_weights.projection(op, graph, sizes),
    )


def _scales(op: Operator, graph: Graph, sizes: Sizes, places: Sequence[int]) -> tuple[float, ...]:
    found = [t.scale for t in lstm_weights.gate_tensors(op, graph, sizes, places)]
    return (*found, 0.0)[:4]


def _totals(op: Operator, graph: Graph, sizes: Sizes, projection: Tensor | None) -> Const:
    """[cells][2][gates], then the projection's rows."""
    parts = [
        np.stack([_row_sums(t) for t in lstm_weights.gate_tensors(op, graph, sizes, places)], 1)
        for places in (WEIGHTS, RECURRENT)
    ]
    flat = np.stack(parts, axis=1).reshape(-1)
    if projection is not None:
        flat = np.concatenate([flat, _row_sums(projection)])
    return Const("totals", "int32_t", flat.astype("<i4").tobytes(), "tables")


def _row_sums(tensor: Tensor) -> NDArray[np.int64]:
    sums: NDArray[np.int64] = tensor.array().astype(np.int64).sum(axis=1)
    return sums


def _peephole(op: Operator, graph: Graph, sizes: Sizes) -> Const | None:
    """[cells, 4] as floats, each rounded once as TFLite does it."""
    if checks.optional_input(op, graph, PEEPHOLES[0]) is None:
        return None
    values = np.zeros((sizes.cells, 4), "<f4")
    for gate, place in enumerate(PEEPHOLES[: sizes.gates]):
        if place >= 0:
            tensor = checks.input_tensor(op, graph, place)
            values[:, gate] = np.float32(tensor.scale) * tensor.array().astype(np.float32)
    return lstm_weights.const("peephole", "float", values)
