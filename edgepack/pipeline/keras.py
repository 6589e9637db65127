"""Keras models: prune, quantise and convert; whole runs keep the results in the cache."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from edgepack import __version__, compress
from edgepack.compress import (
    AwareReport,
    AwareSpec,
    ClusterReport,
    ClusterSpec,
    ConvertReport,
    ConvertSpec,
    DataSpec,
    FineTuneReport,
    FineTuneSpec,
    PruneReport,
    PruneSpec,
    QuantizeReport,
    QuantizeSpec,
    WeightsReport,
    WeightsSpec,
)
from edgepack.compress.spec import Spec, to_plain
from edgepack.config import Config
from edgepack.errors import UsageError
from edgepack.pipeline.device import Progress, silent
from edgepack.store import Tree, cached, read_file, sha256, write_file

S = TypeVar("S", bound=Spec)
TOOLS = ("tensorflow", "tensorflow-cpu", "keras", "numpy")


def prune_model(
    model: Path, spec: PruneSpec | WeightsSpec, output: Path, progress: Progress = silent
) -> PruneReport | WeightsReport:
    """Prune a Keras model into `output` (.keras), with `<output>.json` beside it."""
    report: PruneReport | WeightsReport = _write(model, spec, output, ".keras", progress)
    return report


def cluster_model(
    model: Path, spec: ClusterSpec, output: Path, progress: Progress = silent
) -> ClusterReport:
    """Cluster a Keras model's weights into `output` (.keras), with `<output>.json` beside it."""
    report: ClusterReport = _write(model, spec, output, ".keras", progress)
    return report


def fine_tune_model(
    model: Path, spec: FineTuneSpec, output: Path, progress: Progress = silent
) -> FineTuneReport:
    """Train a Keras model further into `output` (.keras), with `<output>.json` beside it."""
    report: FineTuneReport = _write(model, spec, output, ".keras", progress)
    return report


def train_quantized_model(
    model: Path, spec: AwareSpec, output: Path, progress: Progress = silent
) -> AwareReport:
    """Train a Keras model with its rounding into `output` (.keras), `<output>.json` beside it."""
    report: AwareReport = _write(model, spec, output, ".keras", progress)
    return report


def quantize_model(
    model: Path, spec: QuantizeSpec, output: Path, progress: Progress = silent
) -> QuantizeReport:
    """Quantise a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    report: QuantizeReport = _write(model, spec, output, ".tflite", progress)
    return report


def convert_model(
    model: Path, spec: ConvertSpec, output: Path, progress: Progress = silent
) -> ConvertReport:
    """Convert a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    report: ConvertReport = _write(model, spec, output, ".tflite", progress)
    return report


def _write(model: Path, spec: Spec, output: Path, suffix: str, progress: Progress) -> Any:
    """The report of the spec's stage, which has written `output`; UsageError for another suffix."""
    if output.suffix != suffix:
        raise UsageError(f"{output}: the result is a {suffix} file; name it so")
    return compress.apply(model, spec, output, on_progress=adapt(progress))


def keras_to_tflite(config: Config, folder: Path, output: Path, progress: Progress) -> Path:
    """The .tflite that `run` measures: the model's own, or what its stages make of a Keras model.

    Results go to `output`, so that each stage can be looked at. UsageError where a
    stage is asked for that a .tflite is past.
    """
    model = folder / config.model.path
    if model.suffix == ".tflite":
        for name in ("prune", "train-quantized"):
            if getattr(config, name.replace("-", "_")) is not None:
                raise UsageError(
                    f"{model}: [{name}] takes a Keras model, and this is past it; "
                    "leave the table out, or name the Keras model"
                )
        return (
            model
            if config.quantize is None
            else _quantised(config, model, folder, output, progress)
        )
    stem = model.stem
    if config.prune is not None:
        stem += "_pruned"
        pruning = located(config.prune, folder)
        model = kept(model, pruning, output / f"{stem}.keras", progress)
    if config.train_quantized is not None:
        if config.quantize is None:
            raise UsageError(
                "[train-quantized] learns integers that [quantize] writes; add that table"
            )
        stem += "_aware"
        aware = located(config.train_quantized, folder)
        model = kept(model, aware, output / f"{stem}.keras", progress)
    if config.quantize is None:
        floats = ConvertSpec(trust_model=config.prune is not None and config.prune.trust_model)
        return kept(model, floats, output / f"{stem}_float32.tflite", progress)
    return _quantised(config, model, folder, output, progress)


