"""Grids of a whole net's weights, layer by layer, each fed by the layers quantised before it.

The float net and the quantised one run side by side over the calibration samples, an operator at
a time, so that rounding and biases make up for what the layers before have done. Runs in the
worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from edgepack.compress.quantizing.bias import corrected, means
from edgepack.compress.quantizing.blockwise import ROWS, blockwise, is_wide
from edgepack.compress.quantizing.floatnet import FloatNet, Samples, Weighted
from edgepack.compress.quantizing.patches import (
    as_product,
    grouped,
    groups_of,
    outputs_of,
    rows,
    ungrouped,
)
from edgepack.compress.quantizing.ranges import Array, restored
from edgepack.compress.quantizing.rounding import (
    Moments,
    RoundingSpec,
    adaround,
    moments,
    refitted,
    target,
)
from edgepack.compress.quantizing.rules import Affine, Grid, quantised
from edgepack.compress.quantizing.scales import Scales
from edgepack.compress.quantizing.stepwise import OneOperator
from edgepack.errors import ModelError, UsageError

Tell = Callable[[int, int], None]

_ROWS = 1 << 16  # of a layer's inputs, drawn at random where there are more
_TOGETHER = 64  # samples whose rows are gathered at a time
_LEAST_SAMPLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What is fitted to the samples: the rounding of weights (or not), and biases (or not)."""

    rounding: RoundingSpec | None = None
    correct_bias: bool = False
    keep_steps: bool = False  # else rounding fits them too: not for powers of two
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LayerFit:
    """One layer: mean squared errors of its output over the output's variance, and its bias."""

    layer: str
    nearest: float  # rounded to nearest
    fitted: float  # as it is now
    bias_shift: float  # the largest change of a bias over the output's deviation


@dataclass(frozen=True, slots=True)
class Fitted:
    """The net with its biases corrected, the weights' grids by tensor, and each layer's errors."""

    net: FloatNet
    grids: Mapping[int, Grid]
    layers: tuple[LayerFit, ...]


def dequantised(grid: Grid, axis: int) -> Array:
    """The weights that a grid stands for, float32."""
    return restored(grid.integers, grid.steps, axis if len(grid.steps) > 1 else None)


def fitted(
    net: FloatNet,
    samples: Samples,
    scales: Scales,
    grids: Mapping[int, Grid],
    how: Fitting,
    tell: Tell = lambda done, total: None,
) -> Fitted:
    """The weights of `grids` (by tensor, rounded to nearest), fitted as `how` asks.

    Rounding fits steps too; weights and biases that two operators share are fitted to the first.
    Raises UsageError with fewer than 8 samples, ModelError for a net with branches or loops and
    for values whose squares are beyond floats.
    """
    if len(samples[0]) < _LEAST_SAMPLES:
        raise UsageError(
            f"samples: {len(samples[0])} are too few to fit rounding and biases to; give at least "
            f"{_LEAST_SAMPLES}, better some hundreds"
        )
    walk = _Walk(net, scales, grids, how)
    walk.start(samples)
    for index in range(len(net.operators)):
        walk.step(index)
        tell(index + 1, len(net.operators))
    return Fitted(net.with_constants(walk.biases), {**grids, **walk.fitted}, tuple(walk.layers))


