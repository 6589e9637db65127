"""`compress`: the steps of a recipe in order, and the models its result stands beside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edgepack import compress
from edgepack.board import Board
from edgepack.compress import ConvertSpec, FineTuneSpec, QuantizeSpec, TrainSpec, Worker
from edgepack.compress.filetype import sniff
from edgepack.compress.spec import Spec
from edgepack.config import Compress, Config, Step
from edgepack.errors import UsageError
from edgepack.pipeline.device import Progress
from edgepack.pipeline.keras import kept, located, located_data
from edgepack.pipeline.layer_costs import with_costs
from edgepack.results import StepResult

MADE_TFLITE = ("quantize", "convert")
SETS_BITS = ("train-quantized", "quantize")


@dataclass(frozen=True, slots=True)
class Variant:
    """A .tflite to measure, and how tables call it."""

    label: str
    model: Path


@dataclass(frozen=True, slots=True)
class Made:
    """What a recipe made: its own .tflite, the controls, the steps, and what there is to say."""

    result: Variant
    controls: tuple[Variant, ...]
    steps: tuple[StepResult, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    """What all stages of one recipe share."""

    folder: Path  # models go here
    worker: Worker
    progress: Progress

    def stage(self, model: Path | None, spec: Spec, name: str) -> Path:
        return kept(model, spec, self.folder / name, self.progress, self.worker)


def make(
    config: Config,
    folder: Path,
    output: Path,
    label: str,
    progress: Progress,
    *,
    worker: Worker | None = None,
    board: Board | None = None,
    seed: int | None = None,
    controls: bool = True,
) -> Made:
    """Run the recipe of `config`, whose paths start from `folder`, into `output`.

    Each step's result is kept under the address of its content, so a run that was cut off goes on
    with the step that was not finished, and gives the same bytes. Raises UsageError where there
    is no recipe, or no Keras model.
    """
    recipe, model = _require(config, folder)
    steps = tuple(_ready(step, folder, seed) for step in recipe.step)
    _require_files(steps, model, recipe, folder)
    if worker is None:
        with compress.open_worker() as own:
            return make(
                config,
                folder,
                output,
                label,
                progress,
                worker=own,
                board=board,
                seed=seed,
                controls=controls,
            )
    work = _Work(output, worker, progress)
    board = board or config.board_at(folder)
    final, done = _run_steps(steps, model, recipe, board, work)
    result = Variant(label, final)
    if not controls:
        return Made(result, (), done, ())
    found, notes = _controls(steps, model, recipe, folder, board, work, seed)
    return Made(result, found, done, notes)


def _require(config: Config, folder: Path) -> tuple[Compress, Path]:
    recipe, model = config.compress, folder / config.model.path
    if recipe is None or not recipe.step:
        raise UsageError(
            f"{folder}: there is no recipe: write [compress], then a [[compress.step]] with "
            'do = "prune", "quantize" or another stage for each step'
        )
    tables = {
        "prune": config.prune,
        "train-quantized": config.train_quantized,
        "quantize": config.quantize,
    }
    for name, table in tables.items():
        if table is not None:
            raise UsageError(
                f"[{name}] is a stage of `run` without [compress]; in a recipe it is a step: "
                f'[[compress.step]] with do = "{name}"'
            )
    if model.suffix == ".tflite":
        raise UsageError(
            f"{model}: a recipe works on a Keras model, and this is past it; name the Keras model"
        )
    return recipe, model


def _require_files(steps: tuple[Step, ...], model: Path, recipe: Compress, folder: Path) -> None:
    """Raise, before hours of training, where a file that a later step names is not there."""
    sniff(model)
    for step in steps:
        compress.require_files(step.spec)
    if recipe.teacher:
        sniff(folder / recipe.teacher)
    if recipe.control is not None and recipe.control.path:
        sniff(folder / recipe.control.path)


def _ready(step: Step, folder: Path, seed: int | None) -> Step:
    spec = located(step.spec, folder)
    return replace(step, spec=spec if seed is None else replace(spec, seed=seed))


def _run_steps(
    steps: tuple[Step, ...], model: Path, recipe: Compress, board: Board, work: _Work
) -> tuple[Path, tuple[StepResult, ...]]:
    """The recipe's .tflite, and what each step did; a recipe without `quantize` ends in floats."""
    if steps[-1].name not in MADE_TFLITE:
        test = steps[-1].spec.test
        floats = ConvertSpec(test=test, seed=steps[-1].spec.seed, trust_model=recipe.trust_model)
        steps = (*steps, Step("convert", floats))
    done = []
    for number, step in enumerate(steps, 1):
        model = _step(step, number, model, board, work)
        done.append(_step_result(step, model))
    return model, tuple(done)


