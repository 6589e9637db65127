"""Scheme mixed: every layer measured at every width, then the widths chosen under a budget.

Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgepack.compress.quantizing.floatnet import FloatNet, Samples, Weighted
from edgepack.compress.quantizing.rules import Grid
from edgepack.compress.quantizing.sensitivity import losses
from edgepack.compress.quantizing.width_spec import LayerSensitivity
from edgepack.compress.quantizing.widths import WIDTHS, Choice, Option, choose, flash_bytes
from edgepack.errors import UsageError

Tell = Callable[[int, int], None]
GridsAt = Callable[[int], Mapping[int, Grid]]
Costs = Mapping[str, Mapping[str, float]]  # by layer, by bits

_SAMPLES = 128  # that losses are measured on


@dataclass(frozen=True, slots=True)
class Budget:
    """What the widths may cost together: in bytes of flash, or in the unit of `costs`."""

    amount: float
    costs: Costs | None = None

    @property
    def unit(self) -> str:
        """What the amount counts, in words."""
        return "bytes" if self.costs is None else "of the cost handed in"


def mixed(
    net: FloatNet,
    samples: Samples,
    given: Mapping[int, int],
    grids_at: GridsAt,
    budget: Budget,
    tell: Tell = lambda done, total: None,
) -> tuple[dict[int, int], tuple[LayerSensitivity, ...]]:
    """The bits of each operator's weights, and what they were chosen from.

    `given` holds the widths that are not to be chosen, by operator; `grids_at` gives the grids of
    all tensors at a width. Bytes count packed weights, and 8 a channel for its scale and bias.
    Raises UsageError where the budget is too small, saying the least possible.
    """
    first: dict[int, Weighted] = {}
    for w in net.weighted():
        first.setdefault(w.weights, w)
    layers = list(first.values())
    free = [w for w in layers if w.operator not in given]
    wanted = {w.weights for w in free}
    grids = {
        bits: {t: grid for t, grid in grids_at(bits).items() if t in wanted} for bits in WIDTHS
    }
    measured = losses(net, [x[:_SAMPLES] for x in samples], grids, tell)
    table = {str(w.operator): _options(net, w, given, measured, budget) for w in layers}
    chosen = choose(table, budget.amount, budget.unit)
    return _by_operator(net, layers, chosen), tuple(
        LayerSensitivity(
            net.label(w.operator),
            _size(net, w),
            {str(bits): loss for bits, loss in measured.get(w.operator, {}).items()},
            {str(o.bits): o.cost for o in table[str(w.operator)]},
            chosen.bits[str(w.operator)],
        )
        for w in layers
    )


def _options(
    net: FloatNet,
    layer: Weighted,
    given: Mapping[int, int],
    measured: Mapping[int, Mapping[int, float]],
    budget: Budget,
) -> tuple[Option, ...]:
    rows = measured.get(layer.operator) or {given.get(layer.operator, 32): 0.0}
    return tuple(
        Option(bits, _cost(net, layer, bits, budget.costs), loss) for bits, loss in rows.items()
    )


def _cost(net: FloatNet, layer: Weighted, bits: int, costs: Costs | None) -> float:
    if costs is None:
        channels = net.tensors[layer.weights].shape[layer.axis]
        return flash_bytes(_size(net, layer), channels, bits)
    label = net.label(layer.operator)
    if bits == 32:
        return 0.0  # it stays float, whatever the others take
    if str(bits) not in costs.get(label, {}):
        known = ", ".join(list(costs)[:5])
        raise UsageError(
            f"quantize.costs: says nothing of layer {label} at {bits} bits; it has {known}"
        )
    return costs[label][str(bits)]


def _size(net: FloatNet, layer: Weighted) -> int:
    data = net.tensors[layer.weights].data
    assert data is not None
    return int(data.size)


def _by_operator(net: FloatNet, layers: list[Weighted], chosen: Choice) -> dict[int, int]:
    """The width of each operator; those that share weights share it."""
    by_weights = {w.weights: chosen.bits[str(w.operator)] for w in layers}
    return {w.operator: by_weights[w.weights] for w in net.weighted()}
