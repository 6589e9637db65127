"""Weights that lie outside the image: the application reads them into the arena, step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from itertools import pairwise
from typing import TypeVar

from edgepack.graph import ABSENT, DType, Graph, Operator, OptionValue, Quantization, Tensor
from edgepack.program import Argument, Const, Loaded, Program, Step

LEAST = 256  # bytes; a smaller constant stays in the image
ALIGNMENT = 16  # of each constant in the file
HELPER = -1  # the index of an operator that stands for none of the file's

Item = TypeVar("Item")


def sliced(graph: Graph, operators: Collection[int], limit: int) -> Graph:
    """The graph with its dense layers of one row in slices of their outputs.

    Of the operators of those indices, each FULLY_CONNECTED whose weights take more than `limit`
    bytes becomes several that take at most that many each, and at least 16 outputs; so they write
    side by side at aligned places. 0 is no limit.
    """
    tensors, made = list(graph.tensors), list[Operator]()
    for operator in graph.operators:
        step = _outputs_at_once(operator, graph, limit) if operator.index in operators else 0
        made += _slices(operator, tensors, step) if step else [operator]
    return dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(made))


def _outputs_at_once(operator: Operator, graph: Graph, limit: int) -> int:
    """How many outputs of a dense layer a slice has; 0 where the layer stays whole."""
    if operator.kind != "FULLY_CONNECTED" or not limit:
        return 0
    weights, y = graph.tensor(operator.inputs[1]), graph.tensor(operator.outputs[0])
    outputs = weights.shape[0]
    if weights.data is None or weights.dtype is not DType.INT8 or y.elements != outputs:
        return 0
    least = limit * outputs // weights.bytes // ALIGNMENT * ALIGNMENT
    return max(ALIGNMENT, least) if outputs > max(ALIGNMENT, least) else 0


def _slices(operator: Operator, tensors: list[Tensor], step: int) -> list[Operator]:
    y, outputs = operator.outputs[0], tensors[operator.inputs[1]].shape[0]
    edges = [*range(0, outputs, step), outputs]
    made, targets = list[Operator](), list[int]()
    for first, end in pairwise(edges):
        constants = [
            t if t == ABSENT else _rows_of(tensors, t, first, end) for t in operator.inputs[1:]
        ]
        shape = (*tensors[y].shape[:-1], end - first)
        name = f"{tensors[y].name}_from_{first}"
        targets.append(_added(tensors, dataclasses.replace(tensors[y], name=name, shape=shape)))
        inputs = (operator.inputs[0], *constants)
        made.append(dataclasses.replace(operator, inputs=inputs, outputs=(targets[-1],)))
    options: dict[str, OptionValue] = {
        "axis": len(tensors[y].shape) - 1,
        "fused_activation_function": "NONE",
    }
    return [*made, Operator(HELPER, "CONCATENATION", tuple(targets), (y,), options)]


def _rows_of(tensors: list[Tensor], tensor: int, first: int, end: int) -> int:
    """A constant of some rows of a constant."""
    whole = tensors[tensor]
    assert whole.data is not None
    row = whole.bytes // whole.shape[0]
    part = dataclasses.replace(
        whole,
        name=f"{whole.name}_from_{first}",
        shape=(end - first, *whole.shape[1:]),
        data=whole.data[first * row : end * row],
        quantization=_channels_of(whole.quantization, first, end),
    )
    return _added(tensors, part)


def _channels_of(whole: Quantization | None, first: int, end: int) -> Quantization | None:
    def some(values: tuple[Item, ...]) -> tuple[Item, ...]:
        return values[first:end] if len(values) > 1 else values

    if whole is None:
        return None
    return Quantization(some(whole.scales), some(whole.zero_points), whole.axis)


def _added(tensors: list[Tensor], tensor: Tensor) -> int:
    tensors.append(dataclasses.replace(tensor, index=len(tensors)))
    return len(tensors) - 1


def with_external(program: Program, operators: Collection[int], *, ahead: bool) -> Program:
    """The program with the weights of those operators in `external`, the bytes of a file.

    Each lies in the arena during its step; with `ahead` also during the step in front, so that it
    can be read while that one runs, wherever that one always runs just before.
    """
    file, places = bytearray(), dict[bytes, int]()
    steps = []
    for index, step in enumerate(program.steps):
        if step.operator not in operators:
            steps.append(step)
            continue
        early = ahead and _follows(program, index)
        arguments = tuple(_argument(a, file, places, early) for a in step.arguments)
        steps.append(dataclasses.replace(step, arguments=arguments))
    return dataclasses.replace(program, steps=tuple(steps), external=bytes(file))


def _argument(
    argument: Argument, file: bytearray, places: dict[bytes, int], early: bool
) -> Argument:
    is_weight = isinstance(argument, Const) and argument.role == "weights"
    if not isinstance(argument, Const) or not is_weight or len(argument.data) < LEAST:
        return argument
    if argument.data not in places:
        file += bytes(-len(file) % ALIGNMENT)
        places[argument.data] = len(file)
        file += argument.data
    return Loaded(len(argument.data), argument, places[argument.data], early)


def _follows(program: Program, index: int) -> bool:
    """Whether the step in front always runs before this one, in the same call."""
    before: Step | None = program.steps[index - 1] if index else None
    begins = {chunk.step for chunk in program.stream.chunks} if program.stream else set()
    return before is not None and not before.control and index not in begins
