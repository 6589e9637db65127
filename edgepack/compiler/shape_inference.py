"""Shapes that a file leaves open, or that a size chosen for an input changes, worked out again."""

from __future__ import annotations

import dataclasses

from edgepack.compiler.folding import known_results
from edgepack.compiler.operators import row_of
from edgepack.compiler.operators.checks import refuse, tensor_text
from edgepack.compiler.shape_rules import RULES, Shape
from edgepack.errors import ModelError
from edgepack.graph import Graph, Operator


def infer_shapes(graph: Graph, changed: frozenset[int], *, keep_outputs: bool) -> Graph:
    """The graph with the shapes that its inputs imply, without operators that only compute them.

    Where an operator has no shape function, its outputs keep the shapes of the file; ModelError
    where an input of it is `changed`, of another shape than in the file. What is made of the former
    keeps its shape as well. With `keep_outputs`, what
    makes an output of the graph stays.
    """
    moved, unknown = set(changed), set[int]()
    ends = frozenset((*graph.inputs, *(graph.outputs if keep_outputs else ())))
    kept = []
    for op in graph.operators:
        graph = _shaped(op, graph, moved, unknown)
        results = known_results(op, graph, ends)
        if results is None:
            kept.append(op)
            continue
        tensors = list(graph.tensors)
        for index, values in zip(op.outputs, results, strict=True):
            tensors[index] = dataclasses.replace(tensors[index], data=values.tobytes())
        graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return dataclasses.replace(graph, operators=tuple(kept))


def _shaped(op: Operator, graph: Graph, changed: set[int], unknown: set[int]) -> Graph:
    shapes = None if unknown.intersection(op.inputs) else _shapes(op, graph)
    if shapes is None:
        unknown.update(op.outputs)
        if changed.intersection(op.inputs) and op.outputs:
            names = ", ".join(tensor_text(graph.tensor(t)) for t in op.outputs)
            refuse(
                op,
                graph,
                f"the shape of {names} depends on what the file leaves open, and cannot be worked "
                "out. Fix the input's shape before you convert: keras.Input(shape=..., "
                "batch_size=1).",
            )
        return graph
    tensors = list(graph.tensors)
    for index, shape in zip(op.outputs, shapes, strict=True):
        tensor = tensors[index]
        if tensor.shape != shape and tensor.in_arena:
            tensors[index] = dataclasses.replace(tensor, shape=shape)
            changed.add(index)
    return dataclasses.replace(graph, tensors=tuple(tensors))


def _shapes(op: Operator, graph: Graph) -> tuple[Shape, ...] | None:
    rule = row_of(op).shape or RULES.get(op.kind)
    if rule is None:
        return None
    try:
        shapes = tuple(tuple(int(size) for size in shape) for shape in rule(op, graph))
    except (ModelError, ValueError, IndexError, KeyError, ZeroDivisionError, TypeError):
        return None
    return shapes if len(shapes) == len(op.outputs) else None
