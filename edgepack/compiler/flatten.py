"""One list of operators out of a graph and the graphs that its IF and WHILE run.

What a branch or a loop runs stands between marks (operators of the kinds IF, ELSE, END; WHILE,
TEST, END), and copies hand its results on. A loop carries its tensors in its own outputs: they are
written before it, read and written within, and so are live from the first copy to its end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph, Operator, Tensor

MAX_FLAT_OPERATORS = 10_000


def flatten(graph: Graph) -> Graph:
    """The same function without subgraphs; operators of these have numbers of their own.

    Tensors of one variable become one. Raises ModelError where it would be too large.
    """
    if not graph.subgraphs and not any(tensor.variable for tensor in graph.tensors):
        return graph
    flat = _Flat(graph)
    flat.put(graph, {}, inner=False)
    return dataclasses.replace(
        graph, tensors=tuple(flat.tensors), operators=tuple(flat.operators), subgraphs=()
    )


class _Flat:
    """What has been put so far."""

    def __init__(self, graph: Graph) -> None:
        self.tensors: list[Tensor] = list(graph.tensors)
        self.operators: list[Operator] = []
        self.variables: dict[str, int] = {}
        self.next_index = max((op.index for op in graph.operators), default=-1) + 1

    def put(self, graph: Graph, known: Mapping[int, int], *, inner: bool) -> dict[int, int]:
        """Put a graph's operators; its tensors' numbers to the new ones, `known` ones given."""
        places = dict(known)
        for op in graph.operators:
            for tensor in (*op.inputs, *op.outputs):
                if tensor not in places:
                    places[tensor] = self._place(graph, tensor, inner=inner)
        for tensor in graph.outputs:
            if tensor not in places:
                places[tensor] = self._place(graph, tensor, inner=inner)
        for op in graph.operators:
            self._operator(op, graph, places, inner=inner)
        return places

    def _place(self, graph: Graph, index: int, *, inner: bool) -> int:
        if index == ABSENT:
            return ABSENT
        tensor = graph.tensor(index)
        if tensor.variable in self.variables and tensor.variable:
            return self.variables[tensor.variable]
        place = self._new(tensor) if inner else index
        if tensor.variable:
            self.variables[tensor.variable] = place
        return place

    def _new(self, tensor: Tensor) -> int:
        self.tensors.append(dataclasses.replace(tensor, index=len(self.tensors)))
        return len(self.tensors) - 1

    def _operator(
        self, op: Operator, graph: Graph, places: Mapping[int, int], *, inner: bool
    ) -> None:
        inputs = tuple(places[t] for t in op.inputs)
        outputs = tuple(places[t] for t in op.outputs)
        index = self._number() if inner else op.index
        if op.kind == "IF" and graph.subgraphs:
            self._branches(op, graph, index, inputs, outputs)
        elif op.kind == "WHILE" and graph.subgraphs:
            self._loop(op, graph, index, inputs, outputs)
        else:
            self._add(dataclasses.replace(op, index=index, inputs=inputs, outputs=outputs))

    def _number(self) -> int:
        self.next_index += 1
        return self.next_index - 1

    def _add(self, op: Operator) -> None:
        if len(self.operators) >= MAX_FLAT_OPERATORS:
            raise ModelError(
                f"op {op.index} {op.kind}: with all branches and loops in place there are more "
                f"than {MAX_FLAT_OPERATORS} operators; that is the limit. Call fewer functions."
            )
        self.operators.append(op)

    def _mark(
        self, kind: str, index: int, inputs: Sequence[int] = (), outputs: Sequence[int] = ()
    ) -> None:
        self._add(Operator(index, kind, tuple(inputs), tuple(outputs), {}))

    def _branches(
        self,
        op: Operator,
        graph: Graph,
        index: int,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
    ) -> None:
        self._mark("IF", index, inputs[:1])
        for mark, option in (("ELSE", "then_subgraph_index"), ("END", "else_subgraph_index")):
            branch = graph.subgraphs[int(op.option(option))]
            places = self.put(branch, self._given(index, branch, inputs[1:]), inner=True)
            for source, target in zip(branch.outputs, outputs, strict=True):
                self._mark("COPY", index, [places[source]], [target])
            self._mark(mark, index, (), outputs if mark == "END" else ())

    def _loop(
        self,
        op: Operator,
        graph: Graph,
        index: int,
        inputs: tuple[int, ...],
        carried: tuple[int, ...],
    ) -> None:
        condition = graph.subgraphs[int(op.option("cond_subgraph_index"))]
        body = graph.subgraphs[int(op.option("body_subgraph_index"))]
        for source, target in zip(inputs, carried, strict=True):
            self._mark("COPY", index, [source], [target])
        self._mark("WHILE", index)
        places = self.put(condition, self._given(index, condition, carried), inner=True)
        self._mark("TEST", index, [places[condition.outputs[0]]])
        places = self.put(body, self._given(index, body, carried), inner=True)
        self._hand_on(index, [places[t] for t in body.outputs], carried)
        self._mark("END", index, carried, carried)

    def _given(self, index: int, called: Graph, values: Sequence[int]) -> dict[int, int]:
        """What the caller hands in; a copy where the same bytes count otherwise within."""
        given = dict(zip(called.inputs, values, strict=True))
        for inner, outer in given.items():
            tensor = called.tensor(inner)
            if tensor.quantization != self.tensors[outer].quantization and not tensor.variable:
                given[inner] = self._new(tensor)
                self._mark("COPY", index, [outer], [given[inner]])
        return given

    def _hand_on(self, index: int, results: Sequence[int], carried: Sequence[int]) -> None:
        """All at once: what one carried tensor gives another is kept aside first."""
        pairs = [(a, b) for a, b in zip(results, carried, strict=True) if a != b]
        aside = {a: self._new(self.tensors[a]) for a, _ in pairs if a in carried}
        for source, copy in aside.items():
            self._mark("COPY", index, [source], [copy])
        for source, target in pairs:
            self._mark("COPY", index, [aside.get(source, source)], [target])
