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
from edgepack.compress.data import Arrays
from edgepack.compress.load import of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import ModelFile
from edgepack.compress.tuning.fit import fit
from edgepack.compress.tuning.lesson import Lesson, fit_spec, keras_network, lesson_of, silent
from edgepack.store import sha256


def train_quantized(path: Path, spec: AwareSpec, job: Job) -> tuple[bytes, AwareReport]:
    """The model trained with its rounding, as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to replace.
    """
    network = keras_network(path, job, trust=spec.trust_model)
    lesson = lesson_of(network, spec, job)
    assert lesson is not None
    assert spec.data is not None
    test = score_set(network, spec.test, (spec.data, lesson.samples), spec.seed)
    job.tell(0, 0, "calibrating")
    aware = make_aware(network.keras, spec, _drawn(lesson.samples, spec), str(path))
    model = of_keras(aware, path, network.file)
    rounded = score_network(model, test)
    train_aware(aware, spec, lesson, job.tell)
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
    model: Any, spec: AwareSpec, lesson: Lesson, tell: Tell = silent
) -> tuple[Any, AwareGrids]:
    """A trained model with rounding made of the Keras model `model`, and its grids."""
    aware = make_aware(model, spec, _drawn(lesson.samples, spec))
    train_aware(aware, spec, lesson, tell)
    return aware, grids_of(aware)


def train_aware(aware: Any, spec: AwareSpec, lesson: Lesson, tell: Tell) -> None:
    """Train in place; with no epochs, steps stay where calibration put them."""
    if spec.epochs == 0:
        return
    fit(aware, lesson.samples, fit_spec(spec, lesson, spec.epochs), tell)


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


def _drawn(samples: Arrays, spec: AwareSpec) -> Arrays:
    return samples.drawn(spec.samples or samples.n, spec.seed)
