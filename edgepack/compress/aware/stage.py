"""The stage that trains a Keras model on the integer grid. Runs in the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgepack.compress.aware.model import left_out, make_aware
from edgepack.compress.aware.spec import (
    AwareActivation,
    AwareGrids,
    AwareReport,
    AwareSpec,
    AwareWeights,
)
from edgepack.compress.conversion import Job, Tell, score_network, score_set
from edgepack.compress.data import Arrays, load_arrays
from edgepack.compress.load import load_network, of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import ModelFile
from edgepack.compress.tuning.fit import FitSpec, fit
from edgepack.compress.tuning.objective import Distill, distilled_by
from edgepack.errors import ModelError
from edgepack.store import sha256


def train_quantized(path: Path, spec: AwareSpec, job: Job) -> tuple[bytes, AwareReport]:
    """The model trained with its rounding, as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to replace.
    """
    job.tell(0, 0, "loading")
    network = load_network(path, job.folder, trust=spec.trust_model)
    if network.keras is None:
        raise ModelError(
            f"{path}: a SavedModel is a graph without Keras layers, which training on the grid "
            "replaces; save the model as .keras (model.save('model.keras'))"
        )
    samples = load_arrays(spec.data, network.inputs)
    test = score_set(network, spec.test, (spec.data, samples), spec.seed)
    job.tell(0, 0, "calibrating")
    name = str(path)
    aware = make_aware(network.keras, spec, _drawn(samples, spec), name)
    model = of_keras(aware, path, network.file)
    rounded = score_network(model, test)
    lesson = _lesson(_teacher(network.keras, spec, job), spec, samples, job.tell)
    train_aware(aware, spec, samples, job.tell, lesson)
    content = keras_bytes(aware, job.folder)
    grids = grids_of(aware)
    report = AwareReport(
        input=network.file,
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        layers=grids.layers,
        activations=grids.activations,
        left=grids.left,
        scored_on=test.on if test else "",
        before=score_network(network, test),
        rounded=rounded,
        after=score_network(model, test),
    )
    return content, report


def quantization_aware(
    model: Any,
    spec: AwareSpec,
    samples: Arrays,
    distill: Distill | None = None,
    tell: Tell = lambda done, total, text: None,
) -> tuple[Any, AwareGrids]:
    """A trained model with rounding made of the Keras model `model`, and its grids.

    The teacher's answers are `distill`; without them it is `model` itself where `spec.distill`.
    """
    aware = make_aware(model, spec, _drawn(samples, spec))
    if distill is None:
        distill = _lesson(model if spec.distill else None, spec, samples, tell)
    train_aware(aware, spec, samples, tell, distill)
    return aware, grids_of(aware)


def train_aware(
    aware: Any, spec: AwareSpec, samples: Arrays, tell: Tell, distill: Distill | None
) -> None:
    """Train in place; with no epochs, steps stay where calibration put them."""
    if spec.epochs == 0:
        return
    rate, source = spec.learning_rate, spec.data.source
    how = FitSpec(spec.epochs, spec.batch_size, rate, spec.loss, spec.seed, source, distill)
    fit(aware, samples, how, tell)


def _lesson(teacher: Any, spec: AwareSpec, samples: Arrays, tell: Tell) -> Distill | None:
    if teacher is None or spec.epochs == 0:
        return None
    tell(0, 0, "asking the teacher")
    source = spec.data.source
    return distilled_by(teacher, samples, spec.loss, source, spec.temperature, spec.teacher_weight)


def grids_of(aware: Any) -> AwareGrids:
    """The grids of an aware model's kernels and activations as they are now."""
    from edgepack.compress.aware.layers import AwareKernel, FakeQuantize

    kernels = [layer for layer in aware.layers if isinstance(layer, AwareKernel)]
    grids = [layer for layer in aware.layers if isinstance(layer, FakeQuantize)]
    return AwareGrids(
        tuple(_weights_of(layer) for layer in kernels),
        tuple(AwareActivation(layer.name, layer.bits, *layer.affine()) for layer in grids),
        left_out(aware),
    )


def _weights_of(layer: Any) -> AwareWeights:
    steps, integers = layer.steps(), layer.integers()
    zeros = 1.0 - np.count_nonzero(integers) / integers.size
    least, largest = float(steps.min()), float(steps.max())
    return AwareWeights(layer.name, layer.bits, len(steps), least, largest, zeros)


def _teacher(model: Any, spec: AwareSpec, job: Job) -> Any:
    if spec.teacher:
        path = Path(spec.teacher)
        teacher = load_network(path, job.folder, trust=spec.trust_model).keras
        if teacher is None:
            raise ModelError(f"{path}: a teacher is a Keras model; save it with model.save(...)")
        return teacher
    return model if spec.distill else None


def _drawn(samples: Arrays, spec: AwareSpec) -> Arrays:
    return samples.drawn(spec.samples or samples.n, spec.seed)
