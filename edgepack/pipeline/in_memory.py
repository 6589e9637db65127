"""Keras models in memory, measured: in Python, and on a board by way of a quantised .tflite."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgepack.board import Board, load_board
from edgepack.compress import Score, in_memory
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.device import DeviceSpec, bench_compiled
from edgepack.results import BenchResult


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model is worth: `python` scores it as it is, `device` is the board's result."""

    python: Score
    device: BenchResult | None = None

    @property
    def cost(self) -> Cost | None:
        """What it takes on the board."""
        return None if self.device is None else _cost(self.device)


@dataclass(frozen=True, slots=True)
class Cost:
    """Flash and RAM in bytes, and the mean count of an inference (None where a board has none)."""

    flash_bytes: int
    ram_bytes: int
    latency: float | None


def evaluate(
    model: Any,
    data: Any,
    board: str | Board | None = None,
    *,
    samples: int = 0,
    compile: CompileSpec | None = None,
    **options: Any,
) -> Evaluation:
    """The accuracy of the Keras `model` on labelled `data`, and with a `board` the cost there.

    For the board it becomes a .tflite as QuantizeSpec's `options` say (int8 without any), ranges
    from `data`, which answers the first `samples` (0: all) of them there: `device` holds
    flash, RAM, instructions, accuracy and agreement with the oracle, as `bench` gives them.
    """
    python = in_memory.score_model(model, data)
    if board is None:
        return Evaluation(python)
    return Evaluation(python, _benched(model, data, _board(board), samples, compile, options))


def cost_of(board: str | Board, data: Any, **options: Any) -> Callable[[Any], Cost]:
    """A function that gives what a Keras model costs on the board, by one inference there."""
    target = _board(board)

    def cost(model: Any) -> Cost:
        return _cost(_benched(model, data, target, 1, None, options))

    return cost


def _board(board: str | Board) -> Board:
    return load_board(board, Path.cwd()) if isinstance(board, str) else board


def _benched(
    model: Any,
    data: Any,
    board: Board,
    samples: int,
    spec: CompileSpec | None,
    options: dict[str, Any],
) -> BenchResult:
    with tempfile.TemporaryDirectory(prefix="edgepack-") as name:
        folder = Path(name)
        path, file = folder / f"{model.name}.tflite", folder / "samples.npz"
        path.write_bytes(in_memory.tflite_of(model, data, folder, **options))
        given = in_memory.samples_of(model, data)
        arrays = {f"x{i}": x for i, x in enumerate(given.inputs)}
        if given.labels is not None:
            arrays["y"] = given.labels
        np.savez(file, **arrays)  # type: ignore[arg-type]
        compiled = compile_model(path, board, spec)
        return bench_compiled(compiled, board, DeviceSpec(data=file, samples=samples))


def _cost(result: BenchResult) -> Cost:
    latency = result.latency[0].mean if result.latency else None
    return Cost(result.memory.flash.total, result.memory.ram.total, latency)
