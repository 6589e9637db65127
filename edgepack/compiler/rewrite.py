"""Small changes of a graph, for the optimiser's passes."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping

from edgepack.graph import Graph, Operator


def with_operators(graph: Graph, operators: Iterable[Operator]) -> Graph:
    """The graph with other operators, in topological order."""
    return dataclasses.replace(graph, operators=tuple(operators))


def consumers(graph: Graph) -> Mapping[int, list[Operator]]:
    """Tensor to the operators that read it, once for each place they read it at."""
    found: dict[int, list[Operator]] = defaultdict(list)
    for operator in graph.operators:
        for tensor in operator.inputs:
            found[tensor].append(operator)
    return found


def single_consumer(graph: Graph, uses: Mapping[int, list[Operator]], tensor: int) -> bool:
    """Whether one operator reads the tensor, at one place, and it is no output of the model."""
    return len(uses.get(tensor, ())) == 1 and tensor not in graph.outputs


def replace_tensor(graph: Graph, old: int, new: int) -> Graph:
    """The graph with `new` read wherever `old` was."""
    return with_operators(
        graph,
        [
            dataclasses.replace(
                operator, inputs=tuple(new if t == old else t for t in operator.inputs)
            )
            for operator in graph.operators
        ],
    )
