"""Adaptive rounding of layers with very many inputs, a block of them after another.

Moments grow as the square of the inputs and the search with them, so here the rows stay rows. A
block is fitted to what is left of the layer's output when the blocks before it are rounded and
those after it are not yet: it makes up for them, as `rounding` makes up for a layer as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.ranges import Array, limit
from edgepack.compress.quantizing.rounding import (
    RoundingSpec,
    Target,
    adaround,
    descend,
    in_steps,
    staying,
)

Doubles = NDArray[np.float64]

ROWS = 4096  # that are kept; drawn at random where there are more
_INPUTS = 1152  # up to which a layer is searched as a whole
_BLOCK = 576


def is_wide(inputs: int) -> bool:
    """Whether a product of `inputs` weights is to be cut into blocks."""
    return inputs > _INPUTS


def blockwise(
    x: Array,
    q: Array,
    weights: Array,
    steps: Array,
    bits: int,
    spec: RoundingSpec,
    *,
    fit: bool,
    shared: bool,
) -> tuple[Doubles, Doubles]:
    """Integers `[groups, out, k]` and steps `[groups, out]` of `weights`, never worse than nearest.

    x, q: the rows `[groups, n, k]` that the float and the quantised net feed the layer. `fit` says
    that steps may change, within half and twice what they were; `shared` that all stay one.
    """
    layer = _Layer(x, q, np.asarray(weights, np.float64), limit(bits))
    now = first = np.asarray(steps, np.float64)
    values, error = layer.weights.copy(), layer.distance(layer.weights)
    grid = np.zeros_like(values)
    for block in layer.blocks():
        aim = layer.aim(block, values[:, :, block], error)
        grid[:, :, block] = adaround(aim, layer.weights[:, :, block], now, bits, spec)
        error = layer.moved(error, block, values, grid[:, :, block] * now[:, :, None])
    for _ in range(spec.refits):
        if fit:
            now = np.clip(layer.best_steps(grid, now, shared=shared), 0.5 * first, 2.0 * first)
        grid = layer.settled(grid, now)
    nearest = np.clip(np.rint(layer.weights / first[:, :, None]), -layer.top, layer.top)
    costs = [layer.cost(g * s[:, :, None]) for g, s in ((grid, now), (nearest, first))]
    if shared:
        costs = [np.broadcast_to(cost.sum(), cost.shape) for cost in costs]
    better = costs[0] <= costs[1]
    return np.where(better[:, :, None], grid, nearest), np.where(better, now, first)


@dataclass(slots=True)
class _Layer:
    """The rows about their means, and what the outputs should be."""

    x: Array
    q: Array
    weights: Doubles
    top: int
    stay: Doubles

    def __init__(self, x: Array, q: Array, weights: Doubles, top: int) -> None:
        self.x, self.q = x - x.mean(axis=1, keepdims=True), q - q.mean(axis=1, keepdims=True)
        self.weights, self.top = weights, top
        spread = np.square(self.q, dtype=np.float64).mean(axis=1).sum(axis=1)
        self.stay = staying(x.shape[1], x.shape[2], spread)

    def blocks(self) -> Iterator[slice]:
        inputs = self.weights.shape[2]
        size = -(-inputs // -(-inputs // _BLOCK))
        return (slice(at, min(at + size, inputs)) for at in range(0, inputs, size))

    def distance(self, values: Doubles) -> Array:
        """Of the outputs of these weights from the float ones, `[groups, n, out]`."""
        return _outputs(self.q, values) - _outputs(self.x, self.weights)

    def cost(self, values: Doubles) -> Doubles:
        """The mean squared error of each output, and what leaving the float weights costs."""
        left = np.square(values - self.weights).sum(axis=2)
        error = np.square(self.distance(values), dtype=np.float64).mean(axis=1)
        return np.asarray(error + self.stay[:, :, 0] * left, np.float64)

    def aim(self, block: slice, values: Doubles, error: Array) -> Target:
        """The problem of a block whose weights are `values` where the layer has this error."""
        q, n = self.q[:, :, block], self.q.shape[1]
        without = error - _outputs(q, values)
        turned = q.transpose(0, 2, 1)
        curve = np.asarray(turned @ q, np.float64) / n
        pull = -np.asarray(turned @ without, np.float64).transpose(0, 2, 1) / n
        return Target(
            curve + self.stay * np.eye(q.shape[2]), pull + self.stay * self.weights[:, :, block]
        )

    def moved(self, error: Array, block: slice, values: Doubles, new: Doubles) -> Array:
        """The error once the block's values, which change in place, are the new ones."""
        change = new - values[:, :, block]
        values[:, :, block] = new
        return error + _outputs(self.q[:, :, block], change)

    def best_steps(self, grid: Doubles, steps: Doubles, *, shared: bool) -> Doubles:
        """The steps of least error for these integers."""
        n, stay = self.q.shape[1], self.stay[:, :, 0]
        outputs = _outputs(self.q, grid).astype(np.float64)
        wanted = _outputs(self.x, self.weights)
        over = (outputs * wanted).sum(axis=1) / n + stay * (grid * self.weights).sum(axis=2)
        under = np.square(outputs).sum(axis=1) / n + stay * np.square(grid).sum(axis=2)
        if shared:
            over, under = (np.broadcast_to(v.sum(), steps.shape) for v in (over, under))
        known = (under > 0) & (over > 0)
        return np.where(known, over / np.where(known, under, 1.0), steps)

    def settled(self, grid: Doubles, steps: Doubles) -> Doubles:
        """Integers no single step of which lowers the error, a block after another."""
        values = grid * steps[:, :, None]
        error, made = self.distance(values), grid.copy()
        for block in self.blocks():
            aim = in_steps(self.aim(block, values[:, :, block], error), steps)
            made[:, :, block] = descend(aim, made[:, :, block], self.top)
            error = self.moved(error, block, values, made[:, :, block] * steps[:, :, None])
        return made


def _outputs(rows: Array, weights: Array) -> Array:
    """`[groups, n, out]` in single precision."""
    return rows @ weights.astype(np.float32).transpose(0, 2, 1)
