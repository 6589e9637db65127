"""Whole runs: a .tflite to a report, edgepack.toml to a report, and two results compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgepack.board import Board
from edgepack.config import Budget, Config, load_config
from edgepack.errors import UsageError
from edgepack.pipeline.compile import Compiled, CompileSpec, compile_model
from edgepack.pipeline.device import (
    DeviceSpec,
    Progress,
    bench_compiled,
    profile_compiled,
    silent,
)
from edgepack.pipeline.frontend import front_end
from edgepack.pipeline.keras import keras_to_tflite
from edgepack.pipeline.levels import table_layers
from edgepack.pipeline.recipe import make
from edgepack.report import report_tree
from edgepack.results import Agreement, BenchResult, CompareResult, Comparison, Gate, Outcome
from edgepack.store import read_file, require_own, write_tree


def run(
    model: Path,
    board: Board,
    output: Path,
    spec: CompileSpec | None = None,
    device: DeviceSpec | None = None,
    progress: Progress = silent,
    budget: Budget | None = None,
) -> tuple[Outcome, Path]:
    """Compile, build, flash, bench and profile a .tflite; the report goes to a folder of `output`.

    Returns the outcome and that folder.
    """
    device = device or DeviceSpec()
    progress(f"compile {model.name}", 0, 0)
    compiled = compile_model(model, board, spec)
    folder = output / f"{compiled.graph.name}-{board.name}"
    require_own(folder)
    result = measured(compiled, board, device, progress)
    title = f"{compiled.graph.name} on {board.name}"
    outcome = Outcome(title, (model.stem,), (result,), gates((result,), budget))
    return outcome, write_report(outcome, folder)


def run_config(
    path: Path,
    progress: Progress = silent,
    *,
    board: Board | None = None,
    output: Path | None = None,
    spec: Mapping[str, Any] | None = None,
    device: Mapping[str, Any] | None = None,
) -> tuple[Outcome, Path]:
    """What edgepack.toml says; its paths are relative to its own folder.

    The other arguments beat the file: `spec` and `device` hold fields of CompileSpec and
    DeviceSpec by name.
    """
    config, folder = load_config(path), path.parent
    own = device_spec(config, folder, board)
    board = board or config.board_at(folder)
    output = output or folder / config.report.folder
    if config.compress is not None:
        models = output / "models" / path.stem
        made = make(config, folder, models, path.stem, progress, board=board, controls=False)
        model = made.result.model
    else:
        model = keras_to_tflite(config, folder, output / "models", progress)
    return run(
        model,
        board,
        output,
        replace(compile_spec(config, folder), **(spec or {})),
        replace(own, **(device or {})),
        progress,
        config.budget,
    )


def device_spec(config: Config, folder: Path, instead: Board | None = None) -> DeviceSpec:
    """How the board of edgepack.toml is reached, and its samples; paths start from `folder`.

    `instead` is a board that serves instead of the file's; without an emulator of its own it
    needs none of the file's.
    """
    bench = config.bench
    emulated = instead is None or instead.flash.driver == "emulator"
    return DeviceSpec(
        port=config.board.port or None,
        emulator=(config.board.emulator or None) if emulated else None,
        data=folder / bench.data if bench.data else None,
        samples=bench.samples,
        metric=bench.metric,
        seed=bench.seed,
        cycles=True,
    )


def compile_spec(config: Config, folder: Path) -> CompileSpec:
    """The choices of edgepack.toml for the compiler; paths start from `folder`."""
    return CompileSpec(
        config.model.name,
        config.compile.numerics,
        config.compile.optimize,
        tuple(folder / module for module in config.operators.modules),
        layers=table_layers(config.compile.layers),
        ram_bytes=config.budget.ram_bytes,
        flash_bytes=config.budget.flash_bytes,
        patches=config.compile.patches,
        stream_input=config.compile.stream_input,
        external=config.compile.external,
        read_ahead=config.compile.read_ahead,
        external_slice=config.compile.external_slice,
        places=tuple(config.compile.place.items()),
        signature=config.model.signature,
        shapes=tuple(config.model.shapes.items()),
        front_end=front_end(config.frontend.model_dump()) if config.frontend else None,
    )


def measured(
    compiled: Compiled, board: Board, device: DeviceSpec, progress: Progress, label: str = ""
) -> BenchResult:
    """A bench with the profile of its operators, where the board has a counter."""
    label = label or compiled.graph.name
    result = bench_compiled(compiled, board, device, progress, label)
    if board.timer.unit == "none":
        return result
    progress(f"profile {label}", 0, 0)
    return replace(result, profile=profile_compiled(compiled, board, device).steps)


def write_report(outcome: Outcome, folder: Path) -> Path:
    """Every form of the report into `folder`; returns it."""
    write_tree(report_tree(outcome), folder)
    return folder


def gates(results: tuple[BenchResult, ...], budget: Budget | None = None) -> tuple[Gate, ...]:
    """What had to hold: agreement with the oracle, and the budget of the first result."""
    found = [_agreement_gate(r, r.agreement) for r in results if r.agreement is not None]
    if budget is not None:
        found += budget_gates(results[0], budget)
    return tuple(found)


def _agreement_gate(result: BenchResult, agreement: Agreement) -> Gate:
    from edgepack.report.text import agreement_text

    detail = f"{agreement_text(result)}, against {agreement.oracle}"
    if not agreement.holds:
        detail += f"; {agreement.first_difference}"
    return Gate(f"{result.model.name}: answers", agreement.holds, detail)


def budget_gates(result: BenchResult, budget: Budget) -> list[Gate]:
    """Whether the figures keep the limits that are set."""
    latency = next((v for v in result.latency if v.unit == "instructions"), None)
    figures: list[tuple[str, float | None, float]] = [
        ("flash", result.memory.flash.total, budget.flash_bytes),
        ("RAM", result.memory.ram.total, budget.ram_bytes),
        ("instructions", latency.mean if latency else None, budget.instructions),
    ]
    found = []
    for name, value, limit in figures:
        if limit:
            known = "not known on this board" if value is None else f"{value:,.0f}"
            held = value is not None and value <= limit
            found.append(Gate(name, held, f"{known}, the budget is {limit:,}"))
    if budget.accuracy:
        accuracy = result.accuracy
        value = accuracy.value if accuracy else None
        known = "no labelled data" if value is None else f"{value:.4f}"
        held = value is not None and value >= budget.accuracy
        found.append(Gate("accuracy", held, f"{known}, at least {budget.accuracy} is asked for"))
    return found


FIGURES = (
    ("latency.0.mean", "lower"),
    ("memory.flash.total", "lower"),
    ("memory.ram.total", "lower"),
    ("memory.ram.arena", "lower"),
    ("accuracy.value", "higher"),
)


def compare(old: Path, new: Path, max_regression: str = "2%") -> CompareResult:
    """The figures of two JSON results; `max_regression` is a part, "2%" or "0.02".

    Documents of `bench`, or of `run`, whose first variant counts. UsageError where they cannot be
    compared: another unit, kind or board, no figure in common, or one that the new one lost.
    """
    limit = _part(max_regression)
    before, after = _result(old), _result(new)
    for key in ("board.name", "latency.0.unit", "latency.0.kind"):
        if _at(before, key) != _at(after, key):
            raise UsageError(
                f"{new}: {key} is {_at(after, key)!r}, in {old} it is {_at(before, key)!r}; "
                "only like can be compared"
            )
    figures = []
    for key, better in FIGURES:
        was, now = _number(before, key), _number(after, key)
        if was is not None and now is None:
            raise UsageError(
                f"{new}: has no {key}, and {old} has it; measure it again, as it was measured then"
            )
        if was is not None and now is not None:
            change = (now - was) / was if was else float(now != was)
            worse = change if better == "lower" else -change
            figures.append(Comparison(key, was, now, change, worse > limit))
    if not figures:
        raise UsageError(f"{old} and {new} have no figure in common")
    return CompareResult(limit, tuple(figures))


def _part(text: str) -> float:
    try:
        value = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise UsageError(f"--max-regression {text!r}: not a number; write 2% or 0.02") from error
    if not 0 <= value < 10:
        raise UsageError(f"--max-regression {text!r}: out of range; it is 0% to 1000%")
    return value


def _result(path: Path) -> Any:
    try:
        document = json.loads(read_file(path, "result"))
    except ValueError as error:
        raise UsageError(f"{path}: not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise UsageError(f"{path}: not a result of schema 1; `edgepack bench --json` prints one")
    results = document.get("results")
    return results[0] if isinstance(results, list) and results else document


def _number(document: Any, key: str) -> float | None:
    value = _at(document, key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _at(document: Any, key: str) -> Any:
    for part in key.split("."):
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document
