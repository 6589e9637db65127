"""What a recipe is worth: its result and its controls, measured on the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgepack.board import Board, load_board
from edgepack.compress import DataSpec, open_worker
from edgepack.config import Config, load_config
from edgepack.errors import EdgepackError, UsageError
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.device import DeviceSpec, Progress, bench_compiled, silent
from edgepack.pipeline.keras import located_data
from edgepack.pipeline.recipe import Made, Variant, make
from edgepack.pipeline.whole import (
    budget_gates,
    compile_spec,
    device_spec,
    gates,
    measured,
    write_report,
)
from edgepack.results import BenchResult, Gate, Outcome
from edgepack.store import read_file, require_own, sha256
from edgepack.target import toolchain

LABELS = ("y", "labels", "targets", "group")


class Measuring:
    """Measures each model once, however many variants have the same bytes."""

    def __init__(
        self,
        board: Board,
        spec: CompileSpec,
        device: DeviceSpec,
        on_board: int,
        progress: Progress,
    ) -> None:
        self._board, self._spec, self._device = board, spec, device
        self._on_board = on_board
        self._progress = progress
        self._host = _host() if on_board and device.data and board.memory is not None else None
        self._found: dict[str, tuple[BenchResult, tuple[Gate, ...]]] = {}

    def of(self, variant: Variant) -> tuple[BenchResult, tuple[Gate, ...]]:
        """The figures of the board, the accuracy over the whole set, and what had to hold."""
        key = sha256(read_file(variant.model, "model"))
        if key not in self._found:
            self._found[key] = self._measure(variant)
        return self._found[key]

    def _measure(self, variant: Variant) -> tuple[BenchResult, tuple[Gate, ...]]:
        compiled = compile_model(variant.model, self._board, self._spec)
        few = self._on_board if self._host is not None else self._device.samples
        device = replace(self._device, samples=few)
        result = measured(compiled, self._board, device, self._progress, variant.label)
        held = _named(gates((result,)), f"{variant.label}: answers")
        if self._host is None:
            return result, held
        whole = bench_compiled(
            compile_model(variant.model, self._host, self._spec),
            self._host,
            replace(self._device, port=None, emulator=None, cycles=False),
            self._progress,
            variant.label,
        )
        if whole.accuracy is None:
            return result, held
        joined = replace(result, accuracy=whole.accuracy, confusion=whole.confusion)
        return joined, held + _named(gates((whole,)), f"{variant.label}: answers of host")


def _named(found: tuple[Gate, ...], name: str) -> tuple[Gate, ...]:
    return tuple(replace(gate, name=name) for gate in found)


def _host() -> Board | None:
    """This machine as a board, or None where it has no compiler."""
    board = load_board("host")
    try:
        toolchain.find(board)
    except EdgepackError:
        return None
    return board


def compress(
    path: Path,
    progress: Progress = silent,
    *,
    board: Board | None = None,
    output: Path | None = None,
    seed: int | None = None,
    port: str | None = None,
    emulator: str | None = None,
) -> tuple[Outcome, Path]:
    """Run the recipe at `path` and measure what it made, beside its controls.

    Returns the outcome, whose first result is the recipe's, and the folder of the report. The
    other arguments beat the file.
    """
    outcomes, board, output = _run([path], progress, board, output, seed, port, emulator)
    (outcome,) = outcomes
    folder = output / f"{_labels([path])[0]}-{board.name}"
    return outcome, write_report(outcome, folder)


def compare_recipes(
    paths: Sequence[Path],
    progress: Progress = silent,
    *,
    board: Board | None = None,
    output: Path | None = None,
    seed: int | None = None,
    port: str | None = None,
    emulator: str | None = None,
) -> tuple[Outcome, Path]:
    """One table of several recipes and their controls on one board, each model measured once."""
    outcomes, board, output = _run(paths, progress, board, output, seed, port, emulator)
    rows: dict[str, BenchResult] = {}
    held: dict[str, Gate] = {}
    for outcome in outcomes:
        rows[outcome.labels[0]] = outcome.results[0]
    for label, outcome in zip(_labels(paths), outcomes, strict=True):
        renamed = {}
        for name, result in zip(outcome.labels[1:], outcome.results[1:], strict=True):
            if all(result.model.sha256 != r.model.sha256 for r in rows.values()):
                renamed[name] = name if name not in rows else f"{name} of {label}"
                rows[renamed[name]] = result
        for gate in outcome.gates:
            variant, _, rest = gate.name.partition(": ")
            if variant in outcome.labels:
                name = f"{renamed.get(variant, variant)}: {rest}"
            else:
                name = f"{outcome.labels[0]}: {gate.name}"
            held[f"{name} {gate.detail}"] = replace(gate, name=name)
    outcome = Outcome(
        f"{len(paths)} recipes on {board.name}",
        tuple(rows),
        tuple(rows.values()),
        tuple(held.values()),
        notes=tuple(f"{o.labels[0]}: {note}" for o in outcomes for note in o.notes),
    )
    return outcome, write_report(outcome, output / f"compare-{'-'.join(_labels(paths))}")


def _run(
    paths: Sequence[Path],
    progress: Progress,
    board: Board | None,
    output: Path | None,
    seed: int | None,
    port: str | None,
    emulator: str | None,
) -> tuple[list[Outcome], Board, Path]:
    configs = [load_config(path) for path in paths]
    boards = [board or c.board_at(p.parent) for c, p in zip(configs, paths, strict=True)]
    for path, other in zip(paths, boards, strict=True):
        if other != boards[0]:
            raise UsageError(
                f"{path}: is for {other.name}, {paths[0]} for {boards[0].name}; figures of two "
                "boards do not compare: name one with --board"
            )
    output = output or paths[0].parent / configs[0].report.folder
    labels = _labels(paths)
    for label in labels:
        require_own(output / f"{label}-{boards[0].name}")
    with open_worker() as worker:
        made = [
            make(
                config,
                path.parent,
                output / "models" / label,
                label,
                progress,
                worker=worker,
                board=boards[0],
                seed=seed,
            )
            for config, path, label in zip(configs, paths, labels, strict=True)
        ]
    outcomes, measuring = [], {}
    for config, path, found in zip(configs, paths, made, strict=True):
        device = _device(config, path.parent, output / "models" / found.result.label, board)
        device = replace(device, port=port or device.port, emulator=emulator or device.emulator)
        spec = compile_spec(config, path.parent)
        on_board = config.compress.on_board if config.compress else 0
        key = (spec, device, on_board)
        if key not in measuring:
            measuring[key] = Measuring(boards[0], spec, device, on_board, progress)
        outcomes.append(_outcome(config, found, boards[0], measuring[key]))
    return outcomes, boards[0], output


def _outcome(config: Config, made: Made, board: Board, measuring: Measuring) -> Outcome:
    found = [measuring.of(variant) for variant in (made.result, *made.controls)]
    results = tuple(result for result, _ in found)
    held = [gate for _, own in found for gate in own]
    held += budget_gates(results[0], config.budget)
    return Outcome(
        f"{made.result.label} on {board.name}",
        tuple(variant.label for variant in (made.result, *made.controls)),
        results,
        tuple(dict.fromkeys(held)),
        made.steps,
        made.notes,
    )


def _labels(paths: Sequence[Path]) -> list[str]:
    """The recipes' names: the files' own, or their folders' where two are called alike."""
    stems = [path.stem for path in paths]
    whole = ["-".join((path.resolve().parent.name, path.stem)) for path in paths]
    alike = len(set(stems)) < len(stems)
    if alike and len(set(whole)) < len(whole):
        raise UsageError(f"{paths[0]}: a recipe is named twice; name each once")
    return whole if alike else stems


