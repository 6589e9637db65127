"""Prunes whole channels of a Keras model: by importance, in steps, fine-tuned after each.

Runs in the worker.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgepack.compress.pruning.channel_costs import costs_of
from edgepack.compress.pruning.groups import Traced, trace
from edgepack.compress.pruning.importance import (
    ON_DATA,
    Scores,
    by_answers,
    by_gradient,
    by_weights,
    openers_of,
)
from edgepack.compress.pruning.select import Group, chosen, cost_of, groups_of, require_names
from edgepack.compress.pruning.spec import Pruned, PruneSpec, Size
from edgepack.compress.pruning.surgery import names_of, without
from edgepack.compress.pruning.unroll import Unrolled, unroll
from edgepack.compress.spec import LayerCut
from edgepack.compress.tuning.fit import fit, settle_batch_norm
from edgepack.compress.tuning.lesson import Lesson, Tell, fit_spec, silent
from edgepack.compress.tuning.objective import targets
from edgepack.errors import ModelError, UsageError


def prune_channels(
    model: Any,
    spec: PruneSpec,
    lesson: Lesson | None = None,
    *,
    name: str = "the model",
    tell: Tell = silent,
    cut: Callable[[Any], None] | None = None,
) -> tuple[Any, Pruned]:
    """A new model without the channels that matter least, and what it lost; `model` stays.

    `cut` is shown the model before its first fine-tuning. Without a lesson there is none. Raises
    UsageError where nothing can go, or where an importance wants samples that are not given.
    """
    graph = unroll(model, name)
    _require(spec, graph, lesson, name)
    before, widths = size_of(graph), widths_of(graph)
    original: dict[tuple[str, ...], int] = {}
    frozen: Mapping[str, str] = {}
    whole = 0.0
    for step in range(spec.steps):
        tell(step, spec.steps, "choosing channels")
        graph = unroll(model, name)
        traced = trace(graph)
        scores = scores_of(model, graph, traced, spec, lesson)
        if not np.isfinite(list(scores.values())).all():
            raise ModelError(
                f"{name}: the importance of some channels is not a number: the model holds NaN or "
                "infinity, or answers so; train it anew with a lower learning rate"
            )
        groups, stuck = groups_of(traced, spec, scores)
        costs = cost_of(graph, traced, groups, spec)
        if step == 0:
            frozen, whole = stuck, costs.total
            original = {group.layers: len(group.roots) for group in groups}
            if spec.rate > 0 and not chosen(groups, spec, spec.rate, original, costs, whole):
                raise UsageError(f"{name}: {_why_nothing(groups, spec, stuck)}")
        rate = 1.0 - (1.0 - spec.rate) ** ((step + 1) / spec.steps)
        removed = chosen(groups, spec, rate, original, costs, whole)
        model = without(graph, traced, removed)
        if step == 0 and cut is not None:
            cut(model)
        share = spec.epochs * (step + 1) // spec.steps - spec.epochs * step // spec.steps
        tune(model, spec, lesson, share, step, tell)
    graph = unroll(model, name)
    return model, Pruned(
        layers=cuts_of(widths, graph),
        frozen=frozen,
        size_before=before,
        size_after=size_of(graph),
    )


def _require(spec: PruneSpec, graph: Unrolled, lesson: Lesson | None, name: str) -> None:
    names = [call.operation.name for call in graph.calls]
    require_names("prune.exclude", spec.exclude, names)
    require_names("prune.costs", spec.costs or (), names)
    if spec.importance in ON_DATA and lesson is None:
        raise UsageError(
            f"importance {spec.importance!r} is measured on samples, and none are given: name some "
            "with --data, or take 'l1', 'l2' or 'scale'"
        )
    if spec.importance == "taylor" and len(graph.outputs) != 1:
        raise UsageError(
            f"{name}: importance 'taylor' needs a loss, and what it is for {len(graph.outputs)} "
            "outputs is not known; take another importance, or prune a model of one output"
        )
    if spec.importance == "taylor" and lesson is not None and lesson.samples.labels is None:
        raise UsageError(
            f"{lesson.source}: importance 'taylor' needs labels, and there is no y; add y, or take "
            "'activity' or 'variance'"
        )


def scores_of(
    model: Any, graph: Unrolled, traced: Traced, spec: PruneSpec, lesson: Lesson | None
) -> Scores:
    """The importance of each class of channels, by its root."""
    kind = "l1" if spec.importance == "auto" else spec.importance
    if kind not in ON_DATA:
        scores = by_weights(traced, kind)
        if not scores and openers_of(traced):
            raise UsageError(
                f"{graph.name}: importance 'scale' is batch norm's, and no layer is followed by "
                "one; take 'l1', 'l2', 'variance' or 'taylor'"
            )
        return scores
    assert lesson is not None
    samples, source = lesson.samples, lesson.source
    if kind != "taylor":
        return by_answers(graph, traced, kind, samples, spec.seed, source)
    y, loss = targets(model, samples, spec.loss, source)
    return by_gradient(graph, traced, samples, y, loss.call, spec.seed)


def tune(
    model: Any, spec: PruneSpec, lesson: Lesson | None, epochs: int, step: int, tell: Tell
) -> None:
    """Fine-tune `model` in place, each step with a seed of its own.

    With no epochs, batch norm's statistics alone are taken anew.
    """
    if lesson is None:
        return
    how = dataclasses.replace(fit_spec(spec, lesson, epochs), seed=spec.seed + step)
    if epochs == 0:
        settle_batch_norm(model, lesson.samples, how)
    else:
        fit(model, lesson.samples, how, tell)


def size_of(graph: Unrolled) -> Size:
    """Kernels' weights and MACs of a model."""
    traced = trace(graph)
    weights, macs = (costs_of(graph, traced, kind).total for kind in ("weights", "macs"))
    return Size(round(weights), round(macs))


def widths_of(graph: Unrolled) -> dict[str, int]:
    """Output channels of each layer that has its own, by name."""
    openers = openers_of(trace(graph))
    found: dict[str, int] = {}
    for key, name in names_of(graph).items():
        if key in openers:
            layer = openers[key]
            found[name] = int(layer.units if hasattr(layer, "units") else layer.filters)
    return found


def cuts_of(before: Mapping[str, int], graph: Unrolled) -> tuple[LayerCut, ...]:
    """What each layer lost, 0 channels being left of one that is gone."""
    after = widths_of(graph)
    return tuple(LayerCut(layer, n, after.get(layer, 0)) for layer, n in before.items())


def _why_nothing(groups: Sequence[Group], spec: PruneSpec, stuck: Mapping[str, str]) -> str:
    if groups:
        widest = max(len(group.roots) for group in groups)
        return (
            f"rate {spec.rate} removes nothing: the widest layer has {widest} channels, and "
            f"min_channels is {spec.min_channels}, multiple_of {spec.multiple_of}"
        )
    reasons = "; ".join(f"{layer!r}: {why}" for layer, why in list(stuck.items())[:3])
    return (
        f"no layer can lose {spec.method}"
        + (f" ({reasons})" if reasons else "")
        + ": method 'weights' prunes any model"
    )
