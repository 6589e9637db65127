"""Prunes whole layers and residual blocks of a Keras model by the loss without them.

Runs in the worker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.pruning.channels import cuts_of, size_of, tune, widths_of
from edgepack.compress.pruning.groups import trace
from edgepack.compress.pruning.running import run
from edgepack.compress.pruning.segments import Segment, bypassed, segments_of
from edgepack.compress.pruning.select import require_names
from edgepack.compress.pruning.spec import Candidate, Pruned, PruneSpec, Size
from edgepack.compress.pruning.surgery import names_of, without
from edgepack.compress.pruning.unroll import Unrolled, unroll
from edgepack.compress.tuning.lesson import Lesson, Tell, silent
from edgepack.compress.tuning.objective import distilled_by, objective
from edgepack.errors import UsageError

_SAMPLES = 1024  # of those given, drawn at random
_BATCH = 256
_DIGITS = 6  # losses that differ by less are equal, and the larger part goes

Judge = Callable[[Unrolled], float]


def prune_layers(
    model: Any,
    spec: PruneSpec,
    lesson: Lesson | None = None,
    *,
    name: str = "the model",
    tell: Tell = silent,
    cut: Callable[[Any], None] | None = None,
) -> tuple[Any, Pruned]:
    """A new model without the `spec.count` parts that matter least, and each part's loss.

    One part goes at a time, and the model is fine-tuned after each; it ends early where every part
    raises the loss by more than `spec.max_loss`. `cut` is shown the model before its first
    fine-tuning. Raises UsageError where nothing can go.
    """
    if lesson is None:
        raise UsageError(
            "layers are judged by the loss on samples, and none are given: name some with --data"
        )
    graph = unroll(model, name)
    require_names("prune.exclude", spec.exclude, list(names_of(graph).values()))
    before, widths = size_of(graph), widths_of(graph)
    judge = judge_of(model, graph, lesson, spec)
    whole = judge(graph)
    candidates: list[Candidate] = []
    rounds = 0
    for rounds in range(1, spec.count + 1):
        graph = unroll(model, name)
        segments = _allowed(graph, spec)
        losses = []
        for i, segment in enumerate(segments):
            tell(i, len(segments), f"round {rounds}, without {segment.layers[0]}")
            losses.append(judge(bypassed(graph, segment)))
        sizes = freed(graph, segments)
        best = _least(sizes, losses, whole, spec)
        candidates += [
            Candidate(segment.layers, loss, size, rounds, i == best)
            for i, (segment, loss, size) in enumerate(zip(segments, losses, sizes, strict=True))
        ]
        if best is None and rounds == 1:
            raise UsageError(f"{name}: {_why_nothing(segments, losses, whole, spec)}")
        if best is None:
            break
        graph = bypassed(graph, segments[best])
        model = without(graph, trace(graph), set())
        if rounds == 1 and cut is not None:
            cut(model)
        share = spec.epochs * rounds // spec.count - spec.epochs * (rounds - 1) // spec.count
        tune(model, spec, lesson, share, rounds - 1, tell)
    _spend(model, spec, lesson, rounds, candidates, tell)
    graph = unroll(model, name)
    return model, Pruned(
        layers=cuts_of(widths, graph),
        frozen={},
        size_before=before,
        size_after=size_of(graph),
        loss=whole,
        candidates=tuple(candidates),
    )


def judge_of(model: Any, whole: Unrolled, lesson: Lesson, spec: PruneSpec) -> Judge:
    """The mean loss of a graph: on labels, or against the answers of the whole model.

    Those are compared by divergence for classes, else by the mean squared error over the variance.
    """
    samples = lesson.samples.drawn(_SAMPLES, spec.seed)
    if len(whole.outputs) == 1:
        taught = None
        if samples.labels is None:
            taught = distilled_by(model, samples, spec.loss, lesson.source, 1.0, 1.0)
        wanted, loss = objective(model, samples, spec.loss, lesson.source, taught)

        def judge(graph: Unrolled) -> float:
            total = 0.0
            for rows, values in _answers(graph, samples):
                given = np.asarray(loss(wanted[rows], values[0]))
                total += float(given) * len(rows)
            return total / samples.n

        return judge
    answers = [np.concatenate(column) for column in zip(*_only(whole, samples), strict=True)]

    def distance(graph: Unrolled) -> float:
        total = 0.0
        for rows, values in _answers(graph, samples):
            pairs = zip(values, answers, strict=True)
            errors = [_error(np.asarray(value), answer[rows], answer) for value, answer in pairs]
            total += float(np.mean(errors)) * len(rows)
        return total / samples.n

    return distance


def _error(value: NDArray[Any], wanted: NDArray[Any], every: NDArray[Any]) -> float:
    return float(np.mean(np.square(value - wanted)) / max(float(np.var(every)), 1e-12))


def _answers(graph: Unrolled, samples: Arrays) -> Iterable[tuple[NDArray[np.int64], list[Any]]]:
    for first in range(0, samples.n, _BATCH):
        rows = np.arange(first, min(first + _BATCH, samples.n))
        values = run(graph, samples.take(rows).inputs)
        yield rows, [values[number] for number in graph.outputs]


def _only(graph: Unrolled, samples: Arrays) -> Iterable[list[Any]]:
    return ([np.asarray(v) for v in values] for _, values in _answers(graph, samples))


def _allowed(graph: Unrolled, spec: PruneSpec) -> list[Segment]:
    def kept(segment: Segment) -> bool:
        return any(fnmatchcase(name, p) for name in segment.layers for p in spec.exclude)

    return [segment for segment in segments_of(graph) if not kept(segment)]


def _least(sizes: list[Size], losses: list[float], whole: float, spec: PruneSpec) -> int | None:
    """The part to take out: of the least loss, or rise of the loss for what it frees."""
    bound = math.inf if spec.max_loss is None else spec.max_loss
    good = [i for i, loss in enumerate(losses) if loss - whole <= bound]

    def rank(i: int) -> tuple[float, int]:
        unit = sizes[i].macs if spec.target == "macs" else sizes[i].weights
        rise = round(losses[i] - whole, _DIGITS)
        return rise / max(1, unit) if spec.per_cost else rise, -unit

    return min(good, key=rank, default=None)


def freed(graph: Unrolled, segments: list[Segment]) -> list[Size]:
    """What goes with each part of the model."""
    before = size_of(graph)
    after = [size_of(bypassed(graph, segment)) for segment in segments]
    return [Size(before.weights - left.weights, before.macs - left.macs) for left in after]


def _spend(
    model: Any,
    spec: PruneSpec,
    lesson: Lesson,
    rounds: int,
    candidates: list[Candidate],
    tell: Tell,
) -> None:
    """Where rounds ended early, the epochs that are left."""
    removed = sum(candidate.removed for candidate in candidates)
    epochs = spec.epochs - spec.epochs * removed // spec.count
    if removed < rounds and epochs > 0:
        tune(model, spec, lesson, epochs, rounds, tell)


def _why_nothing(
    segments: list[Segment], losses: list[float], whole: float, spec: PruneSpec
) -> str:
    if not segments:
        return (
            "no layer can go: none but the last, or those excluded, has an output of its input's "
            "shape; method 'channels' makes layers narrower"
        )
    best = min(range(len(losses)), key=losses.__getitem__)
    return (
        f"max_loss {spec.max_loss} lets nothing go: without {segments[best].layers[0]!r}, which "
        f"matters least, the loss rises by {losses[best] - whole:.4g}"
    )
