"""Compression on Keras models; the only folder that imports TensorFlow.

Each stage runs in a child process, so that importing this package costs nothing and a crash
of a library is an error like any other. `open_worker()` keeps one child for several stages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from edgepack.compress.aware.spec import AwareReport, AwareSpec
from edgepack.compress.child import Worker
from edgepack.compress.data import require_source
from edgepack.compress.filetype import is_tflite, sniff
from edgepack.compress.pruning.spec import PruneReport, PruneSpec
from edgepack.compress.spec import (
    ConvertReport,
    ConvertSpec,
    DataSpec,
    OnProgress,
    Progress,
    QuantizeReport,
    QuantizeSpec,
    Report,
    Score,
    Spec,
    TrainReport,
    TrainSpec,
    from_plain,
    to_plain,
)
from edgepack.compress.tuning.spec import (
    ClusterReport,
    ClusterSpec,
    FineTuneReport,
    FineTuneSpec,
    WeightsReport,
    WeightsSpec,
)
from edgepack.errors import TrainingError
from edgepack.store import write_file

__all__ = [
    "AwareReport",
    "AwareSpec",
    "ClusterReport",
    "ClusterSpec",
    "ConvertReport",
    "ConvertSpec",
    "DataSpec",
    "FineTuneReport",
    "FineTuneSpec",
    "OnProgress",
    "Progress",
    "PruneReport",
    "PruneSpec",
    "QuantizeReport",
    "QuantizeSpec",
    "Report",
    "Score",
    "Spec",
    "TrainReport",
    "TrainSpec",
    "WeightsReport",
    "WeightsSpec",
    "Worker",
    "apply",
    "convert",
    "open_worker",
    "prune",
    "quantize",
    "require_files",
    "train_demo",
]

T = TypeVar("T")

_STAGES: Mapping[type, tuple[str, type]] = {
    PruneSpec: ("prune", PruneReport),
    WeightsSpec: ("prune", WeightsReport),
    AwareSpec: ("train-quantized", AwareReport),
    FineTuneSpec: ("fine-tune", FineTuneReport),
    ClusterSpec: ("cluster", ClusterReport),
    QuantizeSpec: ("quantize", QuantizeReport),
    ConvertSpec: ("convert", ConvertReport),
    TrainSpec: ("train", TrainReport),
}


def apply(
    path: Path,
    spec: Spec,
    out: Path,
    *,
    on_progress: OnProgress | None = None,
    worker: Worker | None = None,
) -> Report:
    """The stage that `spec` belongs to, on the model at `path`, into `out`; see `prune`."""
    name, kind = _STAGES[type(spec)]
    report: Report = _stage(name, kind, path, spec, out, on_progress, worker)
    return report


def require_files(spec: Spec) -> None:
    """Raise UsageError or ModelError where data or a teacher that `spec` names is not there."""
    for name in ("data", "test"):
        data = getattr(spec, name, None)
        if data is not None:
            require_source(data.source)
    teacher = getattr(spec, "teacher", "")
    if teacher:
        sniff(Path(teacher))


def open_worker() -> Worker:
    """A child process that several calls may share, as a context manager."""
    return Worker()


def prune(
    path: Path,
    spec: PruneSpec,
    out: Path,
    *,
    on_progress: OnProgress | None = None,
    worker: Worker | None = None,
) -> PruneReport:
    """Prune the Keras model at `path` into `out` (.keras), and write `<out>.json` beside it.

    Raises ModelError, UsageError (data), ToolchainError (no TensorFlow) or TrainingError; then
    neither file is written.
    """
    return _stage("prune", PruneReport, path, spec, out, on_progress, worker)


def quantize(
    path: Path,
    spec: QuantizeSpec,
    out: Path,
    *,
    on_progress: OnProgress | None = None,
    worker: Worker | None = None,
) -> QuantizeReport:
    """Quantise the model at `path` into `out` (.tflite), and write `<out>.json`.

    A float .tflite file is taken as well as a Keras model.
    """
    return _stage("quantize", QuantizeReport, path, spec, out, on_progress, worker)


def convert(
    path: Path,
    spec: ConvertSpec,
    out: Path,
    *,
    on_progress: OnProgress | None = None,
    worker: Worker | None = None,
) -> ConvertReport:
    """Convert the model at `path` to float32 into `out` (.tflite), and write `<out>.json`."""
    return _stage("convert", ConvertReport, path, spec, out, on_progress, worker)


def train_demo(
    spec: TrainSpec,
    out: Path,
    *,
    on_progress: OnProgress | None = None,
    worker: Worker | None = None,
) -> TrainReport:
    """Train one of the demo's networks into `out` (.keras), and write `<out>.json`."""
    return _stage("train", TrainReport, Path(), spec, out, on_progress, worker)


def _stage(
    name: str,
    kind: type[T],
    path: Path,
    spec: Any,
    out: Path,
    on_progress: OnProgress | None,
    worker: Worker | None,
) -> T:
    if name != "train" and not (name == "quantize" and is_tflite(path)):
        sniff(path)  # a wrong file is refused before TensorFlow is imported
    require_files(spec)
    if worker is None:
        with open_worker() as own:
            return _stage(name, kind, path, spec, out, on_progress, own)
    request = {
        "stage": name,
        "kind": type(spec).__name__,
        "path": str(path),
        "spec": to_plain(spec),
        "output": out.name,
    }
    try:
        answer = worker.call(request, on_progress)
    except TrainingError as error:
        if error.last_good is None:
            raise
        rescued = out.with_name(f"{out.stem}.last-good.keras")
        write_file(rescued, error.last_good.read_bytes())
        raise TrainingError(f"{error}. The model as it was then is in {rescued}") from error
    report = from_plain(kind, answer["report"])
    result = Path(answer["file"])
    write_file(out, result.read_bytes())
    beside = {"schema": 1, "stage": name, **answer["report"]}
    text = json.dumps(beside, indent=2, sort_keys=True) + "\n"
    write_file(out.with_name(out.name + ".json"), text.encode())
    return report