def _quantised(config: Config, model: Path, folder: Path, output: Path, progress: Progress) -> Path:
    assert config.quantize is not None
    spec = located(config.quantize, folder)
    return kept(model, spec, output / f"{model.stem}_{_kind(spec)}.tflite", progress)


def _kind(spec: QuantizeSpec) -> str:
    """What a quantised file holds, for its name: int8, int4, 16x8, float16, dynamic, ..."""
    if spec.weights >= 16:
        return f"float{spec.weights}"
    if spec.scheme in ("dynamic", "mixed") or spec.layers:
        return "mixed"
    power = "_pot" if spec.scheme == "power_of_two" else ""
    if spec.activations == 32:
        return f"hybrid{spec.weights}{power}"
    return (f"int{spec.weights}" if spec.activations == 8 else f"16x{spec.weights}") + power


def located(spec: S, folder: Path) -> S:
    """The spec with its files, which are relative to `folder`, as they are found from here."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if isinstance(value, DataSpec):
            changes[field.name] = located_data(value, folder)
        elif field.name == "teacher" and value:
            changes[field.name] = str(folder / value)
    return replace(spec, **changes)


def located_data(data: DataSpec, folder: Path) -> DataSpec:
    """The same, of one source of samples; a function's name stays as it is."""
    is_file = data.source.endswith((".npz", ".npy"))
    return replace(data, source=str(folder / data.source)) if is_file else data


def kept(
    model: Path | None,
    spec: Spec,
    output: Path,
    progress: Progress,
    worker: compress.Worker | None = None,
) -> Path:
    """One stage's result in `output`, made anew only where model, spec, data or tools differ.

    A stage whose data come from a function always runs: what a function returns has no digest.
    """

    def make(target: Path) -> None:
        show = adapt(progress)
        compress.apply(model or Path(), spec, target, on_progress=show, worker=worker)

    key = _key(model, spec)
    if key is None:
        make(output)
        return output
    result = f"result{output.suffix}"
    folder = cached(f"{type(spec).__name__}/2", key, lambda f: make(f / result))
    write_file(output, (folder / result).read_bytes())
    report = json.loads((folder / f"{result}.json").read_bytes())
    report["output"]["name"] = output.name
    text = json.dumps(report, indent=2, sort_keys=True) + "\n"
    write_file(output.with_name(f"{output.name}.json"), text.encode())
    return output


def _key(model: Path | None, spec: Spec) -> dict[str, object] | None:
    plain = to_plain(spec)
    for name in ("data", "test"):
        source = plain.get(name)
        if source:
            path = Path(source["source"])
            if not path.is_file():
                return None
            source["source"] = sha256(read_file(path, "data"))
    if plain.get("teacher"):
        plain["teacher"] = _digest(Path(plain["teacher"]))
    digest = _digest(model) if model is not None else ""
    return {"model": digest, "spec": plain, "tools": _versions(), "edgepack": __version__}


def _digest(model: Path) -> str:
    if not model.is_dir():
        return sha256(read_file(model, "model"))
    files = {p.relative_to(model).as_posix(): p for p in model.rglob("*") if p.is_file()}
    return Tree({name: path.read_bytes() for name, path in files.items()}).digest


def _versions() -> dict[str, str]:
    found = {}
    for name in TOOLS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def adapt(progress: Progress) -> Callable[[compress.Progress], None]:
    """The pipeline's progress, as the compression stages report it."""

    def show(event: compress.Progress) -> None:
        progress(
            f"{event.stage}: {event.text}" if event.text else event.stage, event.done, event.total
        )

    return show
