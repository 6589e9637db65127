"""Parts of a model between two tensors of one shape, which an identity can replace.

A residual block is one (Add and what follows it go with the branch), and so is a layer that keeps
its input's shape, with its norm and activation. Runs in the worker.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from edgepack.compress.pruning.surgery import names_of
from edgepack.compress.pruning.unroll import Call, Unrolled


@dataclass(frozen=True, slots=True)
class Segment:
    """All that lies between the tensors `source` and `target`; nothing else reads its inside."""

    source: int
    target: int
    calls: frozenset[int]  # places in the model's list of calls
    kernels: tuple[int, ...]  # those of layers with a kernel
    layers: tuple[str, ...]  # names of these layers


def segments_of(graph: Unrolled) -> tuple[Segment, ...]:
    """The smallest parts that can go, each with the norms and activations behind it.

    The model's last layer always stays: its outputs are what it is for.
    """
    names = names_of(graph)
    found: dict[tuple[int, ...], Segment] = {}
    for target, sources in _dominators(graph).items():
        if target in graph.outputs:
            continue
        for source in sources:
            if graph.shapes[source] != graph.shapes[target]:
                continue
            calls = _between(graph, source, target)
            kernels = tuple(sorted(i for i in calls if _has_kernel(graph.calls[i])))
            if not kernels:
                continue
            if not _leaks(graph, calls, target):
                layers = tuple(dict.fromkeys(names[id(graph.calls[i].operation)] for i in kernels))
                found[kernels] = Segment(source, target, calls, kernels, layers)
            break
    return tuple(found[kernels] for kernels in sorted(found))


def bypassed(graph: Unrolled, segment: Segment) -> Unrolled:
    """The model in which `segment` hands on what enters it."""

    def through(number: int) -> int:
        return segment.source if number == segment.target else number

    calls = tuple(
        dataclasses.replace(call, inputs=tuple(through(number) for number in call.inputs))
        for i, call in enumerate(graph.calls)
        if i not in segment.calls
    )
    return dataclasses.replace(graph, calls=calls)


def _dominators(graph: Unrolled) -> dict[int, list[int]]:
    """For each tensor that a call makes, those that every way to it passes, the nearest first."""
    passed: dict[int, frozenset[int]] = {number: frozenset((number,)) for number in graph.inputs}
    found: dict[int, list[int]] = {}
    for call in graph.calls:
        ways = [passed[number] for number in call.inputs]
        common = frozenset.intersection(*ways) if ways else frozenset[int]()
        for number in call.outputs:
            passed[number] = common | {number}
            found[number] = sorted(common, reverse=True)
    return found


def _between(graph: Unrolled, source: int, target: int) -> frozenset[int]:
    """The calls on the ways from `source` to `target`."""
    maker = {number: i for i, call in enumerate(graph.calls) for number in call.outputs}
    calls: set[int] = set()
    open_ends = [target]
    while open_ends:
        number = open_ends.pop()
        if number != source and maker[number] not in calls:
            calls.add(maker[number])
            open_ends.extend(graph.calls[maker[number]].inputs)
    return frozenset(calls)


def _leaks(graph: Unrolled, calls: frozenset[int], target: int) -> bool:
    """Whether something outside `calls` reads what they make, the target aside."""
    inside = {number for i in calls for number in graph.calls[i].outputs} - {target}
    return any(number in inside for number in _read_outside(graph, calls))


def _read_outside(graph: Unrolled, calls: frozenset[int]) -> Iterator[int]:
    yield from graph.outputs
    for i, call in enumerate(graph.calls):
        if i not in calls:
            yield from call.inputs


def _has_kernel(call: Call) -> bool:
    weights = getattr(call.operation, "weights", None) or []
    return any("kernel" in v.name for v in weights)
