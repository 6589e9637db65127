"""Adaptive rounding: which way each weight rounds, for the least error of the layer's output.

Pure NumPy on one layer. The squared error of a linear layer depends on its inputs by their
second moments alone, so samples are read once and every iteration costs a product of small
matrices, whatever their number. After Nagel et al., Up or Down? Adaptive Rounding for
Post-Training Quantization (2020): rectified sigmoids, Adam, a regulariser that hardens.

A layer is `groups` products side by side: dense layers and convolutions are one group with
weights `[1, out, k]`, depthwise ones a group a channel, `[channels, multiplier, k]`. `blockwise`
takes over where k is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.ranges import Array, limit
from edgepack.errors import UsageError

Doubles = NDArray[np.float64]

_STRETCH_LOW, _STRETCH_HIGH = -0.1, 1.1
_BETA_FIRST, _BETA_LAST = 20.0, 2.0
_WARM_UP = 0.2  # of the iterations: without regulariser
_SWEEPS = 20
_STAY = 0.01  # of the mean variance of an input: what leaving a weight by 1 costs
_STAY_OF_FEW = 5.0  # and this over the rows for each of the k weights


@dataclass(frozen=True, slots=True)
class Moments:
    """Of a layer's inputs, float `x` and quantised `q`, over `count` rows of `k` values."""

    count: int
    x_sum: Doubles  # [groups, k]
    q_sum: Doubles  # [groups, k]
    xq: Doubles  # [groups, k, k]: the sum of x's column by q's row
    qq: Doubles  # [groups, k, k]

    def __add__(self, other: Moments) -> Moments:
        """Of both sets of rows."""
        return Moments(
            self.count + other.count,
            self.x_sum + other.x_sum,
            self.q_sum + other.q_sum,
            self.xq + other.xq,
            self.qq + other.qq,
        )


