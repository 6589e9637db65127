"""Chooses the channels to remove: the weakest of each group, down to its width.

Runs in the worker.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.follow import CONVOLUTIONS, OPENERS, kind_of
from edgepack.compress.groups import Traced
from edgepack.compress.spec import PruneSpec


@dataclass(frozen=True, slots=True)
class Group:
    """Channel classes that the same layers make; `scores` are their strengths."""

    layers: tuple[str, ...]
    roots: tuple[int, ...]
    scores: NDArray[np.float64]


def groups_of(traced: Traced, spec: PruneSpec) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """The groups that `spec` may shrink, and the names of the layers that must stay as they are."""
    openers = {key: layer for key, layer in traced.layers.items() if _opens(traced, key)}
    members: dict[int, list[int]] = {}
    strength: dict[int, float] = {}
    for key, layer in openers.items():
        roots = traced.classes.roots(traced.leaving[key])
        values = channel_strength(layer, traced.norm_of.get(key), spec.importance)
        for root, value in zip(roots.tolist(), values.tolist(), strict=True):
            strength[root] = strength.get(root, 0.0) + value
            if key not in members.setdefault(root, []):
                members[root].append(key)
    stuck = {key for root, keys in members.items() if root in traced.classes.frozen for key in keys}
    fixed = stuck | {key for key, layer in openers.items() if not _eligible(layer, spec)}
    by_layers: dict[tuple[int, ...], list[int]] = {}
    for root, keys in members.items():
        if root not in traced.classes.frozen and not fixed & set(keys):
            by_layers.setdefault(tuple(keys), []).append(root)
    found = tuple(
        Group(
            tuple(openers[key].name for key in keys),
            tuple(roots),
            np.asarray([strength[root] for root in roots]),
        )
        for keys, roots in by_layers.items()
    )
    return found, tuple(openers[key].name for key in openers if key in stuck)


def _opens(traced: Traced, key: int) -> bool:
    return kind_of(traced.layers[key]) in OPENERS and key in traced.leaving


def _eligible(layer: Any, spec: PruneSpec) -> bool:
    kind = kind_of(layer)
    wanted = {"filters": CONVOLUTIONS, "neurons": ("Dense",)}.get(spec.method, OPENERS)
    return kind in wanted and not any(fnmatchcase(layer.name, p) for p in spec.exclude)


def channel_strength(layer: Any, norm: Any, kind: str) -> NDArray[np.float64]:
    """Mean |w| (or root mean square) of each output channel, times |gamma| / sigma of `norm`."""
    by_name = {v.name: np.asarray(v, np.float64) for v in layer.weights}
    kernel = by_name.get("pointwise_kernel", by_name.get("kernel"))
    assert kernel is not None
    if kind_of(layer) == "Conv2DTranspose":
        kernel = np.swapaxes(kernel, -1, -2)
    flat = kernel.reshape(-1, kernel.shape[-1])
    strength = np.abs(flat).mean(0) if kind != "l2" else np.sqrt(np.square(flat).mean(0))
    if norm is not None:
        sigma = np.sqrt(np.asarray(norm.moving_variance, np.float64) + norm.epsilon)
        gamma = np.abs(np.asarray(norm.gamma, np.float64)) if norm.scale else 1.0
        strength = strength * gamma / sigma
    return np.asarray(strength, np.float64)


def chosen(
    groups: Iterable[Group], spec: PruneSpec, rate: float, original: Mapping[tuple[str, ...], int]
) -> set[int]:
    """The roots to remove so that `rate` of the `original` widths is gone.

    `original` gives a group's width before the first step, by its layers. The ranking `global`
    compares strengths across groups, each divided by its group's mean.
    """
    every = list(groups)
    if spec.ranking == "layer":
        widths = [_width(original[g.layers] * (1.0 - rate), len(g.roots), spec) for g in every]
    else:
        widths = _global_widths(every, spec, rate, original)
    removed: set[int] = set()
    for group, width in zip(every, widths, strict=True):
        order = np.argsort(group.scores, kind="stable")
        removed.update(group.roots[i] for i in order[: len(group.roots) - width])
    return removed


def _width(wanted: float, now: int, spec: PruneSpec) -> int:
    least = max(spec.min_channels, math.ceil(wanted - 1e-9))
    return min(now, -(-least // spec.multiple_of) * spec.multiple_of)


def _global_widths(
    groups: list[Group], spec: PruneSpec, rate: float, original: Mapping[tuple[str, ...], int]
) -> list[int]:
    total = sum(original[g.layers] for g in groups)
    excess = sum(len(g.roots) for g in groups) - math.ceil(total * (1.0 - rate) - 1e-9)
    relative = [
        (score / (group.scores.mean() or 1.0), i)
        for i, group in enumerate(groups)
        for score in group.scores
    ]
    widths = [len(g.roots) for g in groups]
    for _, i in sorted(relative):
        if excess > 0 and widths[i] > min(spec.min_channels, len(groups[i].roots)):
            widths[i] -= 1
            excess -= 1
    return [_width(width, len(g.roots), spec) for width, g in zip(widths, groups, strict=True)]
