"""The grids that an aware model was trained with, for the tensors of its .tflite file.

The float model without rounding is converted, and the file's constants and tensors are known by
what they hold: constants are the learned integers times a step a channel; tensors hold on samples
what the Keras model holds where it rounds. Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.aware.fold import Folded, LearnedKernel, folded
from edgepack.compress.conversion import Job, to_tflite
from edgepack.compress.data import Arrays
from edgepack.compress.load import Network, of_keras
from edgepack.compress.quantizing.floatnet import FloatNet, Weighted, read_net, run
from edgepack.compress.quantizing.grids import Stepping, weight_grids
from edgepack.compress.quantizing.quantizer import Plan, without_negations
from edgepack.compress.quantizing.ranges import by_channel
from edgepack.compress.quantizing.rules import Affine, Grid, fixed_output
from edgepack.compress.quantizing.scales import (
    Scales,
    Scaling,
    observed,
    operator_bits,
    ranges_of,
    scale_groups,
    scales,
)
from edgepack.compress.quantizing.writer import Form
from edgepack.compress.spec import QuantizeSpec
from edgepack.errors import UsageError

_COMPARED = 4  # samples on which tensors are compared
_NEAR = 1e-3  # of the largest value: the float model's two runs differ by less
_NEAR_WEIGHTS = 1e-5
_BIAS_LIMIT = 2.0**30


def learned(
    network: Network, samples: Arrays, spec: QuantizeSpec, job: Job
) -> tuple[Plan, tuple[str, ...]]:
    """How to write the aware Keras model `network.keras`, and warnings of what is calibrated.

    Tensors and kernels that training did not round get theirs from `samples`. Raises UsageError
    where `spec` asks for other widths than the model was trained with.
    """
    plain = folded(network.keras, network.file.name)
    grids = [layer for _, layer in plain.points]
    bits, power = grids[0].bits, grids[0].power_of_two
    _check(spec, bits, power, {kernel.bits for kernel in plain.kernels}, network.file.name)
    float_network = of_keras(plain.model, Path(network.file.name), network.file)
    net = without_negations(read_net(to_tflite(float_network, job)))
    widths = dict.fromkeys(range(len(net.operators)), bits)
    job.tell(0, samples.n, "calibrating")
    seen = observed(net, samples.inputs, bins=power)
    base = scales(ranges_of(net, seen, Scaling(power_of_two=power)), operator_bits(net, widths))
    known = _known_tensors(net, plain, samples)
    fixed = _fixed(net, bits)
    activations = {t: known.get(t, affine) for t, affine in base.activations.items()} | fixed
    weights, strangers = _weights(net, plain.kernels, activations)
    others = [t for t in activations if t not in known and t not in fixed]
    ends: dict[int, Form] = {}
    if spec.io == "float32":
        ends = dict.fromkeys((*net.inputs, *net.outputs))
    scheme = "power_of_two" if power else "global"
    schemes = {w.operator: scheme for w in net.weighted()}
    plan = Plan(net, Scales(activations, base.wanted), weights, ends, schemes)
    return plan, _warnings(net, strangers, others)


def _check(spec: QuantizeSpec, bits: int, power: bool, trained: set[int], name: str) -> None:
    """UsageError where `spec` wants what only training could give."""
    plain = QuantizeSpec(data=spec.data)
    asked = {
        "weights": spec.weights in (plain.weights, *trained),
        "activations": spec.activations in (plain.activations, bits),
        "scheme": spec.scheme == plain.scheme or (power and spec.scheme == "power_of_two"),
        "layers": not spec.layers,
        "per": spec.per_channel,
        "ranges": spec.ranges == plain.ranges,
        "percentile": spec.percentile == plain.percentile,
        "equalize": not spec.equalize,
        "correct_bias": not spec.correct_bias,
        "rounding": spec.rounding == plain.rounding,
        "io": spec.io in ("auto", "float32", f"int{bits}"),
    }
    wrong = [key for key, fits in asked.items() if not fits]
    if wrong:
        raise UsageError(
            f"{name}: quantize.{wrong[0]}: the model was trained with its integers, and quantize "
            "only writes them; leave it out, or choose it in train-quantized"
        )


def _warnings(net: FloatNet, strangers: Sequence[str], tensors: Sequence[int]) -> tuple[str, ...]:
    told = []
    if strangers:
        told.append(
            f"weights of {_listed(strangers)} were not trained with rounding; they have 8 bits "
            "by calibration"
        )
    if tensors:
        makers = [net.producer(t) for t in tensors]
        told.append(
            f"{len(tensors)} tensors inside layers have ranges by calibration, not training: of "
            + _listed([net.label(i) for i in makers if i is not None])
        )
    return tuple(told)


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:5]) + (", ..." if len(unique) > 5 else "")


def _fixed(net: FloatNet, bits: int) -> dict[int, Affine]:
    """Tensors whose operator knows but one scale."""
    found: dict[int, Affine] = {}
    for index, operator in enumerate(net.operators):
        affine = fixed_output(net, index, bits)
        if affine is not None:
            found.update(dict.fromkeys(operator.outputs, affine))
    return found


def _weights(
    net: FloatNet, kernels: Sequence[LearnedKernel], activations: Mapping[int, Affine]
) -> tuple[dict[int, Grid], tuple[str, ...]]:
    """The Grid of each weight tensor, and the operators that no learned kernel fits."""
    found: dict[int, Grid] = {}
    strangers = []
    for weighted in net.weighted():
        grid = next((g for k in kernels if (g := _grid(net, weighted, k)) is not None), None)
        if grid is None:
            strangers.append(weighted)
        else:
            found[weighted.weights] = _with_room(net, weighted, grid, activations)
    inputs = {w.operator: activations[w.x] for w in strangers if w.x in activations}
    widths = dict.fromkeys(inputs, 8)
    return (
        {**weight_grids(net, widths, Stepping(), inputs), **found},
        tuple(net.label(weighted.operator) for weighted in strangers),
    )


def _grid(net: FloatNet, weighted: Weighted, kernel: LearnedKernel) -> Grid | None:
    """The kernel's integers in the layout of the constant, if that holds them times a step a row.

    The converter may have scaled the rows (a multiplication behind the layer), or turned signs.
    """
    data = net.tensors[weighted.weights].data
    assert data is not None
    rows = by_channel(data, weighted.axis)
    if rows.shape != kernel.integers.shape:
        return None
    wide = kernel.integers.astype(np.float64)
    squares = np.square(wide).sum(axis=1)
    steps = (rows * wide).sum(axis=1) / np.where(squares > 0, squares, 1.0)
    if np.abs(rows - steps[:, None] * wide).max() > _NEAR_WEIGHTS * np.abs(rows).max():
        return None
    signs = np.sign(steps)
    own = kernel.steps.astype(np.float64)
    near = (squares == 0) | (np.abs(np.abs(steps) - own) <= _NEAR_WEIGHTS * own)
    steps = np.where(near | (steps == 0), own, np.abs(steps))
    moved = (kernel.integers * signs[:, None]).astype(np.int8)
    shape = np.moveaxis(data, weighted.axis, 0).shape
    integers = np.ascontiguousarray(np.moveaxis(moved.reshape(shape), 0, weighted.axis))
    return Grid(integers, steps, kernel.bits)


def _with_room(
    net: FloatNet, weighted: Weighted, grid: Grid, activations: Mapping[int, Affine]
) -> Grid:
    """The grid with a longer step, and no weight, where a bias would overflow the accumulator.

    Such a channel is its bias: all its products together are less than a step of the output.
    """
    x = activations.get(weighted.x)
    if weighted.bias < 0 or x is None or x.bits == 16:
        return grid
    bias = net.tensors[weighted.bias].data
    assert bias is not None
    least = np.abs(bias.astype(np.float64)) / (x.scale * _BIAS_LIMIT)
    narrow = grid.steps < least
    shape = [-1 if axis == weighted.axis else 1 for axis in range(grid.integers.ndim)]
    integers = np.where(narrow.reshape(shape), 0, grid.integers).astype(np.int8)
    return Grid(integers, np.maximum(grid.steps, least), grid.bits)


def _known_tensors(net: FloatNet, plain: Folded, samples: Arrays) -> dict[int, Affine]:
    """The learned Affine of each tensor that holds what the Keras model rounded."""
    few = samples.take(np.arange(min(_COMPARED, samples.n)))
    groups = scale_groups(net)
    rows: dict[int, list[NDArray[Any]]] = {}
    for values in run(net, few.inputs, groups):
        for tensor, value in values.items():
            rows.setdefault(tensor, []).append(value)
    held = {tensor: np.concatenate(parts) for tensor, parts in rows.items()}
    rounded = _rounded(plain, few)
    by_content: list[tuple[NDArray[Any], list[Affine]]] = []
    for value, affine in rounded:
        same = next((affines for other, affines in by_content if _equal(value, other)), None)
        if same is None:
            by_content.append((value, [affine]))
        elif affine not in same:
            same.append(affine)
    found: dict[int, Affine] = {}
    for value, affines in by_content:
        fitting = [t for t, other in held.items() if _equal(value, other)]
        order = list(dict.fromkeys(groups[t] for t in fitting))
        for tensor in fitting:
            found[tensor] = affines[min(order.index(groups[tensor]), len(affines) - 1)]
    of_group = {groups[t]: affine for t, affine in found.items()}
    return {t: found.get(t, of_group[groups[t]]) for t in groups if groups[t] in of_group}


def _rounded(plain: Folded, samples: Arrays) -> list[tuple[NDArray[Any], Affine]]:
    """What the Keras model holds where it rounds, before the rounding, in its order."""
    import keras

    probe = keras.Model(plain.model.inputs, [tensor for tensor, _ in plain.points])
    x = samples.inputs if len(samples.inputs) > 1 else samples.inputs[0]
    values = probe.predict_on_batch(list(x) if isinstance(x, tuple) else x)
    values = values if isinstance(values, list) else [values]
    layers = [layer for _, layer in plain.points]
    return [
        (np.asarray(value), _affine_of(layer)) for value, layer in zip(values, layers, strict=True)
    ]


def _affine_of(layer: Any) -> Affine:
    scale, zero_point = layer.affine()
    return Affine(scale, zero_point, layer.bits)


def _equal(left: NDArray[Any], right: NDArray[Any]) -> bool:
    """Whether both hold the same numbers in the same order, whatever their shapes."""
    if left.size != right.size:
        return False
    a, b = left.ravel(), right.ravel()
    return bool(np.abs(a - b).max(initial=0.0) <= _NEAR * np.abs(a).max(initial=0.0))
