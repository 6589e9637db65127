"""What IF, WHILE and CALL_ONCE run, read for the place that runs it.

Each call gets a copy of its subgraph in which constants and variables that the caller hands in are
bound: the converter passes weights through loops as if they were carried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edgepack.compiler.folding import fold_constants, fold_inside
from edgepack.compiler.list_writes import join_list_writes
from edgepack.compiler.operators.checks import printable
from edgepack.compiler.operators.control import SUBGRAPHS
from edgepack.compiler.shape_inference import infer_shapes
from edgepack.compiler.validator import validate
from edgepack.compiler.variables import (
    Variables,
    handles_of,
    refuse_handles,
    resolve,
    take_assignments,
)
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph, Operator

MAX_DEPTH = 8
MAX_CALLS = 1_000


@dataclass(slots=True)
class Reading:
    """One model while it is read: `raw` gives the subgraph of a number, not validated."""

    raw: Callable[[int], Graph]
    is_open: Callable[[int], bool]  # whether the subgraph leaves a shape open
    resized: bool = False  # whether inputs of the main graph were given other shapes
    variables: Variables = field(default_factory=Variables)
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """What a caller hands to places of a subgraph's inputs: constants, variables."""

    constants: Mapping[int, bytes]
    variables: Mapping[int, str]


def complete(graph: Graph, reading: Reading) -> Graph:
    """The main graph with its variables, known results and subgraphs; validated."""
    changed = frozenset(graph.inputs if reading.resized else ())
    return _complete(_without_call_once(graph, reading), reading, {}, (), changed)


def _complete(
    graph: Graph,
    reading: Reading,
    bound: Mapping[int, str],
    path: tuple[int, ...],
    changed: frozenset[int],
) -> Graph:
    handles = handles_of(graph, bound)
    graph = join_list_writes(resolve(graph, handles, reading.variables))
    if changed or reading.is_open(path[-1] if path else 0):
        graph = infer_shapes(graph, changed, keep_outputs=not path)
    graph = fold_constants(graph) if path else fold_inside(graph)
    graph = _with_subgraphs(graph, reading, handles, path)
    used = [t for op in graph.operators for t in (*op.inputs, *op.outputs) if t != ABSENT]
    refuse_handles(graph, [*used, *graph.inputs, *graph.outputs])
    return validate(graph, inner=bool(path))


def _without_call_once(graph: Graph, reading: Reading) -> Graph:
    """Assignments that come before all others are first contents."""
    kept: list[Operator] = []
    touched = False
    for op in graph.operators:
        if op.kind != "CALL_ONCE" or touched:
            touched = touched or op.kind in ("READ_VARIABLE", "ASSIGN_VARIABLE", *SUBGRAPHS)
            kept.append(op)
            continue
        init = fold_constants(_raw(op, reading, int(op.option("init_subgraph_index"))))
        take_assignments(op, init, reading.variables)
    return dataclasses.replace(graph, operators=tuple(kept))


def _with_subgraphs(
    graph: Graph, reading: Reading, handles: Mapping[int, str], path: tuple[int, ...]
) -> Graph:
    operators: list[Operator] = []
    inner: list[Graph] = []
    for op in graph.operators:
        if op.kind not in SUBGRAPHS:
            operators.append(op)
            continue
        numbers = [int(op.option(option)) for option in SUBGRAPHS[op.kind]]
        raws = [_raw(op, reading, number) for number in numbers]
        skip = 1 if op.kind == "IF" else 0
        bound = _bound(op, graph, handles, skip, raws[1] if op.kind == "WHILE" else None)
        op, graph = _without_bound(op, graph, bound, skip)
        for option, number, raw in zip(SUBGRAPHS[op.kind], numbers, raws, strict=True):
            carries = option == "body_subgraph_index"
            called = _given(op, raw, number, bound, carries=carries)
            called, changed = _resized(called, [graph.tensor(t).shape for t in op.inputs[skip:]])
            keys = {raw.inputs[p]: v for p, v in bound.variables.items() if p < len(raw.inputs)}
            inner.append(_called(op, called, number, keys, reading, path, changed))
        options = dict(zip(SUBGRAPHS[op.kind], range(len(inner) - 2, len(inner)), strict=True))
        operators.append(dataclasses.replace(op, options={**op.options, **options}))
    return dataclasses.replace(graph, operators=tuple(operators), subgraphs=tuple(inner))


def _raw(op: Operator, reading: Reading, number: int) -> Graph:
    reading.calls += 1
    if reading.calls > MAX_CALLS:
        raise ModelError(
            f"op {op.index} {op.kind}: subgraphs are called from more than {MAX_CALLS} places; "
            "that is the limit. Call fewer functions."
        )
    return reading.raw(number)


