"""Trains a Keras model further, and what every stage that trains one shares. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgepack.compress.conversion import Job, ScoreSet, score_network, score_set
from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.load import Network, load_network, of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import ModelFile, Score
from edgepack.compress.tuning.fit import FitSpec, fit
from edgepack.compress.tuning.objective import Distill, distilled_by
from edgepack.compress.tuning.spec import FineTuneReport, FineTuneSpec, TuningOptions
from edgepack.errors import ModelError, UsageError
from edgepack.store import sha256

Tell = Callable[[int, int, str], None]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a model is trained on, and a teacher's answers to it; `source` is for messages."""

    samples: Arrays
    source: str = "the samples"
    distill: Distill | None = None


def silent(done: int, total: int, text: str) -> None:
    """Hears of progress and says nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """A stage's Keras model as it was loaded, and what it is trained and scored on."""

    spec: TuningOptions
    job: Job
    network: Network
    lesson: Lesson | None  # None without samples
    test: ScoreSet | None
    before: Score | None

    def score(self, model: Any) -> Score | None:
        """The score of what has become of the model."""
        return score_network(of_keras(model, Path(), self.network.file), self.test)

    def finished(self, model: Any, report: Callable[..., R], **facts: Any) -> tuple[bytes, R]:
        """`model` as the bytes of a `.keras` file, and the report with the stage's own `facts`."""
        self.job.tell(0, 0, "saving")
        content = keras_bytes(model, self.job.folder)
        return content, report(
            input=self.network.file,
            output=ModelFile(self.job.output, sha256(content), len(content)),
            spec=self.spec,
            versions=versions(),
            scored_on=self.test.on if self.test else "",
            before=self.before,
            after=self.score(model),
            **facts,
        )


def begun(path: Path, spec: TuningOptions, job: Job, *, rounded: bool = False) -> Work:
    """The model at `path` and what `spec` names, loaded and scored.

    Raises ModelError for a SavedModel, which has no layers to train; and, unless `rounded`,
    UsageError for a model that was trained with its rounding.
    """
    network = keras_network(path, job, trust=spec.trust_model)
    if not rounded:
        require_unrounded(network.keras, str(path))
    lesson = lesson_of(network, spec, job)
    data = None if spec.data is None or lesson is None else (spec.data, lesson.samples)
    test = score_set(network, spec.test, data, spec.seed)
    return Work(spec, job, network, lesson, test, score_network(network, test))


def fine_tune(path: Path, spec: FineTuneSpec, job: Job) -> tuple[bytes, FineTuneReport]:
    """The model at `path`, trained further, as the bytes of a `.keras` file, and what was done."""
    work = begun(path, spec, job, rounded=True)
    assert work.lesson is not None
    model, losses = fine_tuned(work.network.keras, spec, work.lesson, tell=job.tell)
    return work.finished(model, FineTuneReport, losses=losses)


def fine_tuned(
    model: Any, spec: TuningOptions, lesson: Lesson, *, tell: Tell = silent
) -> tuple[Any, tuple[float, ...]]:
    """A copy of `model`, trained further, and the loss of each epoch.

    Masks and codebooks that an earlier stage put on its kernels stay what they are.
    """
    copy = copied(model)
    return copy, fit(copy, lesson.samples, fit_spec(spec, lesson, spec.epochs), tell)


def fit_spec(spec: TuningOptions, lesson: Lesson, epochs: int) -> FitSpec:
    """How `fit` is to train for `epochs`."""
    return FitSpec(
        epochs,
        spec.batch_size,
        spec.learning_rate,
        spec.loss,
        spec.seed,
        lesson.source,
        lesson.distill,
    )


def copied(model: Any) -> Any:
    """The same model in variables of its own, not compiled."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for old, new in zip(model._flatten_layers(), copy._flatten_layers(), strict=True):
        new.trainable = old.trainable
    return copy


def keras_network(path: Path, job: Job, *, trust: bool) -> Network:
    """The Keras model at `path`; ModelError for a SavedModel, which has no layers to train."""
    job.tell(0, 0, "loading")
    network = load_network(path, job.folder, trust=trust)
    if network.keras is None:
        raise ModelError(
            f"{path}: a SavedModel is a graph without Keras layers; save the model as .keras "
            "(model.save('model.keras')), or quantize this one as it is"
        )
    return network


def require_unrounded(model: Any, name: str) -> None:
    """Raise UsageError for a model whose weights are on the grid that it was trained with."""
    from edgepack.compress.aware.layers import is_aware

    if is_aware(model):
        raise UsageError(
            f"{name}: train-quantized has put its weights on their grid, and this would move them "
            "off it; do this to the float model, and train-quantized after it"
        )


def lesson_of(network: Network, spec: TuningOptions, job: Job) -> Lesson | None:
    """The samples that `spec` names, and its teacher's answers to them; None without samples."""
    if spec.data is None:
        return None
    samples = load_arrays(spec.data, network.inputs)
    if not spec.teacher:
        return Lesson(samples, spec.data.source)
    teacher = keras_network(Path(spec.teacher), job, trust=spec.trust_model)
    job.tell(0, 0, "asking the teacher")
    given = load_arrays(spec.data, teacher.inputs)
    answers = distilled_by(
        teacher.keras, given, spec.loss, spec.data.source, spec.temperature, spec.teacher_weight
    )
    return Lesson(samples, spec.data.source, answers)
