"""Keras models: prune, quantise and convert; whole runs keep the results in the cache."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

from edgepack import __version__, compress
from edgepack.compress import (
    ConvertReport,
    ConvertSpec,
    DataSpec,
    PruneReport,
    PruneSpec,
    QuantizeReport,
    QuantizeSpec,
    TrainSpec,
)
from edgepack.compress.spec import Spec, to_plain
from edgepack.config import Config
from edgepack.errors import UsageError
from edgepack.pipeline.device import Progress, silent
from edgepack.store import Tree, cached, read_file, sha256, write_file

TOOLS = ("tensorflow", "tensorflow-cpu", "keras", "numpy")


def prune_model(
    model: Path, spec: PruneSpec, output: Path, progress: Progress = silent
) -> PruneReport:
    """Prune a Keras model into `output` (.keras), with `<output>.json` beside it."""
    _require_suffix(output, ".keras")
    return compress.prune(model, spec, output, on_progress=adapt(progress))


def quantize_model(
    model: Path, spec: QuantizeSpec, output: Path, progress: Progress = silent
) -> QuantizeReport:
    """Quantise a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    _require_suffix(output, ".tflite")
    return compress.quantize(model, spec, output, on_progress=adapt(progress))


def convert_model(
    model: Path, spec: ConvertSpec, output: Path, progress: Progress = silent
) -> ConvertReport:
    """Convert a Keras model into `output` (.tflite), with `<output>.json` beside it."""
    _require_suffix(output, ".tflite")
    return compress.convert(model, spec, output, on_progress=adapt(progress))


def _require_suffix(output: Path, suffix: str) -> None:
    if output.suffix != suffix:
        raise UsageError(f"{output}: the result is a {suffix} file; name it so")


def keras_to_tflite(config: Config, folder: Path, output: Path, progress: Progress) -> Path:
    """The .tflite that `run` measures: the model's own, or what its stages make of a Keras model.

    Results go to `output`, so that each stage can be looked at. UsageError where a
    stage is asked for that a .tflite is past.
    """
    model = folder / config.model.path
    if model.suffix == ".tflite":
        for name in ("prune", "quantize"):
            if getattr(config, name) is not None:
                raise UsageError(
                    f"{model}: [{name}] takes a Keras model, and this is past it; "
                    "leave the table out, or name the Keras model"
                )
        return model
    stem = model.stem
    if config.prune is not None:
        stage = config.prune
        pruning = PruneSpec(
            method=stage.method,
            rate=stage.rate,
            ranking=stage.ranking,
            exclude=stage.exclude,
            steps=stage.steps,
            epochs=stage.epochs,
            learning_rate=stage.learning_rate,
            data=_source(stage.data, folder),
            test=_source(stage.test, folder),
            seed=stage.seed,
        )
        stem += "_pruned"
        model = kept(model, pruning, output / f"{stem}.keras", progress)
    if config.quantize is None:
        return kept(model, ConvertSpec(), output / f"{stem}_float32.tflite", progress)
    data = _source(config.quantize.data, folder)
    assert data is not None
    quantising = QuantizeSpec(
        data=data,
        test=_source(config.quantize.test, folder),
        samples=config.quantize.samples,
        per_channel=config.quantize.per == "channel",
        seed=config.quantize.seed,
    )
    return kept(model, quantising, output / f"{stem}_int8.tflite", progress)


def kept(model: Path | None, spec: Spec, output: Path, progress: Progress) -> Path:
    """One stage's result in `output`, made anew only where model, spec, data or tools differ.

    A stage whose data come from a function always runs: what a function returns has no digest.
    """

    def make(target: Path) -> None:
        _run(model, spec, target, progress)

    key = _key(model, spec)
    if key is None:
        make(output)
        return output
    folder = cached(f"{type(spec).__name__}/1", key, lambda f: make(f / output.name))
    for file in folder.iterdir():
        write_file(output.with_name(file.name), file.read_bytes())
    return output


def _run(model: Path | None, spec: Spec, output: Path, progress: Progress) -> None:
    show = adapt(progress)
    if isinstance(spec, TrainSpec):
        compress.train_demo(spec, output, on_progress=show)
        return
    assert model is not None
    if isinstance(spec, PruneSpec):
        compress.prune(model, spec, output, on_progress=show)
    elif isinstance(spec, QuantizeSpec):
        compress.quantize(model, spec, output, on_progress=show)
    else:
        compress.convert(model, spec, output, on_progress=show)


def _key(model: Path | None, spec: Spec) -> dict[str, object] | None:
    plain = to_plain(spec)
    for name in ("data", "test"):
        source = plain.get(name)
        if source:
            path = Path(source["source"])
            if not path.is_file():
                return None
            source["source"] = sha256(read_file(path, "data"))
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


def _source(text: str, folder: Path) -> DataSpec | None:
    if not text:
        return None
    is_file = text.endswith((".npz", ".npy"))
    return DataSpec(source=str(folder / text) if is_file else text)


def adapt(progress: Progress) -> Callable[[compress.Progress], None]:
    """The pipeline's progress, as the compression stages report it."""

    def show(event: compress.Progress) -> None:
        text = event.text.split(",")[0]
        progress(f"{event.stage}: {text}" if text else event.stage, event.done, event.total)

    return show
