"""What each layer's weights cost the outputs at each width: measured with that layer alone.

The float net's values are computed once and kept; a layer at another width is run again from
that layer on, through operators that are built once and stay. No labels are needed. Runs in the
worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgepack.compress.quantizing.floatnet import FloatNet, Samples, Weighted
from edgepack.compress.quantizing.layerwise import dequantised
from edgepack.compress.quantizing.ranges import Array
from edgepack.compress.quantizing.rules import Grid
from edgepack.compress.quantizing.stepwise import OneOperator
from edgepack.errors import UsageError

Tell = Callable[[int, int], None]
Losses = dict[int, dict[int, float]]  # by operator, by width

_LEAST_SAMPLES = 8
_TINY = 1e-7


def losses(
    net: FloatNet,
    samples: Samples,
    grids: Mapping[int, Mapping[int, Grid]],
    tell: Tell = lambda done, total: None,
) -> Losses:
    """The loss of the outputs for each operator with weights, at each width of `grids`.

    `grids` is by width, then by tensor of weights; operators that share weights are measured
    together, under the first. The loss is the mean Kullback-Leibler divergence from the float
    net's answers where they are probabilities, else the squared error over their variance.
    Raises UsageError with fewer than 8 samples.
    """
    if len(samples[0]) < _LEAST_SAMPLES:
        raise UsageError(
            f"samples: {len(samples[0])} are too few to measure sensitivity; give at least "
            f"{_LEAST_SAMPLES}, better some hundreds"
        )
    steps = [OneOperator(net, index) for index in range(len(net.operators))]
    floats = dict(zip(net.inputs, samples, strict=True))
    for step in steps:
        floats.update(step(floats))
    layers = _layers(net, grids)
    total, done = sum(len(rows) for rows in layers.values()), 0
    found: Losses = {}
    for key, users in layers.items():
        first = users[0]
        found[first.operator] = {}
        for bits in sorted(bits for bits, row in grids.items() if key in row):
            constant = {key: dequantised(grids[bits][key], first.axis)}
            changed = {w.operator: OneOperator(net, w.operator, constant) for w in users}
            outputs = _run_from(net, steps, floats, changed)
            found[first.operator][bits] = sum(
                divergence(floats[t], outputs.get(t, floats[t])) for t in net.outputs
            )
        done += len(users)
        tell(done, total)
    return found


def _layers(net: FloatNet, grids: Mapping[int, Mapping[int, Grid]]) -> dict[int, list[Weighted]]:
    """The operators that use each tensor of weights."""
    users: dict[int, list[Weighted]] = {}
    for layer in net.weighted():
        if any(layer.weights in row for row in grids.values()):
            users.setdefault(layer.weights, []).append(layer)
    return users


def _run_from(
    net: FloatNet,
    steps: list[OneOperator],
    floats: Mapping[int, Array],
    changed: Mapping[int, OneOperator],
) -> dict[int, Array]:
    """The tensors that differ from the float net's, with some operators changed."""
    differ: dict[int, Array] = {}
    for index in range(min(changed), len(net.operators)):
        reads = set(net.operators[index].inputs)
        if index in changed or reads & differ.keys():
            differ.update(changed.get(index, steps[index])({**floats, **differ}))
    return differ


def divergence(floats: Array, others: Array) -> float:
    """How far answers [n, ...] are from the float net's: see `losses`. Always finite."""
    if not np.issubdtype(floats.dtype, np.floating):
        return float(np.mean(floats != others))
    p = np.asarray(floats, np.float64).reshape(-1, floats.shape[-1])
    q = np.asarray(others, np.float64).reshape(p.shape)
    if p.shape[1] > 1 and (p >= 0).all() and np.allclose(p.sum(axis=1), 1.0, atol=1e-3):
        p, q = np.maximum(p, _TINY), np.maximum(q, _TINY)
        return float(np.maximum((p * np.log(p / q)).sum(axis=1), 0.0).mean())
    variance = float(p.var())
    return float(np.square(p - q).mean()) / (variance if variance > 0 else 1.0)