def _device(config: Config, folder: Path, models: Path, instead: Board | None) -> DeviceSpec:
    """Samples for the board: [bench] data, else what the recipe scores on."""
    device = replace(device_spec(config, folder, instead), cycles=False)
    recipe = config.compress
    data = recipe.test or recipe.data if recipe is not None else None
    if device.data is not None or data is None:
        return device
    source = located_data(data, folder)
    if not source.source.endswith((".npz", ".npy")):
        return device
    return replace(device, data=real_samples(source, models / "samples.npz"))


def real_samples(data: DataSpec, output: Path) -> Path:
    """A file of the samples as the float model takes them; `data`'s own where it holds those."""
    path = Path(data.source)
    loaded = np.load(path, allow_pickle=False)
    arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else {k: loaded[k] for k in loaded}
    inputs = {name: x for name, x in arrays.items() if name not in LABELS}
    plain = (data.scale, data.offset) == (1.0, 0.0)
    if plain and all(x.dtype.kind == "f" or x.itemsize > 1 for x in inputs.values()):
        return path
    scale, offset = np.float32(data.scale), np.float32(data.offset)
    for name, x in inputs.items():
        arrays[name] = x.astype(np.float32) * scale + offset
    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez(output, **arrays)  # type: ignore[arg-type]
    return output
