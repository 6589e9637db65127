"""Which layers run by patches, and in how many: what lowers the arena most."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from edgepack.compiler.patches import live_bytes, regions, split
from edgepack.compiler.planner import plan_memory, scratch_groups, step_bounds, tensor_groups
from edgepack.graph import Graph
from edgepack.program import Chunk, MemoryPlan, Patching, Program, Scratch, Stream

Count = int | Literal["auto"]
AUTO = (2, 3, 4, 6, 8, 12, 16, 24, 32)
TRIED = 4  # how many are made in full
NEAR = 128  # of arenas within a part in so many of the smallest one, that of the fewest calls wins


def by_patches(
    graph: Graph, make: Callable[[Graph], Program], count: Count, *, stream: bool = False
) -> tuple[Program, MemoryPlan]:
    """The program with some operators by patches, and its plan.

    graph: optimised. count: of the patches, or "auto". The plain program where patches of it make
    no smaller arena; with `stream`, where the first layers cannot be split at all.
    """
    plain = make(graph)
    plan = plan_memory(plain)
    found = [] if stream else [(plain, plan)]
    tried = list(_promising(graph, plain, plan, count, stream))
    for patching in tried:
        found.append(_planned(patched(graph, make, patching, plain.macs, stream=stream)))
    if tried:
        best = min(found[-len(tried) :], key=_arena)[0].patching
        assert best is not None
        again = dataclasses.replace(best, halo="again")
        found.append(_planned(patched(graph, make, again, plain.macs, stream=stream)))
    least = min(map(_arena, found), default=0)
    near = [pair for pair in found if _arena(pair) * NEAR <= least * (NEAR + 1)]
    return min(near, key=lambda pair: (pair[0].macs, len(pair[0].steps)), default=(plain, plan))


def _planned(program: Program) -> tuple[Program, MemoryPlan]:
    return program, plan_memory(program)


def _arena(pair: tuple[Program, MemoryPlan]) -> int:
    return pair[1].arena_bytes


def patched(
    graph: Graph,
    make: Callable[[Graph], Program],
    patching: Patching,
    macs: int,
    *,
    stream: bool = False,
) -> Program:
    """The program with that patching. macs: of the plain program."""
    whole, chunks = split(graph, patching, stream=stream)
    program = make(whole)
    patching = dataclasses.replace(
        patching,
        extra_macs=program.macs - macs,
        first=graph.operators[patching.start].index,
        last=graph.operators[patching.end - 1].index,
    )
    program = dataclasses.replace(program, patching=patching)
    return _streamed(program, graph, chunks) if stream else program


def _promising(
    graph: Graph, plain: Program, plan: MemoryPlan, count: Count, stream: bool
) -> list[Patching]:
    """The few that leave the least: regions around the peak, or from the input on."""
    peak = plain.steps[plan.peak_step].operator if plain.steps else 0
    places = [place for place, o in enumerate(graph.operators) if o.index == peak]
    outside = _outside(graph, plain, stream)
    ranked = []
    for start, end in regions(graph):
        if not (start == 0 if stream else any(start <= place < end for place in places)):
            continue
        ends = graph.operators[start].inputs[0], graph.operators[end - 1].outputs[0]
        rows = min(graph.tensor(tensor).shape[1] for tensor in ends)
        left = outside((start, end))
        for patches in AUTO if count == "auto" else (count,):
            if 2 <= patches <= rows:
                patching = Patching(start, end, patches)
                inside = live_bytes(graph, patching, stream=stream)
                bytes_left = max(left, inside + _scratch(graph, plain, (start, end)))
                ranked.append((bytes_left, end - start, patches, patching))
    least = min((entry[0] for entry in ranked), default=0)
    near = [entry for entry in ranked if entry[0] * NEAR <= least * (NEAR + 4)]
    few = sorted(near, key=lambda entry: (entry[1] * entry[2], entry[0]))[:TRIED]
    best = sorted(ranked, key=lambda entry: entry[:3])[:TRIED]
    return list(dict.fromkeys(entry[3] for entry in (*few, *best)))[: TRIED + 2]


def _scratch(graph: Graph, plain: Program, region: tuple[int, int]) -> int:
    """The most scratch that a step of the region takes."""
    inside = {operator.index for operator in graph.operators[slice(*region)]}
    return max(
        sum(a.bytes for a in step.arguments if isinstance(a, Scratch))
        for step in plain.steps
        if step.operator in inside
    )


def _outside(graph: Graph, plain: Program, stream: bool) -> Callable[[tuple[int, int]], int]:
    """The bytes that a region leaves: those of the steps around it and of both its ends."""
    groups = (*tensor_groups(plain), *scratch_groups(plain))
    bounds = step_bounds(groups, plain)[1:-1]
    steps = [(step.operator, bound) for step, bound in zip(plain.steps, bounds, strict=True)]

    def outside(region: tuple[int, int]) -> int:
        inside = {operator.index for operator in graph.operators[slice(*region)]}
        left = max((bound for operator, bound in steps if operator not in inside), default=0)
        source = graph.operators[region[0]].inputs[0]
        target = graph.operators[region[1] - 1].outputs[0]
        ends = [graph.tensor(t).bytes for t in ((target,) if stream else (source, target))]
        return max(left, *ends)

    return outside


def _streamed(program: Program, graph: Graph, chunks: list[Chunk]) -> Program:
    """The program that knows before which step each chunk has come."""
    links: dict[int, set[int]] = {}
    for alias in program.aliases:
        links.setdefault(alias.input, set()).add(alias.output)
        links.setdefault(alias.output, set()).add(alias.input)
    arriving = [
        dataclasses.replace(chunk, step=_first_reader(program, links, chunk.tensor))
        for chunk in chunks
    ]
    tensor = graph.tensor(graph.inputs[0])
    row_bytes = tensor.bytes // tensor.shape[1]
    return dataclasses.replace(program, stream=Stream(tensor.index, row_bytes, tuple(arriving)))


def _first_reader(program: Program, links: dict[int, set[int]], tensor: int) -> int:
    """The first step that reads the tensor or any that shares memory with it."""
    near, queue = {tensor}, [tensor]
    while queue:
        for other in links.get(queue.pop(), set()) - near:
            near.add(other)
            queue.append(other)
    return next(i for i, step in enumerate(program.steps) if near.intersection(step.inputs))
