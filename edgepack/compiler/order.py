"""The order of a program's steps: another one where branches then need fewer bytes at once."""

from __future__ import annotations

import dataclasses
import heapq
from dataclasses import dataclass

from edgepack.compiler.planner import BEFORE, Block, plan_memory, tensor_groups
from edgepack.program import MemoryPlan, Program, Scratch

LOOKS = 3_000  # at a step behind a set of finished ones


def in_best_order(program: Program, plan: MemoryPlan) -> tuple[Program, MemoryPlan]:
    """The program with its steps in the order of the smallest arena found, and its plan.

    plan: that of the order given, which stays where no other is smaller, or where steps are
    control flow or wait for rows of the input. Deterministic; exact, but for how tensors fit
    together, where branches are few.
    """
    if program.stream or any(step.control for step in program.steps):
        return program, plan
    order = best_order(program)
    if order is None:
        return program, plan
    steps = tuple(program.steps[place] for place in order)
    other = dataclasses.replace(program, steps=steps)
    found = plan_memory(other)
    return (other, found) if found.block_bytes < plan.block_bytes else (program, plan)


def best_order(program: Program) -> tuple[int, ...] | None:
    """The order of the least peak of live bytes; None where the one given has it, or is not beaten.

    A search over sets of finished steps, that of the lowest peak so far first.
    """
    costs = _Costs.of(program)
    given = tuple(range(len(program.steps)))
    limit = costs.peak(given)
    if all(costs.needs[i + 1] >> i & 1 for i in given[:-1]):
        return None
    best: dict[int, int] = {0: 0}
    waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    looks = 0
    while waiting and looks < LOOKS:
        peak, _, order = heapq.heappop(waiting)
        if len(order) == len(given):
            return order
        done = sum(1 << step for step in order)
        for step in given:
            if done >> step & 1 or costs.needs[step] & ~done:
                continue
            looks += 1
            reached = max(peak, costs.during(done, step))
            after = done | 1 << step
            if reached < min(limit, best.get(after, limit)):
                best[after] = reached
                heapq.heappush(waiting, (reached, -len(order), (*order, step)))
    return None


@dataclass(frozen=True, slots=True)
class _Costs:
    """What steps need: bits of a number stand for steps, one list for all stretches of memory."""

    needs: tuple[int, ...]  # of each step: the steps before it
    bytes: tuple[int, ...]  # of each stretch
    touching: tuple[int, ...]  # of each stretch: the steps that write or read it
    lasting: tuple[tuple[bool, bool], ...]  # of each stretch: live before the first, after the last
    writes: tuple[frozenset[int], ...]  # of each step: stretches
    scratch: tuple[int, ...]
    shares: tuple[bool, ...]  # whether the step may write over what it reads

    @classmethod
    def of(cls, program: Program) -> _Costs:
        blocks = [block for group in tensor_groups(program) for block in group.blocks]
        steps, end = program.steps, len(program.steps)
        reads = [_stretches(blocks, step.inputs) for step in steps]
        writes = [_stretches(blocks, step.outputs) for step in steps]
        kept = {t.index for t in program.graph.tensors if t.state is not None}
        states = [kept & {*step.inputs, *step.outputs} for step in steps]
        needs = []
        for later in range(end):
            needs.append(
                sum(
                    1 << earlier
                    for earlier in range(later)
                    if writes[earlier] & (reads[later] | writes[later])
                    or reads[earlier] & writes[later]
                    or states[earlier] & states[later]
                )
            )
        touched = [reads[i] | writes[i] for i in range(end)]
        return cls(
            needs=tuple(needs),
            bytes=tuple(block.bytes for block in blocks),
            touching=tuple(
                sum(1 << i for i in range(end) if number in touched[i])
                for number in range(len(blocks))
            ),
            lasting=tuple((b.life.first == BEFORE, b.life.last >= end) for b in blocks),
            writes=tuple(writes),
            scratch=tuple(
                sum(a.bytes for a in step.arguments if isinstance(a, Scratch)) for step in steps
            ),
            shares=tuple(bool(step.overlaps) for step in steps),
        )

    def live(self, done: int) -> set[int]:
        """The stretches that hold something needed when those steps are done."""
        found = set()
        for number, (touching, (before, after)) in enumerate(
            zip(self.touching, self.lasting, strict=True)
        ):
            begun = before or touching & done
            if begun and (after or touching & ~done):
                found.add(number)
        return found

    def during(self, done: int, step: int) -> int:
        """Bytes in use while the step runs after those that are done."""
        before, after = self.live(done), self.live(done | 1 << step) | self.writes[step]
        sums = [before, after] if self.shares[step] else [before | after]
        return self.scratch[step] + max(sum(self.bytes[n] for n in live) for live in sums)

    def peak(self, order: tuple[int, ...]) -> int:
        """The most bytes in use in that order."""
        done = peak = 0
        for step in order:
            peak = max(peak, self.during(done, step))
            done |= 1 << step
        return peak


def _stretches(blocks: list[Block], tensors: tuple[int, ...]) -> frozenset[int]:
    return frozenset(n for n, block in enumerate(blocks) if block.tensors.intersection(tensors))
