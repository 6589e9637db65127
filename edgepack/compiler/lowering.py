"""Lowering: each operator becomes kernel calls, through its row of the table of operators."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from edgepack.compiler import variants
from edgepack.compiler.copying import copy_step
from edgepack.compiler.flatten import flatten
from edgepack.compiler.operators import TABLE
from edgepack.compiler.operators.control import CONTROL
from edgepack.compiler.signed_bytes import signed_bytes
from edgepack.compiler.unpacking import with_unpacked
from edgepack.errors import ModelError
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Alias,
    Argument,
    Choice,
    Kept,
    Lowered,
    LowerSpec,
    Program,
    Step,
    TensorRef,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Offered:
    """A graph as kernel calls, of which some operators have several ways to be run."""

    graph: Graph
    operators: tuple[Lowered, ...]  # one an operator of the graph, in its order
    tail: tuple[Step, ...]  # behind them: copies into outputs of the model
    aliases: tuple[Alias, ...]
    spec: LowerSpec

    def program(self, picks: Sequence[int], choices: tuple[Choice, ...] = ()) -> Program:
        """The program in which operator i goes the way `picks[i]` of its `ways`."""
        chosen = zip(self.operators, picks, strict=True)
        steps = tuple(step for lowered, pick in chosen for step in lowered.ways[pick])
        return Program(self.graph, (*steps, *self.tail), self.aliases, self.spec, choices)


def lower(graph: Graph, spec: LowerSpec) -> Program:
    """The graph by the first kernel that instruction sets offer, at level "size" by the portable.

    What is offered besides, and what is worth its memory: `offer`, and choice.py. Raises ModelError
    where an operator has no row in the table.
    """
    found = offer(graph, spec)
    levels = (spec.level(operator.index) for operator in found.graph.operators)
    pairs = zip(found.operators, levels, strict=True)
    return found.program([int(_has_own(o) and level != "size") for o, level in pairs])


def _has_own(lowered: Lowered) -> bool:
    """Whether an instruction set has the first offer."""
    return bool(lowered.offers) and lowered.offers[0].variant != "portable"


def offer(graph: Graph, spec: LowerSpec) -> Offered:
    """All kernel calls for the instruction set of `spec`, in the operators' order.

    A view of a constant becomes a constant of its own; one of a tensor that keeps its contents is
    copied, for those may change before it is read. An output of the model that is a constant or
    keeps its contents is copied into the arena by a last step. Raises ModelError where an operator
    has no row in the table.
    """
    graph = signed_bytes(flatten(graph))
    operators: list[Lowered] = []
    aliases: list[Alias] = []
    for operator in graph.operators:
        graph, lowered = _with_kept(graph, _lower_operator(operator, graph, spec))
        for alias in lowered.aliases:
            source = graph.tensor(alias.input)
            if source.in_arena:
                aliases.append(alias)
            elif source.data is not None:
                graph = _constant_view(graph, alias)
            else:
                lowered = _followed(lowered, _view_copy(operator.index, graph, alias))
        operators.append(lowered)
    graph, copies = _copied_outputs(graph)
    return Offered(graph, tuple(operators), tuple(copies), tuple(aliases), spec)


def _lower_operator(operator: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    row = operator.own or TABLE.get(operator.kind) or CONTROL.get(operator.kind)
    if row is None:
        raise ModelError(
            f"op {operator.index} {operator.kind}: edgepack has no kernel for it; "
            "replace the layer, or run it outside the model"
        )
    at_level = dataclasses.replace(spec, optimize=spec.level(operator.index))
    lowered = row.lower(operator, graph, at_level)
    if len(lowered.steps) == 1 and (twin := variants.twin(lowered.steps[0], spec)):
        lowered = dataclasses.replace(lowered, offers=(*lowered.offers, twin))
    lowered = with_unpacked(lowered)
    for way in lowered.ways:
        for step in way:
            _check(step, graph)
    return lowered


def _with_kept(graph: Graph, lowered: Lowered) -> tuple[Graph, Lowered]:
    """What kernels keep for themselves becomes tensors of the graph that keep their contents."""
    if not any(isinstance(a, Kept) for step in lowered.steps for a in step.arguments):
        return graph, lowered
    assert not lowered.offers, "what a kernel keeps belongs to one way only"
    tensors, steps = list(graph.tensors), []
    for step in lowered.steps:
        arguments: list[Argument] = []
        for argument in step.arguments:
            if isinstance(argument, Kept):
                count = len(argument.first) // argument.dtype.bytes
                kept = Tensor(len(tensors), "kept", (count,), argument.dtype, state=argument.first)
                tensors.append(kept)
                argument = TensorRef(kept.index)
            arguments.append(argument)
        own = tuple(tensor.index for tensor in tensors[len(graph.tensors) :])
        steps.append(
            dataclasses.replace(
                step,
                arguments=tuple(arguments),
                inputs=(*step.inputs, *own),
                outputs=(*step.outputs, *own),
            )
        )
        graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return graph, dataclasses.replace(lowered, steps=tuple(steps))


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


def _followed(lowered: Lowered, copy: Step) -> Lowered:
    assert not lowered.offers, "a view has one way only"
    return dataclasses.replace(lowered, steps=(*lowered.steps, copy))


def _view_copy(operator: int, graph: Graph, alias: Alias) -> Step:
    return copy_step(operator, graph, alias.input, alias.output, alias.offset_bytes)
