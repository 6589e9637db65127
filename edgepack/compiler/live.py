"""Bytes of RAM in use while each operator runs, by each way that it may be run."""

from __future__ import annotations

from collections.abc import Sequence

from edgepack.compiler.lowering import Offered
from edgepack.compiler.planner import Block, tensor_groups
from edgepack.program import Overlap, Scratch, Step


def needs(offered: Offered) -> list[tuple[int, ...]]:
    """For each operator one figure a way: tensors that are live, scratch, less what may overlap.

    The greatest is what the memory plan needs at least, and mostly takes.
    """
    first = offered.program([0] * len(offered.operators))
    blocks = [block for group in tensor_groups(first) for block in group.blocks]
    found, index = [], 0
    for lowered in offered.operators:
        places = range(index, index + len(lowered.steps))
        index = places.stop
        live = [[b for b in blocks if b.life.first <= at <= b.life.last] for at in places]
        found.append(tuple(_need(steps, places, live) for steps in lowered.ways))
    return found


def _need(steps: Sequence[Step], places: range, live: Sequence[Sequence[Block]]) -> int:
    """Of one way; where it is fewer calls than the first, each has the first ones' tensors."""
    pairs = zip(steps, places, live, strict=False)
    return max((_bytes(step, place, around) for step, place, around in pairs), default=0)


def _bytes(step: Step, place: int, live: Sequence[Block]) -> int:
    scratch = sum(a.bytes for a in step.arguments if isinstance(a, Scratch))
    shared = max((_shared(overlap, place, live) for overlap in step.overlaps), default=0)
    return sum(block.bytes for block in live) + scratch - shared


def _shared(overlap: Overlap, place: int, live: Sequence[Block]) -> int:
    """Bytes that a call's output may have in common with an input that dies in it."""
    read = sum(b.bytes for b in live if overlap.input in b.tensors and b.life.last == place)
    written = sum(b.bytes for b in live if overlap.output in b.tensors and b.life.first == place)
    together = (
        max(read, written) if overlap.exact else max(read, written, read + overlap.lead_bytes)
    )
    return max(0, read + written - together)
