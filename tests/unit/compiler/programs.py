"""Programs made up for tests: no model file and no row of the table behind them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from edgepack.graph import DType, Graph, Tensor
from edgepack.program import (
    Alias,
    LowerSpec,
    MemoryPlan,
    Overlap,
    Program,
    Scratch,
    Step,
    TensorRef,
)


@dataclass
class ProgramBuilder:
    """Collects int8 vectors and steps; `program()` freezes them."""

    sizes: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)

    def tensor(self, size: int) -> int:
        self.sizes.append(size)
        return len(self.sizes) - 1

    def step(
        self,
        inputs: list[int],
        outputs: list[int],
        overlaps: list[Overlap] | None = None,
        scratch: int = 0,
    ) -> None:
        arguments = [TensorRef(t) for t in (*inputs, *outputs)]
        self.steps.append(
            Step(
                operator=len(self.steps),
                kernel="kernel",
                source="kernel",
                arguments=(*arguments, *([Scratch(scratch)] if scratch else [])),
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                overlaps=tuple(overlaps or ()),
            )
        )

    def program(self, inputs: list[int], outputs: list[int]) -> Program:
        tensors = tuple(Tensor(i, f"t{i}", (n,), DType.INT8) for i, n in enumerate(self.sizes))
        graph = Graph("model", "0" * 64, tensors, (), tuple(inputs), tuple(outputs))
        return Program(graph, tuple(self.steps), tuple(self.aliases), LowerSpec())


def random_program(seed: int, steps: int, unit: int = 1) -> Program:
    """Steps over earlier tensors, with in-place leave, scratch, views and concatenations."""
    rng = random.Random(seed)
    b = ProgramBuilder()

    def size() -> int:
        return rng.randint(1, 4 if unit > 1 else 40) * unit

    inputs = [b.tensor(size()) for _ in range(rng.choice([1, 1, 2]))]
    alive = list(inputs)
    shared: set[int] = set()
    for _ in range(steps):
        read = rng.sample(alive, min(len(alive), rng.choice([1, 1, 2])))
        written = [b.tensor(size()) for _ in range(rng.choice([1, 1, 1, 2]))]
        overlaps = [
            Overlap(i, o, rng.choice([0, 0, unit, 3 * unit]), rng.random() < 0.3)
            for i in read
            for o in written
            if rng.random() < 0.6
        ]
        b.step(read, written, overlaps, rng.choice([0, 0, size()]))
        alive += written
        if rng.random() < 0.15:
            _view(b, rng, alive, shared)
        if rng.random() < 0.15:
            _concatenation(b, rng, alive, shared)
    outputs = rng.sample(alive, 1) + alive[-1:]
    return b.program(inputs, list(dict.fromkeys(outputs)))


def _view(b: ProgramBuilder, rng: random.Random, alive: list[int], shared: set[int]) -> None:
    source = rng.choice(alive)
    length = rng.randint(1, b.sizes[source])
    view = b.tensor(length)
    b.aliases.append(Alias(source, view, rng.randint(0, b.sizes[source] - length)))
    shared |= {source, view}
    alive.append(view)


def _concatenation(
    b: ProgramBuilder, rng: random.Random, alive: list[int], shared: set[int]
) -> None:
    free = [t for t in alive if t not in shared]
    if len(free) < 2:
        return
    one, other = rng.sample(free, 2)
    whole = b.tensor(b.sizes[one] + b.sizes[other])
    b.aliases += [Alias(whole, one, 0), Alias(whole, other, b.sizes[one])]
    shared |= {one, other, whole}
    alive.append(whole)


def contents(program: Program) -> dict[int, list[tuple[int, int]]]:
    """What each byte of each tensor is: tensors that share memory share these marks."""
    links: dict[int, list[tuple[int, int]]] = {}
    for alias in program.aliases:
        links.setdefault(alias.input, []).append((alias.output, alias.offset_bytes))
        links.setdefault(alias.output, []).append((alias.input, -alias.offset_bytes))
    marks: dict[int, list[tuple[int, int]]] = {}
    for tensor in program.graph.tensors:
        if tensor.index in marks:
            continue
        reached, queue = {tensor.index: 0}, [tensor.index]
        while queue:
            here = queue.pop()
            for there, distance in links.get(here, []):
                if there not in reached:
                    reached[there] = reached[here] + distance
                    queue.append(there)
        for member, offset in reached.items():
            size = program.graph.tensor(member).bytes
            marks[member] = [(tensor.index, offset + i) for i in range(size)]
    return marks


def faults(program: Program, plan: MemoryPlan) -> list[str]:
    """What goes wrong when the program runs with that plan, byte by byte; [] where nothing does."""
    marks, found = contents(program), []
    arena: dict[int, object] = {}
    places = dict(plan.offsets)

    def span(tensor: int) -> range:
        return range(places[tensor], places[tensor] + program.graph.tensor(tensor).bytes)

    def write(tensor: int) -> None:
        arena.update(zip(span(tensor), marks[tensor], strict=True))

    def holds(tensor: int) -> bool:
        return [arena.get(i) for i in span(tensor)] == marks[tensor]

    for tensor in program.graph.inputs:
        write(tensor)
    found += [f"input {t} lost before it starts" for t in program.graph.inputs if not holds(t)]
    for index, step in enumerate(program.steps):
        found += [f"step {index}: input {t} lost" for t in step.inputs if not holds(t)]
        scratch = [
            range(p.offset, p.offset + p.bytes)
            for p in plan.placements
            if p.tensor == -1 and p.step == index
        ]
        for one in step.inputs:
            for other in step.outputs:
                leave = [o for o in step.overlaps if (o.input, o.output) == (one, other)]
                room = places[one] - places[other] - leave[0].lead_bytes if leave else -1
                fits = room == 0 or (room > 0 and not leave[0].exact)
                if not fits and set(span(one)) & set(span(other)):
                    found.append(f"step {index}: {other} over {one}")
        for own in scratch:
            if any(set(own) & set(span(t)) for t in (*step.inputs, *step.outputs)):
                found.append(f"step {index}: scratch over a tensor")
            arena.update((i, "scratch") for i in own)
        for tensor in step.outputs:
            write(tensor)
        found += [f"step {index}: output {t} lost" for t in step.outputs if not holds(t)]
    found += [f"output {t} lost at the end" for t in program.graph.outputs if not holds(t)]
    found += [f"{t} outside" for t in places if span(t).stop > plan.arena_bytes or places[t] < 0]
    return found
