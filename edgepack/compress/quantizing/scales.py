"""Scales of activations from what samples show: ranges, and which tensors share one.

Tensors that an operator only moves share a scale with what they come from. Where several meet
(a concatenation), those that nobody else reads take the scale of the result; the others are
requantised on that edge alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet, Samples, run
from edgepack.compress.quantizing.ranges import (
    Histogram,
    RangeMethod,
    activation_exponent,
    activation_range,
    affine,
    histogram,
)
from edgepack.compress.quantizing.rules import Affine, fixed_output, operands, rule_of

FLOAT = 32  # the width of activations that stay float
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Scaling:
    """How ranges become scales."""

    method: RangeMethod = "max"
    percentile: float = 99.99
    power_of_two: bool = False


def observed(
    net: FloatNet, samples: Samples, *, bins: bool, tell: Tell = lambda done, total: None
) -> dict[int, Histogram]:
    """What each float tensor holds over the samples, by number; without `bins` its extremes only.

    Raises UsageError where one is not finite, naming it.
    """
    n, seen = len(samples[0]), dict[int, Histogram]()
    total = 2 * n if bins else n
    for done, values in enumerate(run(net, samples)):
        for tensor, x in values.items():
            seen[tensor] = _wider(seen.get(tensor), x, net.tensors[tensor].name)
        tell(done, total)
    if not bins:
        return seen
    full = dict[int, Histogram]()
    for done, values in enumerate(run(net, samples)):
        for tensor, x in values.items():
            ends = seen[tensor]
            found = histogram(x, ends.low, ends.high)
            full[tensor] = full[tensor] + found if tensor in full else found
        tell(n + done, total)
    return full


def _wider(old: Histogram | None, x: NDArray[Any], name: str) -> Histogram:
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        histogram(x, name=name)  # says what is wrong
    if old is not None:
        low, high = min(low, old.low), max(high, old.high)
    return Histogram(low, high, np.zeros(1, np.int64), 0)


def joined(parts: Iterable[Histogram]) -> Histogram:
    """One histogram of all values, over the range of all."""
    given = list(parts)
    low, high = min(h.low for h in given), max(h.high for h in given)
    size = max(len(h.counts) for h in given)
    counts = np.zeros(size, np.int64)
    for part in given:
        width = (part.high - part.low) / len(part.counts)
        centres = part.low + (np.arange(len(part.counts)) + 0.5) * width
        wide = high - low
        place = (centres - low) / wide * size if wide > 0 else centres * 0
        np.add.at(counts, np.clip(place, 0, size - 1).astype(np.int64), part.counts)
    return Histogram(low, high, counts, sum(h.zeros for h in given))


def scale_groups(net: FloatNet, bits: int = 8) -> dict[int, int]:
    """For each float tensor that inference computes, the one whose scale it shares."""
    root = {
        t: t
        for t in (*net.inputs, *(t for op in net.operators for t in op.outputs))
        if net.tensors[t].is_float
    }

    def find(t: int) -> int:
        while root[t] != t:
            t = root[t]
        return t

    fixed = {t: _fixed(net, t, bits) for t in root}
    alone = {t: len(_readers(net, t)) == 1 for t in root}

    def join(a: int, b: int) -> None:
        a, b = find(a), find(b)
        if a != b and (fixed[a] is None or fixed[b] is None or fixed[a] == fixed[b]):
            root[b] = a
            fixed[a] = fixed[a] or fixed[b]
            alone[a] = alone[a] and alone[b]

    for index, operator in enumerate(net.operators):
        rule = rule_of(net, operator)
        made = [t for t in operator.outputs if t in root]
        if rule is None or not rule.same or not made:
            continue
        sources = [t for p in operands(net, index) if (t := operator.inputs[p]) in root]
        for t in made[1:]:
            join(made[0], t)
        for t in sources:
            if len(sources) == 1 or alone[find(t)]:
                join(t, made[0])
    return {t: find(t) for t in root}


def _readers(net: FloatNet, tensor: int) -> list[int]:
    uses = [i for i, op in enumerate(net.operators) for t in op.inputs if t == tensor]
    return uses + [-1] * net.outputs.count(tensor)


def _fixed(net: FloatNet, tensor: int, bits: int) -> Affine | None:
    producer = net.producer(tensor)
    return None if producer is None else fixed_output(net, producer, bits)


@dataclass(frozen=True, slots=True)
class Ranges:
    """What the tensors that share a scale hold together, and the Affines that follow."""

    net: FloatNet
    groups: Mapping[int, int]  # by tensor: the one whose scale it shares
    fixing: Mapping[int, int]  # by group: the operator whose output has but one scale, if any
    held: Mapping[int, Histogram]  # by group
    scaling: Scaling

    def affine(self, tensor: int, bits: int) -> Affine:
        """The quantisation of a tensor in this width."""
        data = self.net.tensors[tensor].data
        if data is not None:
            return self._of(histogram(data, name=self.net.tensors[tensor].name), bits, "max")
        group = self.groups[tensor]
        fixed = fixed_output(self.net, self.fixing[group], bits) if group in self.fixing else None
        return fixed or self._of(self.held[group], bits, self.scaling.method)

    def _of(self, seen: Histogram, bits: int, method: RangeMethod) -> Affine:
        percentile = self.scaling.percentile
        if self.scaling.power_of_two:
            p, zero = activation_exponent(seen, bits, method, percentile=percentile)
            return Affine(2.0**-p, zero, bits)
        ends = activation_range(seen, bits, method, percentile=percentile)
        return Affine(*affine(*ends, bits), bits)


def ranges_of(net: FloatNet, seen: Mapping[int, Histogram], scaling: Scaling) -> Ranges:
    """The ranges of every tensor in `seen`, as `observed` gives it, and of those of its group."""
    groups = scale_groups(net)
    parts = dict[int, list[Histogram]]()
    for tensor, group in groups.items():
        if tensor in seen and _is_source(net, tensor, groups):
            parts.setdefault(group, []).append(seen[tensor])
    held = {group: joined(found) for group, found in parts.items()}
    fixing = {
        groups[t]: index
        for index, operator in enumerate(net.operators)
        for t in operator.outputs
        if t in groups and fixed_output(net, index, 8) is not None
    }
    return Ranges(net, groups, fixing, held, scaling)


def _is_source(net: FloatNet, tensor: int, groups: Mapping[int, int]) -> bool:
    """Whether the tensor holds values that no other tensor of its group holds."""
    producer = net.producer(tensor)
    rule = None if producer is None else rule_of(net, net.operators[producer])
    if producer is None or rule is None or not rule.same:
        return True
    read = [net.operators[producer].inputs[p] for p in operands(net, producer)]
    return any(groups.get(t) != groups[tensor] for t in read)


@dataclass(frozen=True, slots=True)
class Scales:
    """The Affine of each tensor as its operator makes it, and of operands taken otherwise."""

    activations: Mapping[int, Affine]
    wanted: Mapping[tuple[int, int], Affine]  # by operator and place


def scales(ranges: Ranges, bits: Mapping[int, int]) -> Scales:
    """Scales of every tensor that operators compute or read as integers.

    `bits` is the width of each such operator, from `operator_bits`.
    """
    net, groups = ranges.net, ranges.groups
    activations, wanted = dict[int, Affine](), dict[tuple[int, int], Affine]()
    for tensor in (t for t in net.inputs if t in groups):
        width = max((bits.get(i, 0) for i in net.consumers(tensor)), default=0)
        if width:
            activations[tensor] = ranges.affine(tensor, width)
    for index, operator in enumerate(net.operators):
        width = bits.get(index, 0)
        if width:
            for tensor in (t for t in operator.outputs if t in groups):
                activations[tensor] = ranges.affine(tensor, width)
            for place in operands(net, index):
                tensor = operator.inputs[place]
                if tensor not in activations or activations[tensor].bits != width:
                    wanted[index, place] = ranges.affine(tensor, width)
    return Scales(activations, wanted)


def operator_bits(net: FloatNet, widths: Mapping[int, int], usual: int = 8) -> dict[int, int]:
    """The width of each operator that computes integers, by its index.

    `widths` is what is asked for: 8, 16 or FLOAT, `usual` where it says nothing. An operator that
    only moves values, and is not named, goes by its first operand's width.
    """
    found, homes = dict[int, int](), dict[int, int]()
    for index, operator in enumerate(net.operators):
        rule = rule_of(net, operator)
        if rule is None:
            continue
        width, places = widths.get(index, 0), operands(net, index)
        if rule.same and not width and places:
            width = homes.get(operator.inputs[places[0]], 0)
        width = width or usual
        if width in rule.bits:
            found[index] = width
        homes.update(dict.fromkeys(operator.outputs, width if width in rule.bits else FLOAT))
    return found
