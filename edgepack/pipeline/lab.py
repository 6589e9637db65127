"""The kernel laboratory: every variant of one kernel on a board, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgepack.board import Board
from edgepack.compiler.choice import choose
from edgepack.compiler.lowering import offer
from edgepack.compiler.planner import plan_memory
from edgepack.device.bench import run_samples
from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.cycles import obstacle, step_estimates
from edgepack.pipeline.data import Array, Samples, random_samples
from edgepack.pipeline.device import (
    Attached,
    DeviceSpec,
    Progress,
    attached,
    sample_bytes,
    silent,
)
from edgepack.pipeline.firmware import empty_image
from edgepack.pipeline.inspection import board_facts, describe
from edgepack.pipeline.lab_layers import LayerSpec, build_layer, extremes
from edgepack.program import Level, LowerSpec, Program, Scratch
from edgepack.results import LabResult, LabVariant
from edgepack.target.disassembly import hot_loop
from edgepack.target.sections import Function, functions

RANDOM_SAMPLES = 3
LEVELS: tuple[Level, ...] = ("balanced", "size", "speed")


@dataclass(frozen=True, slots=True)
class _Run:
    """One variant's figures, and what it answered."""

    variant: LabVariant
    outputs: tuple[Array, ...]
    compiler: str
    emulator: str


def lab(
    layer: LayerSpec,
    board: Board,
    device: DeviceSpec | None = None,
    disassemble: bool = False,
    progress: Progress = silent,
    words: Sequence[str] = (),
) -> LabResult:
    """Each variant's figures on the board, the portable one first.

    words: beside it only those by kernels whose names have one of them; all, where there is none.

    Their answers are compared with the portable kernels' on the same board, on random samples and
    both extremes; whether those are the oracle's, the tests of the kernels say. Raises UsageError
    where the layer is none or the board has no counter, and what the stages raise.
    """
    if board.timer.unit == "none":
        raise UsageError(f"{board.name} counts nothing; take an emulated or real board")
    graph = build_layer(layer)
    first, *others = variants_of(graph, board)
    programs = [first, *(p for p in others if not words or _has(p, words))]
    samples = _samples(graph, layer.seed)
    runs: list[_Run] = []
    for number, program in enumerate(programs):
        progress(f"{layer.kernel} on {board.name}", number, len(programs))
        runs.append(_run(program, board, device or DeviceSpec(), samples, disassemble))
    reference = runs[0]
    output = graph.tensor(graph.outputs[0])
    return LabResult(
        kernel=layer.kernel,
        inputs=tuple(describe(graph.tensor(i)) for i in graph.inputs),
        output=describe(output),
        outputs=output.elements,
        macs=programs[0].macs,
        board=board_facts(board),
        kind="measured" if board.kind == "measured" else "emulated",
        unit=board.timer.unit,
        samples=samples.n,
        compiler=reference.compiler,
        emulator=reference.emulator,
        variants=tuple(
            replace(run.variant, exact=_same(run.outputs, reference.outputs)) for run in runs
        ),
        refusals=offer(graph, LowerSpec(board.isa)).operators[0].refusals,
    )


def _has(program: Program, words: Sequence[str]) -> bool:
    return any(word in name for step in program.steps for name in step.kernels for word in words)


def variants_of(graph: Graph, board: Board) -> tuple[Program, ...]:
    """The graph by every way that the board's instruction sets and the levels offer, each once.

    Those of the portable kernels come first.
    """
    found: list[Program] = []
    for level in LEVELS:
        offered = offer(graph, LowerSpec(isa=board.isa, optimize=level))
        (lowered,) = offered.operators
        for pick in range(len(lowered.ways)):
            program = offered.program([pick])
            if all(program.steps != other.steps for other in found):
                found.append(program)
    return tuple(sorted(found, key=lambda p: any(s.variant != "portable" for s in p.steps)))


def _levels(program: Program, board: Board) -> tuple[Level, ...]:
    """The levels that choose this program for the board."""
    graph = program.graph
    specs = {level: LowerSpec(board.isa, optimize=level) for level in LEVELS}
    chosen = {level: choose(offer(graph, spec))[0] for level, spec in specs.items()}
    return tuple(level for level in LEVELS if chosen[level].steps == program.steps)


def _samples(graph: Graph, seed: int) -> Samples:
    random = random_samples(graph, RANDOM_SAMPLES, seed)
    return Samples(tuple(np.concatenate([x, extremes(x.shape[1:])]) for x in random.inputs))


def _run(
    program: Program, board: Board, device: DeviceSpec, samples: Samples, disassemble: bool
) -> _Run:
    graph = program.graph
    compiled = Compiled(b"", "a layer", graph, program, plan_memory(program), board)
    with attached(compiled, board, device, hook=True) as running:
        ticks = running.session.profile(sample_bytes(samples, 0))
        answers = run_samples(running.session, samples.inputs)
    count = sum(map(board.count, ticks))
    cycles = None
    if not obstacle(board):
        inputs = sample_bytes(samples, 0)
        found = step_estimates(compiled, running.image, board, inputs, device.wait_states)
        cycles = round(sum(estimate.cycles.likely for estimate in found))
    own = own_functions(running, board)
    firmware, flash = running.image.firmware, running.image.flash
    variant = LabVariant(
        kernels=tuple(name for step in program.steps for name in step.kernels),
        variant=", ".join(dict.fromkeys(step.variant for step in program.steps)),
        levels=_levels(program, board),
        count=count,
        per_mac=count / program.macs if program.macs else None,
        per_output=count / graph.tensor(graph.outputs[0]).elements,
        weights=flash.weights,
        tables=flash.tables,
        code=sum(function.size for function in own),
        scratch=sum(a.bytes for s in program.steps for a in s.arguments if isinstance(a, Scratch)),
        arena=compiled.plan.arena_bytes,
        exact=False,
        cycles=cycles,
        loop=hot_loop(firmware, board, own) if disassemble else (),
    )
    return _Run(variant, answers.outputs, firmware.compiler, running.emulator)


def own_functions(running: Attached, board: Board) -> list[Function]:
    """The kernels' functions: those of the hooked image that the empty one has not."""
    empty = empty_image(board, hook=True)
    harness = Counter(function.name for function in functions(Path(empty.elf)))
    own = []
    for function in functions(Path(running.image.firmware.elf)):
        if harness[function.name]:
            harness[function.name] -= 1
        elif not function.name.startswith(f"{running.compiled.graph.name}_"):
            own.append(function)
    return own


def _same(outputs: tuple[Array, ...], wanted: tuple[Array, ...]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(outputs, wanted, strict=True))
