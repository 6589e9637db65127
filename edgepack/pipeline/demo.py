"""The built-in example: real data, one network, three variants, all measured on the board."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgepack.board import Board
from edgepack.compress import ConvertSpec, DataSpec, PruneSpec, QuantizeSpec, TrainSpec
from edgepack.compress.spec import Spec
from edgepack.demo import DemoData, Kind, prepare
from edgepack.pipeline.compile import compile_model
from edgepack.pipeline.device import DeviceSpec, Progress
from edgepack.pipeline.keras import kept
from edgepack.pipeline.whole import gates, measured, write_report
from edgepack.results import BenchResult, Outcome
from edgepack.store import require_own

PRUNE_RATE = 0.5
PRUNE_EPOCHS = {"watch": 12, "digits": 6}


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the demo's table."""

    label: str
    model: Path
    samples: int  # the first so many of the test set; 0 is all


def demo(
    kind: Kind, board: Board, output: Path, device: DeviceSpec, progress: Progress
) -> tuple[Outcome, Path]:
    """Train, prune, quantise, convert, then build, flash and measure each variant.

    Returns the outcome, whose first result is the pruned int8 model, and the report's folder.
    """
    folder = output / f"demo-{kind}"
    require_own(folder / "report")
    data = prepare(kind, folder / "data")
    variants = make_variants(kind, data, folder / "models", progress)
    results = tuple(_measure(v, data, board, device, progress) for v in variants)
    title = f"{kind} demo on {board.name}: {data.split}"
    outcome = Outcome(title, tuple(v.label for v in variants), results, gates(results))
    return outcome, write_report(outcome, folder / "report")


def make_variants(
    kind: Kind, data: DemoData, folder: Path, progress: Progress
) -> tuple[Variant, ...]:
    """Pruned int8, int8 and float32 .tflite files of one trained network."""
    train, test = DataSpec(source=str(data.train)), DataSpec(source=str(data.test))
    pruning = PruneSpec(rate=PRUNE_RATE, epochs=PRUNE_EPOCHS[kind], data=train, test=test)
    quantising = QuantizeSpec(data=train, test=test)

    def stage(model: Path | None, spec: Spec, name: str) -> Path:
        return kept(model, spec, folder / f"{kind}{name}", progress)

    trained = stage(None, TrainSpec(kind=kind, data=train, test=test), ".keras")
    pruned = stage(trained, pruning, "_pruned.keras")
    return (
        Variant("pruned int8", stage(pruned, quantising, "_pruned_int8.tflite"), 0),
        Variant("int8", stage(trained, quantising, "_int8.tflite"), 0),
        Variant(
            "float32",
            stage(trained, ConvertSpec(test=test), "_float32.tflite"),
            0,
        ),
    )


def _measure(
    variant: Variant, data: DemoData, board: Board, device: DeviceSpec, progress: Progress
) -> BenchResult:
    compiled = compile_model(variant.model, board)
    spec = replace(device, data=data.test, samples=variant.samples)
    result = measured(compiled, board, spec, progress)
    if result.confusion is None:
        return result
    confusion = result.confusion
    if len(confusion.labels) == len(data.labels):
        confusion = replace(confusion, labels=data.labels)
    return replace(result, confusion=confusion)