def _step(step: Step, number: int, model: Path, board: Board, work: _Work) -> Path:
    """What one step makes of `model`."""
    suffix = ".tflite" if step.name in MADE_TFLITE else ".keras"
    spec = step.spec if step.costs is None else _priced(step, number, model, board, work)
    return work.stage(model, spec, f"{number}-{step.name}{suffix}")


def _priced(step: Step, number: int, model: Path, board: Board, work: _Work) -> Spec:
    """What the step asks for, with the costs of this model's layers on the board."""

    def quantised(spec: QuantizeSpec, name: str) -> Path:
        return work.stage(model, spec, f"{number}-{name}.tflite")

    assert step.costs is not None
    return with_costs(step.spec, step.costs, board, quantised)


def _step_result(step: Step, made: Path) -> StepResult:
    report = json.loads(made.with_name(f"{made.name}.json").read_bytes())
    before, after = report.get("before"), report.get("after")
    score = after or before or {"metric": "", "n": 0}
    return StepResult(
        step=step.name,
        asked=step.asked,
        bytes=report["output"]["bytes"],
        metric=score["metric"],
        before=before["value"] if before else None,
        after=after["value"] if after else None,
        n=score["n"],
    )


def _controls(
    steps: tuple[Step, ...],
    model: Path,
    recipe: Compress,
    folder: Path,
    board: Board,
    work: _Work,
    seed: int | None,
) -> tuple[tuple[Variant, ...], tuple[str, ...]]:
    """The uncompressed model as int8 and as floats, and the small one where the recipe has one."""
    notes = []
    own = next((s.spec for s in steps if isinstance(s.spec, QuantizeSpec)), None)
    plain = _plain_int8(own, recipe, folder, seed)
    float32 = ConvertSpec(
        test=plain.test if plain else None,
        seed=plain.seed if plain else 0,
        trust_model=recipe.trust_model,
    )
    found = []
    if plain is None:
        notes.append("There is no int8 control: the recipe names no data to calibrate it on.")
    else:
        found.append(Variant("uncompressed int8", work.stage(model, plain, "int8.tflite")))
    found.append(Variant("uncompressed float32", work.stage(model, float32, "float32.tflite")))
    if recipe.control is None:
        notes.append(
            "There is no small model trained from scratch beside it: the recipe names none "
            "in [compress.control]."
        )
    elif plain is not None:
        found += _small(steps, plain, recipe, folder, board, work)
    return tuple(found), tuple(notes)


def _plain_int8(
    own: QuantizeSpec | None, recipe: Compress, folder: Path, seed: int | None
) -> QuantizeSpec | None:
    """Quantisation to int8 as it is without any recipe, on the recipe's data."""
    data = own.data if own else recipe.data and located_data(recipe.data, folder)
    if data is None:
        return None
    test = own.test if own else recipe.test and located_data(recipe.test, folder)
    return QuantizeSpec(
        data=data,
        test=test,
        samples=own.samples if own else QuantizeSpec(data=data).samples,
        seed=recipe.seed if seed is None else seed,
        trust_model=recipe.trust_model,
    )


def _small(
    steps: tuple[Step, ...],
    plain: QuantizeSpec,
    recipe: Compress,
    folder: Path,
    board: Board,
    work: _Work,
) -> Iterator[Variant]:
    """The control as int8, and with the bits of the recipe where those are others."""
    control = recipe.control
    assert control is not None and plain.data is not None
    if control.net:
        training = TrainSpec(
            kind=control.net,
            data=plain.data,
            test=plain.test,
            width=control.width,
            epochs=control.epochs,
            seed=plain.seed,
        )
        small = work.stage(None, training, "small.keras")
        label = f"{control.width:g} of the width from scratch"
    else:
        small = folder / control.path
        label = f"small model {small.stem}"
    if control.distill_epochs:
        lesson = FineTuneSpec(
            data=plain.data,
            test=plain.test,
            teacher=str(folder / recipe.teacher),
            epochs=control.distill_epochs,
            seed=plain.seed,
            trust_model=recipe.trust_model,
        )
        small = work.stage(small, lesson, "small_distilled.keras")
        label += ", distilled"
    yield Variant(f"{label}, int8", work.stage(small, plain, "small_int8.tflite"))
    same = [step for step in steps if step.name in SETS_BITS]
    if same and [replace(step.spec, seed=plain.seed) for step in same] != [plain]:
        for number, step in enumerate(same, len(steps) + 1):
            small = _step(step, number, small, board, work)
        yield Variant(f"{label}, same bits", small)
