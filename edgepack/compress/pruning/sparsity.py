"""Zeroes single weights of a Keras model, which stay zero from then on. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.conversion import Job
from edgepack.compress.pruning.constraints import Codebook, KeepZeros, constrain
from edgepack.compress.pruning.kernels import Kernel, kernels_of, mask_of, zero_weights
from edgepack.compress.pruning.patterns import fraction_of, removed, units_of
from edgepack.compress.pruning.saliency import Movement, Scores, magnitudes, taylor
from edgepack.compress.spec import LayerCut
from edgepack.compress.tuning.fit import fit
from edgepack.compress.tuning.lesson import (
    Lesson,
    Tell,
    begun,
    copied,
    fit_spec,
    silent,
)
from edgepack.compress.tuning.spec import Phase, WeightsReport, WeightsSpec
from edgepack.errors import UsageError

_UPDATES = {"magnitude": 50, "movement": 50, "taylor": 10}  # of the masks, along the schedule
Watch = Callable[[str, Any], None]  # hears of each phase and the model after it
Importance = Callable[[], Scores]


@dataclass(frozen=True, slots=True)
class Sparse:
    """What zeroing weights did to a model: weights that are not zero, and kernels left alone."""

    layers: tuple[LayerCut, ...]
    spared: Mapping[str, str]
    zero_weights: float


def sparsify(path: Path, spec: WeightsSpec, job: Job) -> tuple[bytes, WeightsReport]:
    """The model with zeros as the bytes of a `.keras` file, and what was done."""
    work = begun(path, spec, job)
    network, phases = work.network, list[Phase]()

    def watch(name: str, model: Any) -> None:
        phases.append(Phase(name, zero_weights(model), work.score(model)))

    model, sparse = sparsified(
        network.keras, spec, work.lesson, name=network.file.name, tell=job.tell, watch=watch
    )
    return work.finished(
        model,
        WeightsReport,
        zero_weights=sparse.zero_weights,
        layers=sparse.layers,
        spared=sparse.spared,
        phases=tuple(phases),
    )


def sparsified(
    model: Any,
    spec: WeightsSpec,
    lesson: Lesson | None = None,
    *,
    name: str = "the model",
    tell: Tell = silent,
    watch: Watch | None = None,
) -> tuple[Any, Sparse]:
    """A copy of `model` with zeros, fine-tuned on `lesson`, and what was done.

    The zeros are constraints of its layers, so that any later training keeps them. `watch` hears
    of each phase: "cut" is all zeros at once, before any training.
    """
    model = copied(model)
    rowed = spec.pattern != "none"
    kernels, spared = kernels_of(model, spec.exclude, spare_ends=spec.spare_ends, rowed=rowed)
    _require(kernels, spared, name)
    original = [kernel.values.size for kernel in kernels]
    note = watch or (lambda phase, result: None)
    masks = Masks(kernels, spec)
    importance = _importance(model, kernels, spec, lesson)
    if spec.schedule == "one-shot" or lesson is None or spec.epochs == 0:
        masks.move(importance(), 1.0)
        note("cut", model)
        if lesson is not None:
            fit(model, lesson.samples, fit_spec(spec, lesson, spec.epochs), tell)
            note("fine-tuned", model)
    elif spec.schedule == "gradual":
        _note_cut(model, spec, lesson, name, note)
        _gradually(model, masks, importance, spec, lesson, tell)
        note("fine-tuned", model)
    else:
        _note_cut(model, spec, lesson, name, note)
        _rewinding(model, masks, importance, spec, lesson, tell, note)
    layers = tuple(
        LayerCut(kernel.name, size, int(np.count_nonzero(kernel.values)))
        for kernel, size in zip(kernels, original, strict=True)
    )
    return model, Sparse(layers, spared, zero_weights(model))


class Masks:
    """The masks of kernels: constraints on them, which only ever lose weights."""

    def __init__(self, kernels: Sequence[Kernel], spec: WeightsSpec) -> None:
        self._kernels, self._spec = kernels, spec
        self._masks = [_started(kernel) for kernel in kernels]

    def move(self, scores: Scores, share: float) -> None:
        """Zero what matters least, `share` of the way to the spec's rate."""
        fraction = share * fraction_of(self._spec)
        rows = [
            kernel.rows(np.where(mask.mask, score.astype(np.float64), -np.inf))
            for kernel, mask, score in zip(self._kernels, self._masks, scores, strict=True)
        ]
        gone = removed([units_of(row, self._spec) for row in rows], self._spec, fraction)
        for kernel, mask, zero in zip(self._kernels, self._masks, gone, strict=True):
            mask.set_mask(mask.mask & ~kernel.unrowed(zero))
        self.apply()

    def apply(self) -> None:
        """Zero the masked weights."""
        for kernel, mask in zip(self._kernels, self._masks, strict=True):
            kernel.variable.assign(mask(kernel.variable.value))