@dataclass(slots=True)
class _Walk:
    """Where the two nets are: the values of the tensors that operators to come still read."""

    net: FloatNet
    scales: Scales
    grids: Mapping[int, Grid]
    how: Fitting
    floats: dict[int, Array] = field(default_factory=dict)
    coarse: dict[int, Array] = field(default_factory=dict)
    fitted: dict[int, Grid] = field(default_factory=dict)
    biases: dict[int, Array] = field(default_factory=dict)
    layers: list[LayerFit] = field(default_factory=list)

    def start(self, samples: Samples) -> None:
        for tensor, x in zip(self.net.inputs, samples, strict=True):
            self.floats[tensor] = np.asarray(x)
            self.coarse[tensor] = fake(np.asarray(x), self.scales.activations.get(tensor))

    def step(self, index: int) -> None:
        layer = next((w for w in self.net.weighted() if w.operator == index), None)
        if layer is not None and layer.weights in self.grids:
            made, rough = self._layer(layer)
        else:
            operator = OneOperator(self.net, index)
            made, rough = operator(self.floats), operator(self._read(index))
        self.floats.update(made)
        for tensor, values in rough.items():
            self.coarse[tensor] = fake(values, self.scales.activations.get(tensor))
        last = {t for op in self.net.operators[index + 1 :] for t in op.inputs}
        for held in (self.floats, self.coarse):
            for tensor in [t for t in held if t not in last]:
                del held[tensor]

    def _read(self, index: int) -> dict[int, Array]:
        """What the quantised operator reads: some operands are requantised for it alone."""
        found = dict(self.coarse)
        for place, tensor in enumerate(self.net.operators[index].inputs):
            wanted = self.scales.wanted.get((index, place))
            if wanted is not None and tensor in found:
                found[tensor] = fake(self.coarse[tensor], wanted)
        return found

    def _layer(self, layer: Weighted) -> tuple[dict[int, Array], dict[int, Array]]:
        name = self.net.label(layer.operator)
        given = self._read(layer.operator)
        nearest = self.grids[layer.weights]
        if layer.weights not in self.fitted:
            rounding = self.how.rounding is not None and as_product(self.net, layer)
            self.fitted[layer.weights] = (
                self._rounded(layer, given, nearest) if rounding else nearest
            )
        floats = OneOperator(self.net, layer.operator, activation=False)(self.floats)[layer.y]
        coarse = self._run(layer, self.fitted[layer.weights], given)
        spread = float(floats.std()) or 1.0
        shift = np.zeros(1)
        if self.how.correct_bias and layer.bias >= 0 and layer.bias not in self.biases:
            old = _data(self.net, layer.bias)
            new = corrected(old, means(floats), means(coarse), name)
            self.biases[layer.bias] = new
            shift = new - old
            coarse = coarse + shift
        by_nearest = self._run(layer, nearest, given)
        errors = [float(np.square(y - floats).mean()) / spread**2 for y in (by_nearest, coarse)]
        if not np.isfinite(errors).all():
            raise ModelError(
                f"{name}: reaches {float(np.abs(floats).max()):g} on this data, too far to fit "
                "rounding and biases to; look for broken samples or weights"
            )
        self.layers.append(
            LayerFit(name, errors[0], errors[1], float(np.abs(shift).max()) / spread)
        )
        kind = self.net.operators[layer.operator]
        return {layer.y: activated(floats, kind)}, {layer.y: activated(coarse, kind)}

    def _run(self, layer: Weighted, grid: Grid, given: Mapping[int, Array]) -> Array:
        constants = {layer.weights: dequantised(grid, layer.axis)}
        if layer.bias in self.biases:
            constants[layer.bias] = self.biases[layer.bias]
        operator = OneOperator(self.net, layer.operator, constants, activation=False)
        return operator(given)[layer.y]

    def _rounded(self, layer: Weighted, given: Mapping[int, Array], nearest: Grid) -> Grid:
        assert self.how.rounding is not None
        kind, groups = self.net.operators[layer.operator].kind, groups_of(self.net, layer)
        weights = _data(self.net, layer.weights)
        floats = grouped(weights, kind, groups).astype(np.float64)
        steps = np.broadcast_to(nearest.steps, weights.shape[layer.axis])
        spread = steps.reshape(floats.shape[:2])
        how, bits, kept = self.how.rounding, nearest.bits, nearest.steps
        fits, shared = not self.how.keep_steps, len(kept) == 1
        if is_wide(floats.shape[2]):
            parts = list(self._rows(layer, given[layer.x], ROWS))
            x, q = (np.concatenate(side, axis=1) for side in zip(*parts, strict=True))
            found, fit = blockwise(x, q, floats, spread, bits, how, fit=fits, shared=shared)
        else:
            aim = target(self._moments(layer, given[layer.x]), floats)
            found, fit = adaround(aim, floats, spread, bits, how), spread
            if fits:
                found, fit = refitted(aim, found, spread, bits, how, shared=shared)
        if fits:
            kept = fit.reshape(-1)[: len(kept)].astype(np.float32).astype(np.float64)
        grid = ungrouped(found, kind, weights.shape).astype(np.int8)
        return Grid(grid, kept, nearest.bits)

    def _moments(self, layer: Weighted, coarse: Array) -> Moments:
        total: Moments | None = None
        for x, q in self._rows(layer, coarse, _ROWS):
            part = moments(x, q)
            total = part if total is None else total + part
        assert total is not None
        return total

    def _rows(self, layer: Weighted, coarse: Array, most: int) -> Iterator[tuple[Array, Array]]:
        """What the layer's products read, `[groups, n, k]` of the float and the quantised net."""
        operator, shape = self.net.operators[layer.operator], self.net.tensors[layer.weights].shape
        groups, floats = groups_of(self.net, layer), self.floats[layer.x]
        share = min(1.0, most / outputs_of(floats, operator, shape))
        random = np.random.default_rng(self.how.seed)
        for start in range(0, len(floats), _TOGETHER):
            x, q = floats[start : start + _TOGETHER], coarse[start : start + _TOGETHER]
            n = outputs_of(x, operator, shape)
            places = None
            if share < 1.0:
                places = np.sort(random.choice(n, max(1, round(share * n)), replace=False))
            yield (
                rows(x, operator, shape, groups, places),
                rows(q, operator, shape, groups, places),
            )


def fake(values: Array, affine: Affine | None) -> Array:
    """Values as they come back from the integers of `affine`; as they are without one."""
    if affine is None or not np.issubdtype(values.dtype, np.floating):
        return values
    grid = quantised(values, affine).astype(np.float32) - np.float32(affine.zero_point)
    return np.asarray(grid * np.float32(affine.scale), np.float32)


def activated(values: Array, operator: object) -> Array:
    """Values through the operator's fused activation."""
    from tensorflow.lite.python import schema_py_generated as schema

    kinds = schema.ActivationFunctionType
    options = getattr(operator, "options", None)
    kind = getattr(options, "fusedActivationFunction", kinds.NONE)
    low, high = {
        kinds.RELU: (0.0, None),
        kinds.RELU6: (0.0, 6.0),
        kinds.RELU_N1_TO_1: (-1.0, 1.0),
    }.get(kind, (None, None))
    if kind == kinds.TANH:
        return np.tanh(values)
    return values if low is None else np.clip(values, low, high)


def _data(net: FloatNet, tensor: int) -> Array:
    data = net.tensors[tensor].data
    if data is None:
        raise ModelError(f"{net.tensors[tensor].name}: is no constant")
    return data
