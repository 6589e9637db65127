"""Gives the weights of a kernel few values in common. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.conversion import Job
from edgepack.compress.pruning.codebooks import assigned, codebook, on_grid, step_of
from edgepack.compress.pruning.constraints import Codebook, constrain
from edgepack.compress.pruning.kernels import Kernel, kernels_of, mask_of
from edgepack.compress.pruning.upright import make_upright
from edgepack.compress.spec import Score
from edgepack.compress.tuning.fit import fit
from edgepack.compress.tuning.lesson import (
    Lesson,
    Tell,
    begun,
    copied,
    fit_spec,
    silent,
)
from edgepack.compress.tuning.spec import ClusterReport, ClusterSpec, LayerCodebook
from edgepack.errors import UsageError


@dataclass(frozen=True, slots=True)
class Clustered:
    """What clustering did to a model's kernels, and those it left alone, with why."""

    layers: tuple[LayerCodebook, ...]
    spared: Mapping[str, str]


def cluster(path: Path, spec: ClusterSpec, job: Job) -> tuple[bytes, ClusterReport]:
    """The clustered model as the bytes of a `.keras` file, and what was done."""
    work = begun(path, spec, job)
    network, scores = work.network, list[Score | None]()

    def cut(model: Any) -> None:
        scores.append(work.score(model))

    model, done = clustered(
        network.keras, spec, work.lesson, name=network.file.name, tell=job.tell, cut=cut
    )
    return work.finished(
        model, ClusterReport, layers=done.layers, spared=done.spared, cut=scores[0]
    )


def clustered(
    model: Any,
    spec: ClusterSpec,
    lesson: Lesson | None = None,
    *,
    name: str = "the model",
    tell: Tell = silent,
    cut: Callable[[Any], None] | None = None,
) -> tuple[Any, Clustered]:
    """A copy of `model` with codebooks, fine-tuned on `lesson`, and what was done.

    Fine-tuning moves the values of the codebooks and leaves each weight its entry. In the end the
    values are multiples of one step a kernel, its largest the 127th, as int8 wants them. Weights
    that pruning zeroed stay zero. `cut` hears of the model before any training.
    """
    model = copied(model)
    make_upright(model)
    kernels, spared = kernels_of(model, spec.exclude, spare_ends=spec.spare_ends)
    if not kernels:
        why = "".join(f"; {kernel}: {reason}" for kernel, reason in list(spared.items())[:5])
        raise UsageError(f"{name}: no layer with a kernel is left to cluster{why}")
    whole = [kernel.values for kernel in kernels]
    for kernel in kernels:
        _share(kernel, spec)
    errors = [_relative(kernel.values, old) for kernel, old in zip(kernels, whole, strict=True)]
    if cut is not None:
        cut(model)
    if lesson is not None:
        fit(model, lesson.samples, fit_spec(spec, lesson, spec.epochs), tell)
    return model, Clustered(_settled(kernels, errors), spared)


def _share(kernel: Kernel, spec: ClusterSpec) -> None:
    """Put codebooks on a kernel, and its weights on their entries."""
    axis = -1 if kernel.rowed and not kernel.transposed else -2
    values, mask = kernel.values, mask_of(kernel)
    channels = values.shape[axis]
    groups = np.arange(channels) // (spec.group or channels)
    ids = np.zeros(values.shape, np.uint8)
    shared = np.zeros_like(values)
    for group in range(int(groups[-1]) + 1):
        chosen = np.zeros(values.shape, np.bool_)
        np.moveaxis(chosen, axis, 0)[groups == group] = True
        if mask is not None:
            chosen &= mask
        entries = codebook(values[chosen], spec.entries - (mask is not None))
        numbers = assigned(values[chosen], entries)
        ids[chosen] = numbers + (mask is not None)
        shared[chosen] = entries[numbers]
    book = Codebook(ids, spec.entries, groups.tolist(), axis, zero=mask is not None)
    constrain(kernel.layer, kernel.variable, book)
    kernel.variable.assign(shared)


def integers_of(variable: Any) -> tuple[NDArray[np.int64], float] | None:
    """A clustered kernel's weights as multiples of its step, -127 to 127, and the step.

    Of any kernel of Keras; None where it has no codebook. What a layer's weights are multiplied
    with afterwards, batch norm for one, multiplies each channel's step and leaves the integers.
    """
    book = variable.constraint
    if not isinstance(book, Codebook):
        return None
    entries = book.entries(variable.numpy())
    step = step_of(entries)
    return on_grid(entries, step).ravel()[book.places], step


def _settled(kernels: Sequence[Kernel], errors: Sequence[float]) -> tuple[LayerCodebook, ...]:
    """Put every entry on its kernel's grid."""
    facts = []
    for kernel, error in zip(kernels, errors, strict=True):
        found = integers_of(kernel.variable)
        assert found is not None
        integers, step = found
        kernel.variable.assign((integers * step).astype(np.float32))
        book = kernel.variable.constraint
        used = np.unique(book.places)
        most = int(np.bincount(used // book.size).max())
        facts.append(LayerCodebook(kernel.name, max(book.groups) + 1, most, step, error))
    return tuple(facts)


def _relative(new: NDArray[Any], old: NDArray[Any]) -> float:
    size = float(np.square(old, dtype=np.float64).sum())
    return float(np.sqrt(np.square(new - old, dtype=np.float64).sum() / size)) if size else 0.0
