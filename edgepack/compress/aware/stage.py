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
from edgepack.compress.conversion import Job, Tell
from edgepack.compress.data import Arrays
from edgepack.compress.tuning.fit import fit
from edgepack.compress.tuning.lesson import Lesson, begun, fit_spec, silent


def train_quantized(path: Path, spec: AwareSpec, job: Job) -> tuple[bytes, AwareReport]:
    """The model trained with its rounding, as the bytes of a `.keras` file, and what was done.

    Raises ModelError for a SavedModel, which has no layers left to replace.
    """
    work = begun(path, spec, job, rounded=True)  # `make_aware` says what to do with such
    assert work.lesson is not None
    job.tell(0, 0, "calibrating")
    aware = make_aware(work.network.keras, spec, _drawn(work.lesson.samples, spec), str(path))
    rounded = work.score(aware)
    train_aware(aware, spec, work.lesson, job.tell)
    grids = grids_of(aware)
    return work.finished(
        aware,
        AwareReport,
        rounded=rounded,
        layers=grids.layers,
        activations=grids.activations,
        left=grids.left,
    )


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
