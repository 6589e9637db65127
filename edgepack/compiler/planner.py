"""The memory plan: one arena in which tensors and scratch share bytes over time.

Inputs of the model are live from before the first step to their last use, so an invocation
consumes them; outputs are live to the end. Tensors that share memory by an `Alias` form a rigid
group; each stretch of its bytes is live from its first write to the last read of any tensor
that covers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from edgepack.compiler.exact_packing import pack_and_prove
from edgepack.compiler.packing import Interval, Problem
from edgepack.graph import ABSENT, Graph, Tensor
from edgepack.program import Loaded, MemoryPlan, Overlap, Placement, Program, Scratch

BEFORE = -1  # the moment before the first step, when the caller writes the inputs


@dataclass(frozen=True, slots=True)
class Life:
    """The steps during which something is needed, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a group: its place in the group, its life, the tensors that cover it."""

    offset: int
    bytes: int
    life: Life
    tensors: frozenset[int]


@dataclass(frozen=True, slots=True)
class Group:
    """Tensors at fixed distances, or one step's scratch (then `tensors` is empty)."""

    step: int
    blocks: tuple[Block, ...]
    tensors: tuple[tuple[int, int], ...]  # (tensor, offset in the group)

    @property
    def bytes(self) -> int:
        """From its first byte to its last."""
        return max(block.offset + block.bytes for block in self.blocks)


def plan_memory(program: Program) -> MemoryPlan:
    """Offsets of every tensor in RAM and every scratch, in the smallest arena found.

    `lower_bound` equals `arena_bytes` where no smaller one exists.
    """
    groups = (*tensor_groups(program), *scratch_groups(program))
    problem = problem_of(groups, program)
    packing = pack_and_prove(problem, _live_together(groups, len(program.steps)))
    plan = plan_of(groups, packing.offsets, problem.alignment, len(program.steps))
    return with_state(replace(plan, lower_bound=packing.lower_bound), program)


def problem_of(groups: tuple[Group, ...], program: Program) -> Problem:
    """The groups as items to be packed."""
    return Problem(
        sizes=tuple(group.bytes for group in groups),
        forbidden=_forbidden(groups, program),
        alignment=alignment_of(program),
        lower_bound=lower_bound(groups, program),
        hints=_hints(groups),
    )


def _live_together(groups: tuple[Group, ...], steps: int) -> Iterator[list[int]]:
    """Groups that are live during a few neighbouring steps, the fullest steps first."""

    def live(first: int, last: int) -> list[int]:
        return [
            number
            for number, group in enumerate(groups)
            if any(b.life.first <= last and b.life.last >= first for b in group.blocks)
        ]

    sums = {step: sum(groups[number].bytes for number in live(step, step)) for step in range(steps)}
    fullest = sorted(sums, key=lambda step: (-sums[step], step))
    for radius in (0, 1, 3):
        for step in fullest:
            yield live(step - radius, step + radius)


