"""Weights as Grids: a width and a step a channel, with room for the bias in the accumulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet, Weighted
from edgepack.compress.quantizing.ranges import (
    RangeMethod,
    integers,
    limit,
    restored,
    weight_exponents,
    weight_steps,
)
from edgepack.compress.quantizing.rules import Affine, Grid

_LEAST_HALF_RANGE = 5e-7  # weights below are as good as zero; TFLite's converter says the same
_BIAS_LIMIT = 2.0**30  # in steps, of an int32 accumulator; half is left to the products


@dataclass(frozen=True, slots=True)
class Stepping:
    """How steps of weights are chosen."""

    method: RangeMethod = "max"
    percentile: float = 99.99
    per_channel: bool = True
    power_of_two: bool = False


def steps_of(
    net: FloatNet, weighted: Weighted, bits: int, stepping: Stepping, x: Affine | None
) -> NDArray[np.float64]:
    """The steps of an operator's weights, [channels] or [1], large enough for its bias.

    `x` is how its input is quantised; None where it stays float.
    """
    tensor = net.tensors[weighted.weights]
    assert tensor.data is not None
    axis = weighted.axis if stepping.per_channel else None
    how = {"percentile": stepping.percentile, "name": net.label(weighted.operator)}
    if stepping.power_of_two:
        p = weight_exponents(tensor.data, axis, bits, stepping.method, **how)  # type: ignore[arg-type]
        steps = np.exp2(-p.astype(np.float64))
    else:
        steps = weight_steps(tensor.data, axis, bits, stepping.method, **how)  # type: ignore[arg-type]
    if not stepping.power_of_two:
        steps = np.maximum(steps, _LEAST_HALF_RANGE / limit(bits))
    if x is None or x.bits == 16 or weighted.bias < 0:
        return steps
    bias = net.tensors[weighted.bias].data
    assert bias is not None
    least = np.abs(bias.astype(np.float64)) / (x.scale * _BIAS_LIMIT)
    if len(steps) == 1:
        least = least.max(keepdims=True)
    if stepping.power_of_two:
        least = np.exp2(np.ceil(np.log2(np.maximum(least, 2.0**-100))))
    return np.maximum(steps, least)


def grid_of(net: FloatNet, weighted: Weighted, bits: int, steps: NDArray[np.float64]) -> Grid:
    """The weights rounded to the nearest of these steps."""
    data = net.tensors[weighted.weights].data
    assert data is not None
    axis = weighted.axis if len(steps) > 1 else None
    exact = steps.astype(np.float32).astype(np.float64)
    return Grid(integers(data, exact, axis, bits).astype(np.int8), exact, bits)


def weight_grids(
    net: FloatNet,
    widths: Mapping[int, int],
    stepping: Stepping,
    inputs: Mapping[int, Affine],
) -> dict[int, Grid]:
    """The Grid of each weight tensor, by its number.

    `widths` gives the bits of each operator's weights (8, 4, 2), those without stay float;
    `inputs` how each operator's input is quantised. Weights that several operators share take the
    largest of their widths and steps.
    """
    steps = dict[int, NDArray[np.float64]]()
    bits = dict[int, int]()
    users = dict[int, Weighted]()
    found = [w for w in net.weighted() if w.operator in widths]
    for weighted in found:
        key = weighted.weights
        bits[key] = max(bits.get(key, 0), widths[weighted.operator])
        users[key] = weighted
    for weighted in found:
        key = weighted.weights
        own = steps_of(net, weighted, bits[key], stepping, inputs.get(weighted.operator))
        steps[key] = np.maximum(steps[key], own) if key in steps else own
    return {key: grid_of(net, users[key], bits[key], steps[key]) for key in users}


def squared_error(net: FloatNet, weighted: Weighted, grid: Grid) -> float:
    """The mean squared error of a Grid against the float weights, over their mean square."""
    data = net.tensors[weighted.weights].data
    assert data is not None
    axis = weighted.axis if len(grid.steps) > 1 else None
    wide = data.astype(np.float64)
    error = np.square(wide - restored(grid.integers, grid.steps, axis)).mean()
    power = np.square(wide).mean()
    return float(error / power) if power > 0 else 0.0
