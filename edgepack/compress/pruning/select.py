"""Chooses the channels to remove: the least important, until enough of the cost is gone.

Runs in the worker.
"""

from __future__ import annotations

import copy
import difflib
import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.channel_costs import Costs, Term, costs_of
from edgepack.compress.pruning.follow import CONVOLUTIONS, OPENERS, kind_of
from edgepack.compress.pruning.groups import Traced
from edgepack.compress.pruning.importance import openers_of, relative
from edgepack.compress.pruning.spec import PruneSpec
from edgepack.compress.pruning.unroll import Unrolled
from edgepack.errors import UsageError

_HALVINGS = 24


@dataclass(frozen=True, slots=True)
class Group:
    """Channel classes that the same layers make; `scores` compare across groups."""

    layers: tuple[str, ...]
    roots: tuple[int, ...]
    scores: NDArray[np.float64]


def groups_of(
    traced: Traced, spec: PruneSpec, scores: Mapping[int, float]
) -> tuple[tuple[Group, ...], Mapping[str, str]]:
    """The groups that `spec` may shrink, and why the layers stay that must (by name).

    Classes without a score stay, and so does whatever shares a layer with them.
    """
    openers = openers_of(traced)
    members: dict[int, list[int]] = {}
    for key in openers:
        for root in dict.fromkeys(traced.classes.roots(traced.leaving[key]).tolist()):
            members.setdefault(root, []).append(key)
    stuck = {
        key: traced.classes.frozen[root]
        for root, keys in members.items()
        if root in traced.classes.frozen
        for key in keys
    }
    unscored = {key for root, keys in members.items() if root not in scores for key in keys}
    fixed = {*stuck, *unscored, *(k for k, layer in openers.items() if not _eligible(layer, spec))}
    by_layers: dict[tuple[int, ...], list[int]] = {}
    for root, keys in members.items():
        if not fixed & set(keys):
            by_layers.setdefault(tuple(keys), []).append(root)
    found = tuple(
        Group(
            tuple(openers[key].name for key in keys),
            tuple(roots),
            relative(scores, tuple(roots), spec.importance),
        )
        for keys, roots in by_layers.items()
    )
    return found, {openers[key].name: stuck[key] for key in openers if key in stuck}


def _eligible(layer: Any, spec: PruneSpec) -> bool:
    wanted = {"filters": CONVOLUTIONS, "neurons": ("Dense",)}.get(spec.method, OPENERS)
    excluded = any(fnmatchcase(layer.name, pattern) for pattern in spec.exclude)
    return kind_of(layer) in wanted and not excluded


def require_names(key: str, patterns: Iterable[str], names: Sequence[str]) -> None:
    """Raise UsageError, with the nearest name, for a pattern that matches none of `names`."""
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in names):
            continue
        near = difflib.get_close_matches(pattern.strip("*"), names, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}?" if near else f"layers: {', '.join(names[:8])}"
        raise UsageError(f"{key}: {pattern!r} matches no layer; {hint}")


def cost_of(graph: Unrolled, traced: Traced, groups: Sequence[Group], spec: PruneSpec) -> Costs:
    """The cost that `spec` aims at; channels are counted where they may be removed."""
    if spec.target == "channels":
        ones = {root: 1 for group in groups for root in group.roots}
        return Costs([Term(1.0, {}, ones)] if ones else [], 0.0)
    return costs_of(graph, traced, spec.target, spec.costs)


