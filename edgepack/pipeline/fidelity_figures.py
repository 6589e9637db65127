"""Figures of one tensor of a quantised model, against the values that it should hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepack.fidelity import MOST_DB
from edgepack.graph import DType, Graph, Operator, Tensor

Doubles = NDArray[np.float64]
Array = NDArray[np.generic]


def ratio(held: Doubles, target: Doubles) -> float:
    """Summed squares of the differences over those of the target; of a silent one, over 1."""
    power = float(np.square(target).sum())
    return float(np.square(held - target).sum()) / (power if power > 0 else 1.0)


def decibels(ratio: float) -> float:
    """A ratio of noise to signal as signal to noise in dB, at most 200."""
    return MOST_DB if ratio <= 0 else min(MOST_DB, float(-10.0 * np.log10(ratio)))


def bits_of(tensor: Tensor) -> int:
    """Bits of an element; 32 of floats."""
    return 32 if tensor.quantization is None else 8 * tensor.dtype.bytes


def _ends(tensor: Tensor) -> tuple[int, int]:
    limits = np.iinfo(tensor.dtype.numpy)
    return int(limits.min), int(limits.max)


def rounding_noise(tensor: Tensor, target: Doubles) -> float:
    """Noise over signal that the step of the tensor alone makes; zeros are exact."""
    power = float(np.square(target).mean())
    if tensor.quantization is None or power == 0:
        return 0.0
    return float(np.mean(target != 0)) * tensor.scale**2 / 12.0 / power


def own_noise(ratio: float, before: float, own: float, weight_snr: float | None) -> float:
    """The noise that is the layer's own: its output's and its weights' rounding, and clipping.

    A layer amplifies the noise of its weights as it does that of its input, so what is neither
    rounding nor clipping is shared between both.
    """
    rest = max(0.0, ratio - own)
    if weight_snr is None:
        return min(ratio, own)
    weights = float(10.0 ** (-weight_snr / 10.0))
    return min(ratio, own + rest * weights / (weights + before))


def clipping_noise(tensor: Tensor, target: Doubles) -> float:
    """Noise over signal that values beyond the range make."""
    power = float(np.square(target).sum())
    if tensor.quantization is None or power == 0:
        return 0.0
    low, high = ((end - tensor.zero_point) * tensor.scale for end in _ends(tensor))
    return float(np.square(target - np.clip(target, low, high)).sum()) / power


def constant_share(error: Doubles) -> float:
    """The share of the squared error that is each channel's mean error."""
    rows = error.reshape(-1, error.shape[-1])
    total = float(np.square(rows).mean())
    return float(np.square(rows.mean(axis=0)).mean()) / total if total > 0 else 0.0


def saturated(tensor: Tensor, target: Doubles) -> float:
    """The share of the float values beyond the range by more than half a step."""
    if tensor.quantization is None:
        return 0.0
    low, high = ((end - tensor.zero_point) * tensor.scale for end in _ends(tensor))
    half = tensor.scale / 2.0
    return float(np.mean((target < low - half) | (target > high + half)))


def unused_bits(tensor: Tensor, held: Array) -> float:
    """log2 of the levels there are over those between the extremes that it holds."""
    if tensor.quantization is None or tensor.dtype.bytes > 2:
        return 0.0
    low, high = _ends(tensor)
    seen = int(held.max()) - int(held.min()) + 1
    return float(np.log2((high - low + 1) / seen))


def weights_of(graph: Graph, operator: Operator) -> Tensor | None:
    """The quantised constant of more than one axis that the operator multiplies with."""
    constants = (graph.tensor(t) for t in operator.inputs if t >= 0)
    found = (c for c in constants if c.data is not None and c.quantization is not None)
    return next((c for c in found if len(c.shape) > 1), None)


def weight_bits(weights: Tensor) -> int:
    """How many bits the weights need: 2 where they are -1, 0 and 1."""
    levels = np.unique(np.asarray(weights.array(), np.int64))
    if len(levels) <= 3 and np.abs(levels).max(initial=0) <= 1:
        return 2
    return 4 if weights.dtype is DType.INT4 else 8 * weights.dtype.bytes


def dequantised(weights: Tensor) -> Doubles:
    """The real numbers that a constant stands for."""
    quantization = weights.quantization
    if quantization is None:
        return np.asarray(weights.array(), np.float64)
    scales = np.asarray(quantization.scales, np.float64)
    zeros = np.asarray(quantization.zero_points or (0,), np.float64)
    shape = [1] * len(weights.shape)
    if quantization.per_channel:
        shape[quantization.axis] = -1
    integers = np.asarray(weights.array(), np.float64)
    return np.asarray((integers - zeros.reshape(-1)[0]) * scales.reshape(shape), np.float64)