def _bound(
    op: Operator, graph: Graph, handles: Mapping[int, str], skip: int, body: Graph | None
) -> Bound:
    """What of the caller's inputs never changes in a branch or from turn to turn of a loop."""
    constants: dict[int, bytes] = {}
    variables: dict[int, str] = {}
    for place, tensor in enumerate(op.inputs[skip:]):
        if tensor == ABSENT:
            continue
        if tensor in handles:
            variables[place] = handles[tensor]
        data = graph.tensor(tensor).data
        if data is not None and (body is None or _stays(body, place)):
            constants[place] = data
    for place in variables:
        if body is not None and not _stays(body, place):
            raise ModelError(
                f"op {op.index} {op.kind}: it changes which variable its input {place} is; that "
                "is not supported. Use a variable for each state."
            )
    return Bound(constants, variables)


def _stays(body: Graph, place: int) -> bool:
    ends = (body.inputs, body.outputs)
    return all(place < len(end) for end in ends) and body.inputs[place] == body.outputs[place]


def _without_bound(op: Operator, graph: Graph, bound: Bound, skip: int) -> tuple[Operator, Graph]:
    """The call without what is bound; a constant that a loop hands through stays one behind it."""
    gone = {place + skip for place in (*bound.constants, *bound.variables)}
    inputs = tuple(t for place, t in enumerate(op.inputs) if place not in gone)
    if op.kind != "WHILE":
        return dataclasses.replace(op, inputs=inputs), graph
    tensors = list(graph.tensors)
    for place, data in bound.constants.items():
        if place < len(op.outputs):
            source, made = tensors[op.inputs[place]], op.outputs[place]
            tensors[made] = dataclasses.replace(source, index=made, name=tensors[made].name)
            tensors[made] = dataclasses.replace(tensors[made], data=data)
    outputs = tuple(t for place, t in enumerate(op.outputs) if place not in gone)
    op = dataclasses.replace(op, inputs=inputs, outputs=outputs)
    return op, dataclasses.replace(graph, tensors=tuple(tensors))


def _given(op: Operator, raw: Graph, number: int, bound: Bound, *, carries: bool) -> Graph:
    """The subgraph with the constants in it, and without the inputs that are bound."""
    tensors = list(raw.tensors)
    for place, data in bound.constants.items():
        if place >= len(raw.inputs):
            continue
        index = raw.inputs[place]
        if len(data) != tensors[index].bytes:
            raise ModelError(
                f"{_place(op, raw, number)}: input {place} has {tensors[index].bytes} bytes, its "
                f"caller gives {len(data)}; they must agree. Convert the model again."
            )
        tensors[index] = dataclasses.replace(tensors[index], data=data)
    gone = {*bound.constants, *bound.variables}

    def left(ends: Sequence[int]) -> tuple[int, ...]:
        return tuple(tensor for place, tensor in enumerate(ends) if place not in gone)

    return dataclasses.replace(
        raw,
        tensors=tuple(tensors),
        inputs=left(raw.inputs),
        outputs=left(raw.outputs) if carries else raw.outputs,
    )


def _resized(graph: Graph, shapes: Sequence[tuple[int, ...]]) -> tuple[Graph, frozenset[int]]:
    """The subgraph with the shapes that its caller hands in, and which of its inputs changed."""
    tensors = list(graph.tensors)
    changed = set()
    for index, shape in zip(graph.inputs, shapes, strict=False):
        if tensors[index].shape != shape:
            tensors[index] = dataclasses.replace(tensors[index], shape=shape)
            changed.add(index)
    return dataclasses.replace(graph, tensors=tuple(tensors)), frozenset(changed)


def _called(
    op: Operator,
    graph: Graph,
    number: int,
    handles: Mapping[int, str],
    reading: Reading,
    path: tuple[int, ...],
    changed: frozenset[int],
) -> Graph:
    where = _place(op, graph, number)
    if number in (0, *path) or len(path) >= MAX_DEPTH:
        raise ModelError(
            f"{where}: it calls itself, or calls go deeper than {MAX_DEPTH}; neither is supported. "
            "Use a loop instead."
        )
    if any(inner.kind == "CALL_ONCE" for inner in graph.operators):
        raise ModelError(
            f"{where}: a CALL_ONCE in a branch or loop; it must stand in the main graph. "
            "Initialise the variables outside."
        )
    try:
        return _complete(graph, reading, handles, (*path, number), changed)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error


def _place(op: Operator, graph: Graph, number: int) -> str:
    return f"op {op.index} {op.kind}, subgraph {number} '{printable(graph.name)}'"
