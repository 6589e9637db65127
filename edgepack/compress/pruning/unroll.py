"""A Functional or Sequential Keras model as a flat list of calls, nested models opened.

Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgepack.errors import ModelError


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer or operation; `inputs` and `outputs` are tensor numbers."""

    operation: Any
    arguments: Any  # Keras's SymbolicArguments, to be filled in anew
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unrolled:
    """A model's calls in an order that can run; `shapes` by tensor number, the batch first."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple[Call, ...]
    shapes: tuple[tuple[int | None, ...], ...]
    placeholders: tuple[Any, ...]  # Keras's input tensors, for their names and types


def unroll(model: Any, name: str) -> Unrolled:
    """The calls of `model`; ModelError, naming `name`, for a subclassed model."""
    shapes: list[tuple[int | None, ...]] = []
    calls: list[Call] = []

    def number(tensor: Any) -> int:
        shapes.append(tuple(tensor.shape))
        return len(shapes) - 1

    inputs = tuple(number(tensor) for tensor in model.inputs)

    def walk(graph: Any, given: Sequence[int]) -> tuple[int, ...]:
        body = getattr(graph, "_functional", None) or graph
        if not hasattr(body, "_nodes_by_depth"):
            raise ModelError(
                f"{name}: {type(graph).__name__} is a model of your own class, whose layers cannot "
                "be followed; build it with keras.Model(inputs, outputs) or keras.Sequential"
            )
        numbers = {id(t): n for t, n in zip(body.inputs, given, strict=True)}
        for depth in sorted(body._nodes_by_depth, reverse=True):
            for node in body._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                fed = tuple(numbers[id(t)] for t in node.input_tensors)
                if _is_model(node.operation):
                    made = walk(node.operation, fed)
                else:
                    made = tuple(number(t) for t in node.output_tensors)
                    calls.append(Call(node.operation, node.arguments, fed, made))
                numbers.update({id(t): n for t, n in zip(node.output_tensors, made, strict=True)})
        return tuple(numbers[id(t)] for t in body.outputs)

    outputs = walk(model, inputs)
    return Unrolled(model.name, inputs, outputs, tuple(calls), tuple(shapes), tuple(model.inputs))


def _is_model(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.Model)
