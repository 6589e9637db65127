"""Writes of one item into a list, as the converter spells them.

TensorFlow's lists of tensors, which recurrent layers write their outputs into, become dense
tensors, and a write becomes the concatenation of what lies before the item, the item, and what
lies behind it. Both parts have a size that only the run knows, so this is one operator again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from edgepack.compiler.rewrite import consumers
from edgepack.graph import Graph, Operator, Tensor

Makers = Mapping[int, Operator]


def join_list_writes(graph: Graph) -> Graph:
    """The graph with each such concatenation as a DYNAMIC_UPDATE_SLICE."""
    makers = {tensor: op for op in graph.operators for tensor in op.outputs}
    changed = {id(op): new for op in graph.operators if (new := _write(op, graph, makers))}
    if not changed:
        return graph
    operators = [changed.get(id(op), op) for op in graph.operators]
    return _without_unread(dataclasses.replace(graph, operators=tuple(operators)))


def _write(op: Operator, graph: Graph, makers: Makers) -> Operator | None:
    if op.kind != "CONCATENATION" or len(op.inputs) != 3:
        return None
    if op.option("axis") != 0 or op.option("fused_activation_function") != "NONE":
        return None
    before, item, behind = op.inputs
    first, last = makers.get(before), makers.get(behind)
    if first is None or last is None or not first.kind == last.kind == "SLICE":
        return None
    whole, update, made = (graph.tensor(t) for t in (first.inputs[0], item, op.outputs[0]))
    if last.inputs[0] != whole.index or not _fits(whole, update, made):
        return None
    sizes, starts = _vector(first.inputs[2], graph, makers), _vector(last.inputs[1], graph, makers)
    if not (_all(graph.tensor(first.inputs[1]), 0) and _all(graph.tensor(last.inputs[2]), -1)):
        return None
    if sizes is None or starts is None or sizes[1] != -1 or starts[1] != 0:
        return None
    if not _is_next(starts[0], sizes[0], graph, makers):
        return None
    return Operator(
        op.index,
        "DYNAMIC_UPDATE_SLICE",
        (whole.index, update.index, first.inputs[2]),  # a start below 0 counts as 0
        op.outputs,
        {},
    )


def _fits(whole: Tensor, update: Tensor, made: Tensor) -> bool:
    return (
        (whole.shape, whole.dtype, whole.quantization)
        == (made.shape, made.dtype, made.quantization)
        and update.shape == (1, *whole.shape[1:])
        and (update.dtype, update.quantization) == (whole.dtype, whole.quantization)
    )


def _vector(tensor: int, graph: Graph, makers: Makers) -> tuple[int, int] | None:
    """(a scalar's tensor, n) of the vector [scalar, n, n, ...]."""
    op = makers.get(tensor)
    if op is None or op.kind != "CONCATENATION" or len(op.inputs) != 2:
        return None
    head, tail = makers.get(op.inputs[0]), graph.tensor(op.inputs[1])
    if head is None or head.kind not in ("RESHAPE", "EXPAND_DIMS") or tail.data is None:
        return None
    values = {int(value) for value in tail.array().ravel()}
    return (head.inputs[0], values.pop()) if len(values) == 1 else None


def _all(tensor: Tensor, value: int) -> bool:
    return tensor.data is not None and bool((tensor.array() == value).all())


def _is_next(after: int, before: int, graph: Graph, makers: Makers) -> bool:
    """Whether one scalar is the other plus 1."""
    op = makers.get(after)
    if op is None or op.kind != "ADD" or before not in op.inputs:
        return False
    other = graph.tensor(op.inputs[1 - op.inputs.index(before)])
    return other.data is not None and bool(np.all(other.array() == 1))


def _without_unread(graph: Graph) -> Graph:
    """Without the slices, and what makes their places, that nothing reads any more."""
    while True:
        uses = consumers(graph)
        kept = tuple(
            op
            for op in graph.operators
            if op.kind not in ("SLICE", "CONCATENATION", "RESHAPE", "EXPAND_DIMS")
            or any(t in uses or t in graph.outputs for t in op.outputs)
        )
        if len(kept) == len(graph.operators):
            return graph
        graph = dataclasses.replace(graph, operators=kept)
