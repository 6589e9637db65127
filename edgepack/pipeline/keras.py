"""Keras models: prune, quantise and convert, kept in the cache under what decides the result."""

from __future__ import annotations

from pathlib import Path

from edgepack import compress
from edgepack.compress import (
    ConvertReport,
    ConvertSpec,
    DataSpec,
    PruneReport,
    PruneSpec,
    QuantizeReport,
    QuantizeSpec,
)
from edgepack.config import Config
from edgepack.pipeline.device import Progress, silent


def prune_model(
    model: Path, spec: PruneSpec, output: Path, progress: Progress = silent
) -> PruneReport:
    """Prune a Keras model into `output` (.keras), with `<output>.json` beside it."""
    return compress.prune(model, spec, output, on_progress=adapt(progress))


def quantize_model(
    model: Path, spec: QuantizeSpec, output: Path, progress: Progress = silent
) -> QuantizeReport:
    """Quantise a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    return compress.quantize(model, spec, output, on_progress=adapt(progress))


def convert_model(
    model: Path, spec: ConvertSpec, output: Path, progress: Progress = silent
) -> ConvertReport:
    """Convert a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    return compress.convert(model, spec, output, on_progress=adapt(progress))


def keras_to_tflite(config: Config, folder: Path, progress: Progress) -> Path:
    """The .tflite that `run` measures: the model's own, or what its stages make of a Keras model.

    Results lie in the report's folder, so that each stage can be looked at.
    """
    model = folder / config.model.path
    if model.suffix == ".tflite":
        return model
    output = folder / config.report.folder / "models"
    stem = model.stem
    if config.prune is not None:
        stage = config.prune
        data = _source(stage.data, folder)
        pruning = PruneSpec(
            method=stage.method, rate=stage.rate, epochs=stage.epochs, data=data, seed=stage.seed
        )
        stem += "_pruned"
        prune_model(model, pruning, output / f"{stem}.keras", progress)
        model = output / f"{stem}.keras"
    if config.quantize is None:
        target = output / f"{stem}_float32.tflite"
        convert_model(model, ConvertSpec(), target, progress)
        return target
    data = _source(config.quantize.data, folder)
    assert data is not None
    quantising = QuantizeSpec(
        data=data,
        samples=config.quantize.samples,
        per_channel=config.quantize.per == "channel",
        seed=config.quantize.seed,
    )
    target = output / f"{stem}_int8.tflite"
    quantize_model(model, quantising, target, progress)
    return target


def _source(text: str, folder: Path) -> DataSpec | None:
    if not text:
        return None
    is_file = text.endswith((".npz", ".npy"))
    return DataSpec(source=str(folder / text) if is_file else text)


def adapt(progress: Progress) -> compress.OnProgress:
    """The pipeline's progress as the compression stages report it."""

    def show(event: compress.Progress) -> None:
        text = event.text.split(",")[0]
        progress(f"{event.stage}: {text}" if text else event.stage, event.done, event.total)

    return show
