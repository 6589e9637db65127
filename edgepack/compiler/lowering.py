"""Lowering: each operator becomes kernel calls, through its row of the table of operators."""

from __future__ import annotations

import dataclasses

from edgepack.compiler import variants
from edgepack.compiler.operators import TABLE
from edgepack.errors import ModelError
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Alias,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Program,
    Step,
    TensorRef,
)


def lower(graph: Graph, spec: LowerSpec) -> Program:
    """The graph as kernel calls for the instruction set of `spec`, in the operators' order.

    A view of a constant becomes a constant of its own; one of a tensor that keeps its contents is
    copied, for those may change before it is read. An output of the model that is a constant or
    keeps its contents is copied into the arena by a last step. Raises ModelError where an operator
    has no row in the table.
    """
    steps: list[Step] = []
    aliases: list[Alias] = []
    for operator in graph.operators:
        lowered = _lower_operator(operator, graph, spec)
        steps += lowered.steps
        for alias in lowered.aliases:
            source = graph.tensor(alias.input)
            if source.in_arena:
                aliases.append(alias)
            elif source.data is not None:
                graph = _constant_view(graph, alias)
            else:
                steps.append(_view_copy(operator.index, graph, alias))
    graph, copies = _copied_outputs(graph)
    return Program(graph, (*steps, *copies), tuple(aliases), spec)


def _lower_operator(operator: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    row = TABLE.get(operator.kind)
    if row is None:
        raise ModelError(
            f"op {operator.index} {operator.kind}: edgepack has no kernel for it; "
            "replace the layer, or run it outside the model"
        )
    lowered = row.lower(operator, graph, spec)
    steps = tuple(variants.twin(step, spec) for step in lowered.steps)
    lowered = dataclasses.replace(lowered, steps=steps)
    for step in lowered.steps:
        _check(step, graph)
    return lowered


def _check(step: Step, graph: Graph) -> None:
    """A row's promise to the planner: what a kernel touches in RAM, it declares."""
    passed = {a.tensor for a in step.arguments if isinstance(a, TensorRef)}
    declared = {*step.inputs, *step.outputs}
    where = f"op {step.operator} {step.kernel}"
    assert {t for t in passed if graph.tensor(t).data is None} <= declared, f"{where}: undeclared"
    assert all(graph.tensor(t).data is None for t in declared), f"{where}: constant declared"
    for overlap in step.overlaps:
        assert overlap.output in step.outputs, f"{where}: overlap"


def _constant_view(graph: Graph, alias: Alias) -> Graph:
    source, view = graph.tensor(alias.input), graph.tensor(alias.output)
    assert source.data is not None
    data = source.data[alias.offset_bytes : alias.offset_bytes + view.bytes]
    return _with_tensor(graph, dataclasses.replace(view, data=data))


def _with_tensor(graph: Graph, tensor: Tensor) -> Graph:
    tensors = list(graph.tensors)
    tensors[tensor.index] = tensor
    return dataclasses.replace(graph, tensors=tuple(tensors))


def _copied_outputs(graph: Graph) -> tuple[Graph, list[Step]]:
    steps: list[Step] = []
    outputs = list(graph.outputs)
    for place, index in enumerate(graph.outputs):
        constant = graph.tensor(index)
        if constant.in_arena:
            continue
        copy = dataclasses.replace(constant, index=len(graph.tensors), data=None, state=None)
        graph = dataclasses.replace(graph, tensors=(*graph.tensors, copy))
        outputs[place] = copy.index
        steps.append(copy_step(-1, graph, index, copy.index))
    return dataclasses.replace(graph, outputs=tuple(outputs)), steps


def _view_copy(operator: int, graph: Graph, alias: Alias) -> Step:
    return copy_step(operator, graph, alias.input, alias.output, alias.offset_bytes)


def copy_step(operator: int, graph: Graph, source: int, target: int, start: int = 0) -> Step:
    """A step that copies a tensor's bytes from `start` on, in place where the planner likes."""
    in_ram = graph.tensor(source).data is None
    in_place = graph.tensor(source).in_arena and graph.tensor(target).in_arena
    size = graph.tensor(target).bytes
    fields = (
        ("rows", 1),
        ("bytes", size),
        ("x_start", start),
        ("x_pitch", size),
        ("y_start", 0),
        ("y_pitch", size),
    )
    return Step(
        operator=operator,
        kernel="ep_copy",
        source="ep_copy",
        arguments=(Params("ep_copy_t", fields), TensorRef(source), TensorRef(target)),
        inputs=(source,) if in_ram else (),
        outputs=(target,),
        overlaps=(Overlap(source, target),) if in_place else (),
    )
