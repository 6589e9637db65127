"""On a board: bench, profile, verify and infer, each from a .tflite to figures from the device."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepack.board import Board
from edgepack.device.bench import run_samples
from edgepack.device.session import Identity, Place, Session, open_session
from edgepack.device.verify import compare, compare_layer
from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.oracle import ReferenceRun
from edgepack.pipeline.compile import Compiled, CompileSpec, compile_model
from edgepack.pipeline.cycles import as_latencies, cycle_estimate, obstacle, step_estimates
from edgepack.pipeline.data import Array, Samples, load_samples, random_samples
from edgepack.pipeline.firmware import Image, build_image, memory, require_room, require_stack
from edgepack.pipeline.inspection import board_facts, plan_rows
from edgepack.pipeline.metrics import confusion, require_scorable, score
from edgepack.pipeline.reference import NoReferenceError, bound_ulp, reference_run
from edgepack.results import (
    Accuracy,
    Agreement,
    BenchResult,
    Confusion,
    Kind,
    Latency,
    LayerAgreement,
    ProfileResult,
    Provenance,
    StepProfile,
    Unit,
    VerifyResult,
)
from edgepack.store import write_file
from edgepack.target.attach import attach, require_emulated
from edgepack.target.cycles import Estimate

Progress = Callable[[str, int, int], None]  # what, done, of (0: not known)
RANDOM_SAMPLES = 10


def silent(what: str, done: int, of: int) -> None:
    """A Progress that shows nothing."""


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """How the board is reached, and which samples it gets."""

    port: str | None = None
    emulator: str | None = None
    data: Path | None = None
    samples: int = 0  # the first so many; 0: all of the data, or 10 random ones
    metric: str = "accuracy"
    seed: int = 0
    journal: Path | None = None
    resume: bool = False
    cycles: bool = False  # estimate them too, where the board's core has a model
    wait_states: int = 0  # of the flash, in that estimate


@dataclass(frozen=True, slots=True)
class Attached:
    """A running board with the model in it."""

    compiled: Compiled
    image: Image
    board: Board
    session: Session
    emulator: str

    @property
    def provenance(self) -> Provenance:
        """What made the figures that this board gives."""
        firmware, program = self.image.firmware, self.compiled.program
        variants = sorted({step.variant for step in program.steps})
        return Provenance(
            firmware_sha256=firmware.sha256,
            model_sha256=program.graph.sha256,
            compiler=firmware.compiler,
            flags=firmware.flags,
            kernels=", ".join(variants) or "none",
            emulator=self.emulator,
        )


def build_model(
    model: Path, board: Board, spec: CompileSpec | None = None, output: Path | None = None
) -> Image:
    """Firmware of a .tflite for the board; a copy of the ELF goes to `output`."""
    image = build_image(compile_model(model, board, spec), board)
    if output is not None:
        write_file(output, Path(image.firmware.elf).read_bytes())
        output.chmod(0o755)
    return image


def flash_model(
    model: Path, board: Board, spec: CompileSpec | None = None, device: DeviceSpec | None = None
) -> str:
    """Build, flash and shake hands; a line that says what answered."""
    device = device or DeviceSpec()
    with attached(compile_model(model, board, spec), board, device) as running:
        hello = running.session.hello
        by = f", emulated by {running.emulator}" if running.emulator else ""
        return (
            f"{hello.board} runs {hello.model}, model {hello.model_sha256[:16]}, firmware "
            f"{hello.firmware_identity[:16]}{by}"
        )


@contextmanager
def attached(
    compiled: Compiled, board: Board, spec: DeviceSpec, *, hook: bool = False
) -> Iterator[Attached]:
    """Build, flash and shake hands; nothing is left running afterwards."""
    require_emulated(board, spec.emulator)
    image = build_image(compiled, board, hook=hook)
    require_room(compiled, image, board)
    identity = Identity(compiled.graph.sha256, image.firmware.identity, board.name)
    with (
        attach(board, image.firmware, port=spec.port, emulator=spec.emulator) as port,
        open_session(port, identity) as session,
    ):
        yield Attached(compiled, image, board, session, port.emulator)


def bench(
    model: Path,
    board: Board,
    spec: CompileSpec | None = None,
    device: DeviceSpec | None = None,
    progress: Progress = silent,
) -> BenchResult:
    """Latency, memory, accuracy and agreement with the oracle, from the device.

    Raises what the stages raise; a device that answers other bits is in `agreement`, not raised.
    `agreement` is None where numerics are asked for that the oracle has not.
    """
    device = device or DeviceSpec()
    progress(f"compile {model.name}", 0, 0)
    compiled = compile_model(model, board, spec)
    return bench_compiled(compiled, board, device, progress)


def bench_compiled(
    compiled: Compiled,
    board: Board,
    device: DeviceSpec,
    progress: Progress = silent,
    label: str = "",
) -> BenchResult:
    """`bench` of a model that is compiled already; `progress` calls it by `label`, if given."""
    if device.resume and device.journal is None:
        raise UsageError("resume goes on where a journal ends; name the file with --journal")
    _require_cycles(device)
    samples = choose_samples(compiled.original, device)
    require_scorable(device.metric, samples, compiled.original)
    progress(f"build for {board.name}", 0, 0)
    label = f"{label or compiled.graph.name} on {board.name}"
    with attached(compiled, board, device) as running:
        answers = run_samples(
            running.session,
            samples.inputs,
            journal=device.journal,
            resume=device.resume,
            progress=lambda done, of: progress(label, done, of),
            stateful=compiled.stateful,
        )
        stack = None
        if board.memory is not None:  # the stack of a host process says nothing
            stack = running.session.stack_peak()
            require_stack(running.image, stack, board)
        provenance, image = running.provenance, running.image
    reference = _reference(compiled, samples, progress)
    outputs = (
        shaped(answers.outputs, reference.outputs)
        if reference is not None
        else _shaped(compiled.original, answers.outputs, samples.n)
    )
    estimated: tuple[Latency, ...] = ()
    if device.cycles:
        estimated = estimated_latencies(
            compiled, image, board, samples, device.wait_states, progress
        )
    return BenchResult(
        model=compiled.facts,
        board=board_facts(board),
        latency=latencies(board, answers.ticks) + estimated,
        memory=memory(compiled, image, stack, _kind(board)),
        harness=image.harness,
        accuracy=_accuracy(compiled.original, samples, outputs, reference, board, device.metric),
        agreement=(
            agreement(compiled.original, outputs, reference) if reference is not None else None
        ),
        provenance=provenance,
        plan=plan_rows(compiled),
        confusion=_confusion(compiled.original, samples, outputs, device.metric),
    )


def _require_cycles(device: DeviceSpec) -> None:
    if device.wait_states and not device.cycles:
        raise UsageError("wait states change the estimate of cycles only; ask for it with --cycles")


def profile(
    model: Path, board: Board, spec: CompileSpec | None = None, device: DeviceSpec | None = None
) -> ProfileResult:
    """What each kernel call costs, on the first sample; UsageError on a board that cannot tell."""
    return profile_compiled(compile_model(model, board, spec), board, device or DeviceSpec())


def profile_compiled(compiled: Compiled, board: Board, device: DeviceSpec) -> ProfileResult:
    """`profile` of a model that is compiled already."""
    if board.timer.unit == "none":
        raise UsageError(f"{board.name} reports no latency; profile on an emulated or real board")
    _require_cycles(device)
    samples = choose_samples(compiled.original, device).first(1)
    inputs = sample_bytes(samples, 0)
    with attached(compiled, board, device, hook=True) as running:
        ticks = running.session.profile(inputs)
        provenance, image = running.provenance, running.image
    estimates: tuple[Estimate | None, ...] = (None,) * len(ticks)
    if device.cycles and not obstacle(board):
        estimates = step_estimates(compiled, image, board, inputs, device.wait_states)
    graph = compiled.graph
    kinds = {
        operator.index: operator.kind
        for operator in (*graph.operators, *compiled.original.operators)
    }
    rows = tuple(
        StepProfile(
            step=number,
            operator=step.operator,
            kind=kinds.get(step.operator, "?"),
            kernel=step.kernel,
            output="x".join(map(str, graph.tensor(step.outputs[0]).shape)),
            macs=step.macs,
            count=board.count(count),
            variant=step.variant,
            cycles=None if found is None else round(found.cycles.likely),
        )
        for number, (step, count, found) in enumerate(
            zip(compiled.program.steps, ticks, estimates, strict=True)
        )
        if not step.control
    )
    unit, kind = board.timer.unit, _kind(board)
    model = next((found.model for found in estimates if found is not None), "")
    return ProfileResult(compiled.facts, board_facts(board), kind, unit, rows, provenance, model)


def verify(
    model: Path,
    board: Board,
    spec: CompileSpec | None = None,
    device: DeviceSpec | None = None,
    layers: bool = False,
    progress: Progress = silent,
) -> VerifyResult:
    """The device against the oracle, bit by bit; `layers` adds every tensor of the first sample."""
    device = device or DeviceSpec()
    compiled = compile_model(model, board, spec)
    samples = choose_samples(compiled.original, device)
    reference = reference_run(compiled, samples.inputs)
    first = samples.first(1)
    inner = reference_run(compiled, first.inputs, layers=True) if layers else None
    with attached(compiled, board, device, hook=layers) as running:
        answers = run_samples(
            running.session,
            samples.inputs,
            progress=lambda done, of: progress(f"verify on {board.name}", done, of),
            stateful=compiled.stateful,
        )
        rows = _layers(running, first, inner) if inner is not None else ()
        provenance = running.provenance
    outputs = shaped(answers.outputs, reference.outputs)
    whole = agreement(compiled.original, outputs, reference)
    return VerifyResult(compiled.facts, board_facts(board), whole, provenance, rows)


def infer(
    model: Path,
    board: Board,
    inputs: Path,
    output: Path,
    spec: CompileSpec | None = None,
    device: DeviceSpec | None = None,
    reset: bool = False,
    progress: Progress = silent,
) -> Mapping[str, tuple[int, ...]]:
    """The board's answers to the samples in `inputs`, as y0, y1, ... in `output`; their shapes.

    State carries over from sample to sample unless `reset`.
    """
    compiled = compile_model(model, board, spec)
    samples = load_samples(inputs, compiled.original)
    with attached(compiled, board, device or DeviceSpec()) as running:
        answers = run_samples(
            running.session,
            samples.inputs,
            progress=lambda done, of: progress(f"infer on {board.name}", done, of),
            init_each=reset,
            stateful=compiled.stateful,
        )
    graph = compiled.original
    outputs = _shaped(graph, answers.outputs, samples.n)
    arrays = {f"y{place}": values for place, values in enumerate(outputs)}
    if compiled.original.output_names:  # the signature's names for them
        pairs = zip(compiled.original.output_names, outputs, strict=True)
        arrays |= {name: values for name, values in pairs if name != "file"}  # savez's own word
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_file(output, buffer.getvalue())
    return {name: values.shape for name, values in arrays.items()}


def choose_samples(graph: Graph, device: DeviceSpec) -> Samples:
    """The samples of `device.data`, or random ones."""
    if device.data is None:
        return random_samples(graph, device.samples or RANDOM_SAMPLES, device.seed)
    return load_samples(device.data, graph).first(device.samples)


def sample_bytes(samples: Samples, index: int) -> list[bytes]:
    """The bytes of each input of one sample."""
    return [np.ascontiguousarray(x[index]).tobytes() for x in samples.inputs]


def _reference(compiled: Compiled, samples: Samples, progress: Progress) -> ReferenceRun | None:
    """The oracle's answers; None where no interpreter gives them, which `progress` is told."""
    try:
        return reference_run(compiled, samples.inputs)
    except NoReferenceError as error:
        progress(f"not compared: {error}", 0, 0)
        return None


