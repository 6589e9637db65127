"""The width of each layer's weights: from their own distribution, or chosen under a budget.

Pure functions on values. `dynamic` looks at one tensor alone; `choose` takes measured losses and
costs of every layer at every width and finds the least loss within a budget, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgepack.compress.quantizing.ranges import (
    Array,
    RangeMethod,
    by_channel,
    squared_errors,
    weight_steps,
)
from edgepack.errors import UsageError

WIDTHS = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class WeightFigures:
    """The distribution of a tensor's weights, and the width that the rule gives it."""

    layer: str
    weights: int
    low: float
    high: float
    peak: float  # the largest magnitude over the root mean square
    kurtosis: float  # 3 of a normal distribution; 0 of weights that are all equal
    errors: Mapping[int, float]  # by width, relative
    bits: int

    @property
    def reason(self) -> str:
        """What decided, in words."""
        narrower = [bits for bits in sorted(self.errors) if bits < self.bits]
        if not narrower:
            return f"{self.bits} bits err by {self.errors[self.bits]:.3f}"
        tried = narrower[-1]
        tail = f"; the largest weight is {self.peak:.1f} times the mean square's root"
        return f"{tried} bits would err by {self.errors[tried]:.3f}" + (
            tail if self.kurtosis > _HEAVY else ""
        )


_HEAVY = 6.0


def dynamic(
    layer: str,
    weights: Array,
    axis: int | None,
    max_error: float,
    *,
    method: RangeMethod = "mse",
    widths: Sequence[int] = WIDTHS,
) -> WeightFigures:
    """The narrowest width whose relative error is at most `max_error`; the widest if none is.

    A channel's relative error is its squared error over its squared weights, at the step that
    `method` gives it; the tensor's is the root of the mean over the channels along `axis`.
    """
    if not 0.0 < max_error < 1.0:
        raise UsageError(f"max_error: {max_error} is out of range; the range is 0 to 1")
    rows = by_channel(weights, axis)
    energies = np.square(rows).sum(axis=1)
    living = energies > 0
    errors = {}
    for bits in sorted(widths):
        steps = weight_steps(weights, axis, bits, method, name=layer)
        wrong = squared_errors(rows, steps, bits)[living] / energies[living]
        errors[bits] = float(np.sqrt(wrong.mean())) if living.any() else 0.0
    fitting = [bits for bits, error in errors.items() if error <= max_error]
    spread = float(rows.std())
    root = float(np.sqrt(energies.sum() / rows.size))
    return WeightFigures(
        layer=layer,
        weights=rows.size,
        low=float(rows.min()),
        high=float(rows.max()),
        peak=float(np.abs(rows).max()) / root if root > 0 else 0.0,
        kurtosis=float(np.mean((rows - rows.mean()) ** 4)) / spread**4 if spread > 0 else 0.0,
        errors=errors,
        bits=min(fitting, default=max(errors)),
    )


def flash_bytes(weights: int, channels: int, bits: int) -> int:
    """Packed weights (ternary ones in 2 bits), and 8 bytes a channel for its scale and bias."""
    return -(-weights * min(bits, 32) // 8) + 8 * channels


@dataclass(frozen=True, slots=True)
class Option:
    """A layer at one width: what it costs, and the loss measured with it alone."""

    bits: int
    cost: float
    loss: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A width for each layer, in the order of the layers, and the sums."""

    bits: Mapping[str, int]
    cost: float
    loss: float


def choose(layers: Mapping[str, Sequence[Option]], budget: float, unit: str = "bytes") -> Choice:
    """The widths of the least summed loss whose summed cost is within the budget.

    Exact, by dynamic programming over the sums that no other sum beats in both cost and loss;
    equal losses take the lower cost. Raises UsageError where the least cost is over the budget.
    """
    least = sum(min(option.cost for option in row) for row in layers.values())
    if least > budget:
        raise UsageError(
            f"budget: {budget:.0f} {unit} are too few; the layers take at least {least:.0f} "
            f"{unit} with the narrowest widths. Raise the budget, or prune first"
        )
    costs, losses = np.zeros(1), np.zeros(1)
    trail = []
    spare = budget - least
    for row in layers.values():
        cheapest = min(option.cost for option in row)
        costs = (costs[:, None] + [option.cost - cheapest for option in row]).ravel()
        losses = (losses[:, None] + [option.loss for option in row]).ravel()
        kept = _unbeaten(costs, losses, spare)
        trail.append((kept // len(row), kept % len(row)))
        costs, losses = costs[kept], losses[kept]
    at = len(costs) - 1
    rows = list(layers.values())
    taken: list[Option] = []
    for row, (parents, picks) in zip(reversed(rows), reversed(trail), strict=True):
        taken.append(row[int(picks[at])])
        at = int(parents[at])
    taken.reverse()
    return Choice(
        bits={layer: option.bits for layer, option in zip(layers, taken, strict=True)},
        cost=sum(option.cost for option in taken),
        loss=sum(option.loss for option in taken),
    )


def _unbeaten(costs: Array, losses: Array, spare: float) -> Array:
    """Numbers of the sums within `spare` that no cheaper one matches, by rising cost."""
    order = np.lexsort((losses, costs))
    order = order[costs[order] <= spare + 1e-9 * abs(spare)]
    before = np.minimum.accumulate(np.concatenate([[np.inf], losses[order][:-1]]))
    return np.asarray(order[losses[order] < before])
