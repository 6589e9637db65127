"""Resource variables: VAR_HANDLE's handles become tensors that keep their contents.

A variable is known by its container and name, in all subgraphs. What it holds at first is what
CALL_ONCE assigns; one that nothing assigns before it is read holds zeros (or its zero point), as
in TFLite Micro. LiteRT refuses to read it then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from edgepack.compiler.constants import first_contents
from edgepack.compiler.operators.checks import printable, refuse, tensor_text
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph, Operator, Tensor

HANDLE = "?"  # the `variable` of a handle's tensor that is not resolved
AGAIN = "Convert the model again with a current TensorFlow"


class Variables:
    """The variables of one model, as its subgraphs are read one after another."""

    def __init__(self) -> None:
        self._known: dict[str, Tensor] = {}  # a value that it holds: type, shape, quantisation
        self._contents: dict[str, bytes] = {}

    def learn(self, key: str, value: Tensor) -> None:
        """A value that the variable holds at some time; the first one decides."""
        self._known.setdefault(key, value)

    def assign(self, key: str, value: Tensor) -> None:
        """What it holds at first."""
        assert value.data is not None
        self._known[key] = value
        self._contents[key] = value.data

    def tensor(self, key: str, index: int, name: str) -> Tensor:
        """The variable as a tensor of a graph."""
        like = self._known[key]
        empty = dataclasses.replace(like, index=index, name=name, data=None, state=None)
        state = self._contents.get(key) or first_contents(empty, None)
        return dataclasses.replace(empty, state=state, variable=key)


def handles_of(graph: Graph, bound: Mapping[int, str]) -> dict[int, str]:
    """Tensor to variable: the handles that VAR_HANDLEs make, and those that a caller gives."""
    found = dict(bound)
    for op in graph.operators:
        if op.kind == "VAR_HANDLE" and len(op.outputs) == 1:
            found[op.outputs[0]] = f"{op.option('container')}/{op.option('shared_name')}"
        if op.kind == "WHILE":  # it hands a handle through
            found |= {
                b: found[a] for a, b in zip(op.inputs, op.outputs, strict=False) if a in found
            }
    return found


def resolve(graph: Graph, handles: Mapping[int, str], variables: Variables) -> Graph:
    """The graph without VAR_HANDLEs; each variable is one tensor in it."""
    operators = [op for op in graph.operators if op.kind != "VAR_HANDLE"]
    for op in operators:
        place = {"ASSIGN_VARIABLE": op.inputs[1:2], "READ_VARIABLE": op.outputs[:1]}.get(op.kind)
        for value in place or ():
            if not op.inputs or value == ABSENT:
                continue  # what is missing, the validator says
            if op.inputs[0] not in handles:
                refuse(op, graph, f"it reads or assigns what no VAR_HANDLE makes. {AGAIN}.")
            variables.learn(handles[op.inputs[0]], graph.tensor(value))
    first: dict[str, int] = {}
    tensors = list(graph.tensors)
    renamed: dict[int, int] = {}
    touched = {t for op in operators if op.kind in _USERS for t in op.inputs[:1]}
    for tensor, key in sorted(handles.items()):
        renamed[tensor] = first.setdefault(key, tensor)
        if tensor in touched:
            home = first[key]
            tensors[home] = variables.tensor(key, home, tensors[home].name)
    operators = [
        dataclasses.replace(op, inputs=tuple(renamed.get(t, t) for t in op.inputs))
        for op in operators
    ]
    return dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(operators))


_USERS = ("ASSIGN_VARIABLE", "READ_VARIABLE")


def take_assignments(op: Operator, init: Graph, variables: Variables) -> None:
    """What a CALL_ONCE's subgraph assigns becomes the variables' first contents.

    `init` is folded: its operators are ASSIGN_VARIABLEs of constants, or ModelError.
    """
    handles = handles_of(init, {})
    for inner in init.operators:
        if inner.kind == "VAR_HANDLE":
            continue
        whole = inner.kind == "ASSIGN_VARIABLE" and len(inner.inputs) == 2
        value = init.tensor(inner.inputs[1]) if whole and ABSENT not in inner.inputs else None
        if value is None or value.data is None or inner.inputs[0] not in handles:
            made = printable(init.tensor(inner.outputs[0]).name) if inner.outputs else ""
            raise ModelError(
                f"op {op.index} CALL_ONCE: it runs {inner.kind} '{made}', whose result is not "
                "known when the model is compiled; only assignments of constants are supported. "
                "Initialise the variables with constants."
            )
        variables.assign(handles[inner.inputs[0]], value)


def refuse_handles(graph: Graph, used: Sequence[int]) -> None:
    """ModelError where a handle is used as if it were a value."""
    for index in used:
        tensor = graph.tensor(index)
        if tensor.variable == HANDLE:
            raise ModelError(
                f"{tensor_text(tensor)}: its type is resource, and it is no handle of a variable, "
                f"or one that leaves its subgraph; only variables are supported. {AGAIN}."
            )