def _shaped(graph: Graph, outputs: Sequence[Array], samples: int) -> tuple[Array, ...]:
    """The device's flat answers, [n, ...] each."""
    return tuple(
        values.reshape(samples, *_sample_shape(graph.tensor(index).shape))
        for values, index in zip(outputs, graph.outputs, strict=True)
    )


def shaped(outputs: Sequence[Array], like: Sequence[Array]) -> tuple[Array, ...]:
    """The device's flat answers in the oracle's shapes."""
    return tuple(a.reshape(b.shape) for a, b in zip(outputs, like, strict=True))


def latencies(board: Board, ticks: Sequence[int]) -> tuple[Latency, ...]:
    """The distribution of the counter's figures; none for a host process."""
    if board.timer.unit == "none":
        return ()
    counts = np.array([board.count(t) for t in ticks], np.float64)
    figures = [_latency(board, board.timer.unit, counts)]
    if board.timer.unit == "cycles" and board.clock_hz:
        figures.append(_latency(board, "us", counts * 1e6 / board.clock_hz))
    return tuple(figures)


def estimated_latencies(
    compiled: Compiled,
    image: Image,
    board: Board,
    samples: Samples,
    wait_states: int,
    progress: Progress,
) -> tuple[Latency, ...]:
    """Estimated cycles of the first sample, and their time; none, and why, where that cannot be."""
    problem = obstacle(board)
    if problem:
        progress(f"no cycle estimate: {problem}", 0, 0)
        return ()
    progress(f"estimate cycles on {board.name}", 0, 0)
    found = cycle_estimate(compiled, image, board, sample_bytes(samples, 0), wait_states)
    return as_latencies(found, board.clock_hz)