def moments(x: Array, q: Array) -> Moments:
    """Of rows `[groups, n, k]` that the float and the quantised net feed the layer."""
    turned = x.transpose(0, 2, 1)
    return Moments(
        count=x.shape[1],
        x_sum=x.sum(axis=1, dtype=np.float64),
        q_sum=q.sum(axis=1, dtype=np.float64),
        xq=np.asarray(turned @ q, np.float64),
        qq=np.asarray(q.transpose(0, 2, 1) @ q, np.float64),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """The least squares problem of a layer, its outputs about their means.

    The error of weights `v` is the constant + sum(v @ curvature * v) - 2 sum(v * pull).
    """

    curvature: Doubles  # [groups, k, k]
    pull: Doubles  # [groups, out, k]

    def error(self, weights: Array) -> Doubles:
        """The mean squared error of each output but for a constant, `[groups, out]`."""
        bent = weights @ self.curvature
        return np.asarray((weights * (bent - 2.0 * self.pull)).sum(axis=2), np.float64)


def target(seen: Moments, weights: Array) -> Target:
    """What rounding aims at; `weights` are the float ones, `[groups, out, k]`.

    Means are left to the bias, which takes them up exactly. Leaving the float weights costs a
    little too, the more the fewer samples there are: else weights that the samples say little of
    would go anywhere.
    """
    n, k = seen.count, seen.qq.shape[1]
    q_mean, x_mean = seen.q_sum / n, seen.x_sum / n
    qq = seen.qq / n - q_mean[:, :, None] * q_mean[:, None, :]
    xq = seen.xq / n - x_mean[:, :, None] * q_mean[:, None, :]
    wide = np.asarray(weights, np.float64)
    stay = staying(n, k, np.einsum("gkk->g", qq))
    return Target(qq + stay * np.eye(k), wide @ xq + stay * wide)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundingSpec:
    """How to search the rounding."""

    iterations: int = 1000
    learning_rate: float = 0.05
    regularizer: float = 3.0
    refits: int = 3  # of the steps to the integers found, each followed by another descent

    def __post_init__(self) -> None:
        if not 0 <= self.iterations <= 100_000:
            raise UsageError(
                f"rounding: {self.iterations} iterations are out of range; the range is 0 to 100000"
            )


def adaround(aim: Target, weights: Array, steps: Array, bits: int, spec: RoundingSpec) -> Array:
    """The integers `[groups, out, k]` of `weights` at `steps` `[groups, out]`.

    Each is one of a weight's two neighbours, then moved on wherever a single move of one step
    lowers the error, so that the result is never worse than rounding to nearest.
    """
    top = limit(bits)
    scaled = np.asarray(weights, np.float64) / steps[:, :, None]
    nearest = np.clip(np.rint(scaled), -top, top)
    unit = in_steps(aim, steps)
    settled = descend(unit, nearest, top)
    if spec.iterations == 0:
        return settled
    rounded = np.clip(_soft_search(unit, scaled, nearest, top, spec), -top, top)
    searched = descend(unit, rounded, top)
    better = unit.error(searched) < unit.error(settled)
    return np.where(better[:, :, None], searched, settled)


def refitted(
    aim: Target, grid: Array, steps: Array, bits: int, spec: RoundingSpec, *, shared: bool
) -> tuple[Array, Array]:
    """Integers and steps, each in turn the best for the other: never worse than before.

    `shared` says that all outputs have one step, which then stays one. Steps stay within half
    and twice what they were, so that biases keep their room.
    """
    first = np.asarray(steps, np.float64)
    grid, now = np.asarray(grid, np.float64), first
    for _ in range(spec.refits):
        over = (grid * aim.pull).sum(axis=2)
        under = (grid * (grid @ aim.curvature)).sum(axis=2)
        if shared:
            over, under = np.broadcast_arrays(over.sum(), under.sum(), now)[:2]
        known = (under > 0) & (over > 0)
        best = np.where(known, over / np.where(known, under, 1.0), now)
        now = np.clip(best, 0.5 * first, 2.0 * first)
        grid = descend(in_steps(aim, now), grid, limit(bits))
    return grid, now


def staying(n: int, k: int, spread: Array) -> Doubles:
    """What leaving the float weights costs by `n` rows, `[groups, 1, 1]`; spread: the sum of the
    variances of a group's `k` inputs.
    """
    each = (_STAY + _STAY_OF_FEW * k / n) / k * np.asarray(spread, np.float64)
    return np.asarray(each[:, None, None], np.float64)


def in_steps(aim: Target, steps: Array) -> Target:
    """The problem in units of each output's step; an output's error scales by step**-2."""
    return Target(aim.curvature, aim.pull / steps[:, :, None])


def _soft_search(
    unit: Target, scaled: Doubles, nearest: Doubles, top: int, spec: RoundingSpec
) -> Doubles:
    """Rounding up or down by a rectified sigmoid of a variable a weight, by Adam."""
    curve, pull = unit.curvature.astype(np.float32), unit.pull.astype(np.float32)
    floor = np.floor(scaled).astype(np.float32)
    part = np.clip((scaled - floor).astype(np.float32), 0.01, 0.99)
    inner = (part - _STRETCH_LOW) / (_STRETCH_HIGH - _STRETCH_LOW)
    v = np.log(inner / (1.0 - inner))
    exact = np.clip(scaled, -top, top)
    baseline = unit.error(nearest) - unit.error(exact)
    weight = (scaled.shape[2] / np.maximum(baseline, 1e-12)).astype(np.float32)[:, :, None]
    first, second = np.zeros_like(v), np.zeros_like(v)
    for i in range(spec.iterations):
        sigmoid = 1.0 / (1.0 + np.exp(-v))
        stretched = sigmoid * (_STRETCH_HIGH - _STRETCH_LOW) + _STRETCH_LOW
        h = np.clip(stretched, 0.0, 1.0)
        inside = (stretched > 0.0) & (stretched < 1.0)
        soft = np.clip(floor + h, -top, top)
        slope = 2.0 * weight * (soft @ curve - pull)
        if i >= _WARM_UP * spec.iterations:
            slope = slope + spec.regularizer * _hardening(h, i / spec.iterations)
        grad = slope * inside * sigmoid * (1.0 - sigmoid) * (_STRETCH_HIGH - _STRETCH_LOW)
        first = 0.9 * first + 0.1 * grad
        second = 0.999 * second + 0.001 * np.square(grad)
        rate = spec.learning_rate * math.sqrt(1.0 - 0.999 ** (i + 1)) / (1.0 - 0.9 ** (i + 1))
        v = v - rate * first / (np.sqrt(second) + 1e-8)
    sigmoid = 1.0 / (1.0 + np.exp(-v))
    return np.asarray(floor + (sigmoid > 0.5), np.float64)


def _hardening(h: Array, done: float) -> Array:
    """The slope of 1 - |2h - 1|**beta, beta falling along a cosine after the warm-up."""
    t = (done - _WARM_UP) / (1.0 - _WARM_UP)
    beta = _BETA_LAST + 0.5 * (_BETA_FIRST - _BETA_LAST) * (1.0 + math.cos(math.pi * t))
    away = 2.0 * h - 1.0
    return np.asarray(-2.0 * beta * np.abs(away) ** (beta - 1.0) * np.sign(away))


def descend(unit: Target, grid: Doubles, top: int) -> Doubles:
    """Integers no single step of which lowers an output's error; in units of the step.

    One weight after another, all outputs at once, from weights of large curvature to small.
    """
    grid = grid.copy()
    diagonal = np.maximum(np.einsum("gkk->gk", unit.curvature), 0.0)
    for group in range(len(grid)):
        curve, pull = unit.curvature[group], unit.pull[group]
        slope = grid[group] @ curve - pull
        order = np.argsort(-diagonal[group], kind="stable")
        for _ in range(_SWEEPS):
            moved = False
            for j in order:
                own = curve[j, j]
                if own <= 0.0:
                    continue
                now = grid[group, :, j]
                best = np.clip(np.rint(now - slope[:, j] / own), -top, top)
                change = best - now
                if change.any():
                    moved = True
                    grid[group, :, j] = best
                    slope += change[:, None] * curve[j]
            if not moved:
                break
    return grid