def _started(kernel: Kernel) -> KeepZeros:
    known, former = mask_of(kernel), kernel.variable.constraint
    if isinstance(former, KeepZeros):
        former = former.also
    mask = KeepZeros(np.ones(kernel.variable.shape) if known is None else known, former)
    constrain(kernel.layer, kernel.variable, mask)
    return mask


def _require(kernels: Sequence[Kernel], spared: Mapping[str, str], name: str) -> None:
    if not kernels:
        why = "".join(f"; {kernel}: {reason}" for kernel, reason in list(spared.items())[:5])
        raise UsageError(f"{name}: no layer with a kernel is left to prune{why}")
    for kernel in kernels:
        if isinstance(kernel.variable.constraint, Codebook):
            raise UsageError(
                f"{name}: the weights of {kernel.name!r} are clustered, and zeros would break the "
                "clusters; prune first, then cluster"
            )


def _importance(
    model: Any, kernels: Sequence[Kernel], spec: WeightsSpec, lesson: Lesson | None
) -> Importance:
    if spec.importance == "magnitude":
        return lambda: magnitudes(kernels)
    if lesson is None:
        raise UsageError(
            f"importance {spec.importance!r} is measured on samples, and none are given: name some "
            "as data, or take 'magnitude'"
        )
    return (
        Movement(kernels) if spec.importance == "movement" else taylor(model, kernels, spec, lesson)
    )


def _note_cut(model: Any, spec: WeightsSpec, lesson: Lesson, name: str, note: Watch) -> None:
    """Tell of a copy that gets all its zeros at once; movement is not known yet: by magnitude."""
    import dataclasses

    kind = "magnitude" if spec.importance == "movement" else spec.importance
    once = dataclasses.replace(spec, importance=kind, schedule="one-shot", epochs=0)
    copy = copied(model)
    kernels, _ = kernels_of(
        copy, spec.exclude, spare_ends=spec.spare_ends, rowed=spec.pattern != "none"
    )
    Masks(kernels, once).move(_importance(copy, kernels, once, lesson)(), 1.0)
    note("cut", copy)


def share_at(step: int, steps: int, spec: WeightsSpec) -> float:
    """1 - (1 - t)**power, t rising to 1 at `schedule_end` of the steps."""
    t = min(1.0, step / max(1.0, spec.schedule_end * steps))
    return float(1.0 - (1.0 - t) ** spec.schedule_power)


def _gradually(
    model: Any,
    masks: Masks,
    importance: Importance,
    spec: WeightsSpec,
    lesson: Lesson,
    tell: Tell,
) -> None:
    steps = spec.epochs * -(-lesson.samples.n // spec.batch_size)
    last = max(1, min(steps, round(spec.schedule_end * steps)))
    updates = min(last, _UPDATES[spec.importance])
    at = {max(1, round(last * (i + 1) / updates)) for i in range(updates)}

    def after(step: int, total: int) -> None:
        masks.move(importance(), 1.0 if step >= last else share_at(step, total, spec))

    fit(model, lesson.samples, fit_spec(spec, lesson, spec.epochs), tell, after, at=at)


def _rewinding(
    model: Any,
    masks: Masks,
    importance: Importance,
    spec: WeightsSpec,
    lesson: Lesson,
    tell: Tell,
    note: Watch,
) -> None:
    """Train, zero, and go back to the early weights, again and again (Frankle and others)."""
    if spec.rewind_epochs:
        fit(model, lesson.samples, fit_spec(spec, lesson, spec.rewind_epochs), tell)
    early: list[NDArray[Any]] = model.get_weights()
    whole = fit_spec(spec, lesson, spec.epochs)
    kept = 1.0 - fraction_of(spec)
    for step in range(spec.steps):
        fit(model, lesson.samples, whole, tell)
        scores = importance()
        model.set_weights(early)
        masks.move(scores, _geometric(kept, (step + 1) / spec.steps))
        note(f"rewound {step + 1}", model)
    fit(model, lesson.samples, whole, tell)
    note("fine-tuned", model)


def _geometric(kept: float, t: float) -> float:
    """The share of the way after `t` of the steps, of which each takes the same fraction."""
    return (1.0 - kept**t) / (1.0 - kept) if 0.0 < kept < 1.0 else t