def _latency(board: Board, unit: Unit, counts: NDArray[np.float64]) -> Latency:
    p50, p95, p99 = (float(v) for v in np.percentile(counts, (50, 95, 99)))
    low, high, mean = float(counts.min()), float(counts.max()), float(counts.mean())
    kind = _kind(board)
    return Latency(kind, unit, len(counts), mean, p50, p95, p99, low, high)


def agreement(graph: Graph, outputs: Sequence[Array], reference: ReferenceRun) -> Agreement:
    """How the outputs agree; floats within the bound that the table of operators states."""
    return compare(outputs, reference.outputs, reference.oracle, bound_ulp(graph))


def _layers(
    running: Attached, samples: Samples, reference: ReferenceRun
) -> tuple[LayerAgreement, ...]:
    compiled = running.compiled
    assert reference.tensors is not None
    graph, plan = compiled.graph, compiled.plan
    operators = (*graph.operators, *compiled.original.operators)  # a loop by its own name
    kinds = {operator.index: operator.kind for operator in operators}
    last = {  # several steps may write parts of one tensor: it is whole after the last of them
        tensor: (number, step.operator)
        for number, step in enumerate(compiled.program.steps)
        for tensor in step.outputs
        if tensor in reference.tensors and tensor < len(compiled.original.tensors)
    }
    wanted = sorted((number, operator, tensor) for tensor, (number, operator) in last.items())
    places = [Place(n, plan.offset(t), graph.tensor(t).bytes) for n, _, t in wanted]
    running.session.init_state()  # as the oracle's, before the first sample
    dumps = running.session.dumps(sample_bytes(samples, 0), places)
    return tuple(
        compare_layer(
            operator,
            kinds.get(operator, "?"),
            graph.tensor(tensor).name,
            data,
            reference.tensors[tensor][0],
        )
        for (_, operator, tensor), data in zip(wanted, dumps, strict=True)
    )


def _accuracy(
    graph: Graph,
    samples: Samples,
    outputs: tuple[Array, ...],
    reference: ReferenceRun | None,
    board: Board,
    metric: str,
) -> Accuracy | None:
    if samples.labels is None:
        return None
    kind = "host" if board.kind == "none" else board.kind
    ours = score(metric, outputs, samples, graph)
    theirs = score(metric, reference.outputs, samples, graph) if reference else None
    return Accuracy(kind, metric, ours, len(samples.labels), theirs)


def _confusion(
    graph: Graph, samples: Samples, outputs: tuple[Array, ...], metric: str
) -> Confusion | None:
    if samples.labels is None or metric != "accuracy":
        return None
    return confusion(outputs, samples, graph)


def _kind(board: Board) -> Kind:
    return "measured" if board.kind == "measured" else "emulated"


def _sample_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if shape[:1] == (1,) else shape