def with_state(plan: MemoryPlan, program: Program, gap: int = 0) -> MemoryPlan:
    """The plan with the tensors that keep their contents behind its arena, `gap` bytes apart."""
    end = plan.arena_bytes
    offsets = []
    for tensor in state_tensors(program):
        start = -(-(end + gap) // plan.alignment) * plan.alignment
        offsets.append((tensor.index, start))
        end = start + tensor.bytes
    if offsets:
        end = -(-(end + gap) // plan.alignment) * plan.alignment
    return replace(
        plan,
        offsets=tuple(sorted((*plan.offsets, *offsets))),
        state_bytes=end - plan.arena_bytes,
    )


def state_tensors(program: Program) -> tuple[Tensor, ...]:
    """The tensors that keep their contents and that a step touches, in order of their numbers."""
    touched = {tensor for step in program.steps for tensor in (*step.inputs, *step.outputs)}
    tensors = (program.graph.tensor(index) for index in sorted(touched))
    return tuple(tensor for tensor in tensors if tensor.state is not None)


def plan_of(
    groups: tuple[Group, ...], offsets: tuple[int, ...], alignment: int, steps: int
) -> MemoryPlan:
    """The plan that puts each group at its offset, for a program of `steps` steps."""
    end_step = max(0, steps - 1)
    placements = tuple(
        sorted(
            (
                Placement(
                    min(block.tensors, default=ABSENT),
                    max(0, group.step if not block.tensors else block.life.first),
                    base + block.offset,
                    block.bytes,
                    max(0, block.life.first),
                    min(max(0, block.life.last), end_step),
                )
                for group, base in zip(groups, offsets, strict=True)
                for block in group.blocks
            ),
            key=lambda p: (p.first, p.offset, p.tensor),
        )
    )
    places = {
        tensor: base + offset
        for group, base in zip(groups, offsets, strict=True)
        for tensor, offset in group.tensors
    }
    end = max((base + group.bytes for group, base in zip(groups, offsets, strict=True)), default=0)
    arena = max(alignment, -(-end // alignment) * alignment)
    return MemoryPlan(
        arena, placements, tuple(sorted(places.items())), peak_step(placements), alignment
    )


def alignment_of(program: Program) -> int:
    """Alignment of every group in bytes: 4, 8 where a tensor has 64-bit elements, 16 for mve."""
    if "mve" in program.spec.isa:
        return 16
    return 8 if any(tensor.dtype.bytes == 8 for tensor in program.graph.tensors) else 4


def live_placements(placements: tuple[Placement, ...], step: int) -> tuple[Placement, ...]:
    """What is in use during a step, the largest first."""
    live = [p for p in placements if p.first <= step <= p.last]
    return tuple(sorted(live, key=lambda p: (-p.bytes, p.offset)))


def live_bytes(placements: tuple[Placement, ...], step: int) -> int:
    """Bytes of the arena in use during a step; shared bytes count once."""
    total = reached = 0
    spans = sorted((p.offset, p.offset + p.bytes) for p in live_placements(placements, step))
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def peak_step(placements: tuple[Placement, ...]) -> int:
    """The first step during which the most bytes are in use."""
    steps = range(max((p.last for p in placements), default=0) + 1)
    return max(steps, key=lambda step: (live_bytes(placements, step), -step))


def tensor_groups(program: Program) -> tuple[Group, ...]:
    """Every tensor in RAM, those that share memory in one group, in order of their numbers."""
    places = _alias_places(program)
    lives = _lives(program)
    members: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for tensor in lives:
        root, offset = places.get(tensor, (tensor, 0))
        members[root].append((tensor, offset))
    return tuple(
        _group(sorted(tensors), lives, program.graph) for _, tensors in sorted(members.items())
    )


def scratch_groups(program: Program) -> tuple[Group, ...]:
    """One group for each scratch argument, in the order of the steps and their arguments."""

    def life(index: int, scratch: Scratch) -> Life:
        early = isinstance(scratch, Loaded) and scratch.ahead
        return Life(index - early, index)

    return tuple(
        Group(index, (Block(0, argument.bytes, life(index, argument), frozenset()),), ())
        for index, step in enumerate(program.steps)
        for argument in step.arguments
        if isinstance(argument, Scratch)
    )


def _lives(program: Program) -> dict[int, Life]:
    """The life of each tensor by itself; outputs of the model live beyond the last step."""
    end = len(program.steps)
    stream = program.stream
    inputs = [t for t in program.graph.inputs if stream is None or t != stream.tensor]
    firsts, lasts = dict.fromkeys(inputs, BEFORE), dict.fromkeys(inputs, BEFORE)
    for chunk in stream.chunks if stream else ():
        firsts[chunk.tensor] = lasts[chunk.tensor] = chunk.step
    for index, step in enumerate(program.steps):
        for tensor in step.outputs:
            firsts.setdefault(tensor, index)  # several steps may write parts of one tensor
            lasts[tensor] = index
        for tensor in step.inputs:
            lasts[tensor] = index
    for alias in program.aliases:
        for tensor in (alias.input, alias.output):
            firsts.setdefault(tensor, end)
            lasts.setdefault(tensor, BEFORE)
    for tensor in program.graph.outputs:
        if program.graph.tensor(tensor).in_arena:
            lasts[tensor] = end
            firsts.setdefault(tensor, BEFORE)
    arena = {t for t in firsts if program.graph.tensor(t).in_arena}
    return {t: Life(first, lasts[t]) for t, first in firsts.items() if t in arena}


def _alias_places(program: Program) -> dict[int, tuple[int, int]]:
    """Tensor to (root of its group, offset from the root's group start)."""
    links: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for alias in program.aliases:
        links[alias.input].append((alias.output, alias.offset_bytes))
        links[alias.output].append((alias.input, -alias.offset_bytes))
    places: dict[int, tuple[int, int]] = {}
    for start in sorted(links):
        if start in places:
            continue
        found = {start: 0}
        queue = [start]
        while queue:
            here = queue.pop()
            for there, distance in links[here]:
                if there not in found:
                    found[there] = found[here] + distance
                    queue.append(there)
                assert found[there] == found[here] + distance, f"tensor {there} in two places"
        base = min(found.values())
        root = min(found)
        places.update({tensor: (root, offset - base) for tensor, offset in found.items()})
    return places


def _group(tensors: list[tuple[int, int]], lives: dict[int, Life], graph: Graph) -> Group:
    spans = {t: (offset, offset + graph.tensor(t).bytes) for t, offset in tensors}
    cuts = sorted({edge for span in spans.values() for edge in span})
    blocks = []
    for start, end in pairwise(cuts):
        over = frozenset(t for t, span in spans.items() if span[0] <= start and end <= span[1])
        if over:
            life = Life(min(lives[t].first for t in over), max(lives[t].last for t in over))
            blocks.append(Block(start, end - start, life, over))
    return Group(min(b.life.first for b in blocks), tuple(blocks), tuple(tensors))


def _forbidden(
    groups: tuple[Group, ...], program: Program
) -> tuple[dict[int, tuple[Interval, ...]], ...]:
    table: tuple[dict[int, tuple[Interval, ...]], ...] = tuple({} for _ in groups)
    for i, group in enumerate(groups):
        for j in range(i):
            intervals = _distances(group, groups[j], program)
            if intervals:
                table[i][j] = intervals
                table[j][i] = tuple(sorted((1 - high, 1 - low) for low, high in intervals))
    return table


def _distances(one: Group, other: Group, program: Program) -> tuple[Interval, ...]:
    """Intervals that offset(one) - offset(other) must avoid; merged and sorted."""
    found: list[Interval] = []
    for a in one.blocks:
        for b in other.blocks:
            if a.life.first > b.life.last or b.life.first > a.life.last:
                continue
            low = b.offset - a.offset - a.bytes + 1
            high = b.offset + b.bytes - a.offset
            below = _leave(other, b, one, a, program)  # `one` written over `other`
            above = _leave(one, a, other, b, program)
            only: list[int] = []
            if below is not None:
                only += [below.distance] if below.exact else []
                low = low if below.exact else max(low, below.distance + 1)
            if above is not None:
                only += [-above.distance] if above.exact else []
                high = high if above.exact else min(high, -above.distance)
            edges = [
                low,
                *(cut for at in sorted(only) if low <= at < high for cut in (at, at + 1)),
                high,
            ]
            found += [(edges[n], edges[n + 1]) for n in range(0, len(edges), 2)]
    return _merged([interval for interval in found if interval[0] < interval[1]])


@dataclass(frozen=True, slots=True)
class _Leave:
    """offset(target) - offset(source) is at most `distance`, or exactly that."""

    distance: int  # often negative
    exact: bool


def _leave(
    source: Group, read: Block, target: Group, written: Block, program: Program
) -> _Leave | None:
    """How far `target` may lie above `source` where a step writes `written` over `read`.

    None where no step may write the one over the other.
    """
    step = written.life.first
    if read.life.last != step or not 0 <= step < len(program.steps):
        return None
    call = program.steps[step]
    readers = read.tensors.intersection(call.inputs)
    writers = written.tensors.intersection(call.outputs)
    leave = {(o.input, o.output): o for o in call.overlaps}
    pairs = [(i, o) for i in sorted(readers) for o in sorted(writers)]
    if not pairs or any(pair not in leave for pair in pairs):
        return None
    reaches = {_reach(leave[pair], source, target) for pair in pairs}
    exact = any(leave[pair].exact for pair in pairs)
    return None if exact and len(reaches) > 1 else _Leave(min(reaches), exact)


def _reach(overlap: Overlap, source: Group, target: Group) -> int:
    at_input = dict(source.tensors)[overlap.input]
    at_output = dict(target.tensors)[overlap.output]
    return at_input - at_output - overlap.lead_bytes


def _merged(intervals: list[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _hints(groups: tuple[Group, ...]) -> tuple[tuple[int, ...], ...]:
    indices = range(len(groups))

    def last(i: int) -> int:
        return max(block.life.last for block in groups[i].blocks)

    def area(i: int) -> int:
        return sum(b.bytes * (b.life.last - b.life.first + 1) for b in groups[i].blocks)

    return (
        tuple(sorted(indices, key=lambda i: (-area(i), i))),
        tuple(sorted(indices, key=lambda i: (-last(i), -groups[i].step, i))),
        tuple(sorted(indices, key=lambda i: (groups[i].step, -groups[i].bytes, i))),
    )


def lower_bound(groups: tuple[Group, ...], program: Program) -> int:
    """Bytes that no plan can go below: the largest live set, reuse within a step granted."""
    return max(step_bounds(groups, program))


def step_bounds(groups: tuple[Group, ...], program: Program) -> list[int]:
    """The same step by step, from the moment before the first one to that behind the last one."""
    blocks = [block for group in groups for block in group.blocks]
    bounds = []
    for index in range(BEFORE, len(program.steps) + 1):
        live = [b for b in blocks if b.life.first <= index <= b.life.last]
        shared = 0 <= index < len(program.steps) and bool(program.steps[index].overlaps)
        before = sum(b.bytes for b in live if not (shared and b.life.first == index and b.tensors))
        after = sum(b.bytes for b in live if not (shared and b.life.last == index and b.tensors))
        bounds.append(max(before, after))
    return bounds