def chosen(
    groups: Sequence[Group],
    spec: PruneSpec,
    rate: float,
    original: Mapping[tuple[str, ...], int],
    costs: Costs,
    whole: float,
) -> set[int]:
    """The roots to remove so that `rate` of the `whole` cost, that of the original, is gone.

    `original` gives a group's width before the first step, by its layers. The ranking "layer"
    narrows all groups alike, "global" removes the least important channels wherever they are.
    Raises UsageError where a target other than channels cannot be reached.
    """
    if spec.ranking == "global":
        return _weakest(groups, spec, rate, costs, whole)
    if spec.target == "channels":
        return _narrowed(groups, spec, rate, original)
    allowed = whole * (1.0 - rate) * (1 + 1e-9)

    def cost(narrowing: float) -> float:
        left = copy.deepcopy(costs)
        left.remove(tuple(_narrowed(groups, spec, narrowing, original)))
        return left.total

    if cost(1.0) > allowed:
        raise _unreachable(spec, rate, cost(1.0) / whole)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) <= allowed else (middle, high)
    return _narrowed(groups, spec, high, original)


def _narrowed(
    groups: Sequence[Group], spec: PruneSpec, rate: float, original: Mapping[tuple[str, ...], int]
) -> set[int]:
    removed: set[int] = set()
    for group in groups:
        width = _width(original[group.layers] * (1.0 - rate), len(group.roots), spec)
        order = np.argsort(group.scores, kind="stable")
        removed.update(group.roots[i] for i in order[: len(group.roots) - width])
    return removed


def _width(wanted: float, now: int, spec: PruneSpec) -> int:
    least = max(spec.min_channels, math.ceil(wanted - 1e-9))
    return min(now, -(-least // spec.multiple_of) * spec.multiple_of)


def _weakest(
    groups: Sequence[Group], spec: PruneSpec, rate: float, costs: Costs, whole: float
) -> set[int]:
    """Blocks of channels in the order of importance, or of importance for what they cost.

    A block's saving falls as others go, so its rank is taken anew when its turn comes.
    """
    left = copy.deepcopy(costs)
    allowed = whole * (1.0 - rate)
    allowed = math.ceil(allowed - 1e-9) if spec.target == "channels" else allowed * (1 + 1e-9)
    blocks = [_blocks(group, spec) for group in groups]
    rank = _rank_of(left, spec)
    queue: list[tuple[float, int, tuple[int, ...]]] = []

    def enqueue(i: int) -> None:
        block = next(blocks[i], None)
        if block is not None:
            heapq.heappush(queue, (rank(*block), i, block[0]))
            scores[i] = block[1]

    scores: dict[int, float] = {}
    for i in range(len(groups)):
        enqueue(i)
    removed: set[int] = set()
    while queue and left.total > allowed:
        was, i, roots = heapq.heappop(queue)
        now = rank(roots, scores[i])
        if now > was:
            heapq.heappush(queue, (now, i, roots))
            continue
        if left.saving(roots) > 0.0:
            left.remove(roots)
            removed.update(roots)
            enqueue(i)
    if left.total > allowed and spec.target != "channels":
        raise _unreachable(spec, rate, left.total / whole)
    return removed


def _rank_of(left: Costs, spec: PruneSpec) -> Callable[[tuple[int, ...], float], float]:
    def rank(roots: tuple[int, ...], score: float) -> float:
        saving = left.saving(roots) / len(roots) if spec.per_cost else 1.0
        return score / saving if saving > 0.0 else math.inf

    return rank


def _blocks(group: Group, spec: PruneSpec) -> Iterator[tuple[tuple[int, ...], float]]:
    """What can go at once, weakest first, with its mean score; widths become multiples."""
    order = np.argsort(group.scores, kind="stable")
    width, first = len(order), 0
    least = _width(0.0, width, spec)
    while width > least:
        size = width % spec.multiple_of or spec.multiple_of
        if width - size < least:
            return
        taken = order[first : first + size]
        yield tuple(group.roots[i] for i in taken), float(group.scores[taken].mean())
        width, first = width - size, first + size


def _unreachable(spec: PruneSpec, rate: float, least: float) -> UsageError:
    return UsageError(
        f"rate {spec.rate}: {rate:.0%} of the {spec.target} cannot go: with min_channels "
        f"{spec.min_channels}, multiple_of {spec.multiple_of} and what must stay, {least:.1%} are "
        "left; lower the rate or min_channels, or exclude less"
    )
