"""Compares a quantised model with the float one, tensor by tensor, on data.

Both run in the oracle's interpreter. Tensors match by name where the shapes agree, by the
correlation of their values elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.reader import read_model
from edgepack.compress.quantizing.floatnet import layer_names
from edgepack.errors import UsageError
from edgepack.fidelity import Fidelity, LayerFidelity
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.oracle import run_reference
from edgepack.pipeline.data import dequantize, load_samples, quantize
from edgepack.pipeline.fidelity_advice import FUNCTIONS, what_helps
from edgepack.pipeline.fidelity_figures import (
    bits_of,
    clipping_noise,
    constant_share,
    decibels,
    dequantised,
    own_noise,
    ratio,
    rounding_noise,
    saturated,
    unused_bits,
    weight_bits,
    weights_of,
)
from edgepack.report.fidelity import fidelity_page
from edgepack.store import read_file, write_file

Doubles = NDArray[np.float64]
Array = NDArray[np.generic]

_ALIKE = 0.6  # correlation from which two tensors are the same by content
_PLAIN_DB, _GAIN_DB = 15.0, 10.0  # below the first, and better by the second: channels rescaled
_MOVES = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True, slots=True)
class Values:
    """A model's graph and what its tensors hold, [n, *shape], over the samples."""

    graph: Graph
    tensors: Mapping[int, Array]
    oracle: str


@dataclass(frozen=True, slots=True)
class Match:
    """A float tensor's number, and how it was found."""

    tensor: int
    by_name: bool


def compare_layers(
    model: Path, against: Path, data: Path, samples: int = 64, *, html: Path | None = None
) -> Fidelity:
    """How far each layer of the quantised `model` is from the float one, on the first samples.

    `against` is a float .tflite file, or a Keras model, which is converted first (and needs
    TensorFlow). `html` is written as a page with a plot. UsageError where the two take other
    inputs.
    """
    float_file = read_file(against, "model") if against.suffix == ".tflite" else _converted(against)
    coarse_file = read_file(model, "model")
    coarse, floats = read_model(coarse_file, model.stem), read_model(float_file, against.stem)
    _require_pair(coarse, floats, model, against)
    given, exact = _inputs(data, coarse, floats, samples)
    quantised = _run(coarse_file, coarse, given)
    real = _run(float_file, floats, exact)
    found = fidelity(quantised, real, model.name, against.name)
    if html is not None:
        write_file(html, fidelity_page(found).encode())
    return found


def fidelity(coarse: Values, floats: Values, model: str, against: str) -> Fidelity:
    """The comparison of two models' values on the same samples."""
    matches = matched(coarse, floats)
    noise = {t: _noise(coarse, floats, t, match) for t, match in matches.items()}
    layers = [
        _layer(coarse, floats, operator, tensor, matches, noise)
        for operator in coarse.graph.operators
        for tensor in operator.outputs
        if tensor in matches
    ]
    missing = [
        coarse.graph.tensor(t).name
        for operator in coarse.graph.operators
        for t in operator.outputs
        if t not in matches and t in coarse.tensors and operator.kind not in _MOVES
    ]
    ends = zip(coarse.graph.outputs, floats.graph.outputs, strict=True)
    return Fidelity(
        model=model,
        against=against,
        samples=len(next(iter(coarse.tensors.values()))),
        oracle=coarse.oracle,
        output_snr_db=tuple(
            decibels(ratio(_real(coarse, a), np.asarray(floats.tensors[b], np.float64)))
            for a, b in ends
        ),
        layers=tuple(sorted(layers, key=lambda layer: -layer.added)),
        unmatched=tuple(missing),
    )


def matched(coarse: Values, floats: Values) -> dict[int, Match]:
    """The float tensor of each quantised one that has a twin: ends by place, then by name.

    What is left is matched by content, the most alike first: tensors of one shape whose values
    correlate by more than 0.6.
    """
    ends = (
        *zip(coarse.graph.inputs, floats.graph.inputs, strict=True),
        *zip(coarse.graph.outputs, floats.graph.outputs, strict=True),
    )
    found = {
        a: Match(b, by_name=True)
        for a, b in ends
        if a in coarse.tensors and b in floats.tensors and _same_shape(coarse, a, floats, b)
    }
    names = {floats.graph.tensor(t).name: t for t in floats.tensors}
    for tensor in coarse.tensors:
        twin = names.get(coarse.graph.tensor(tensor).name)
        if twin is not None and _same_shape(coarse, tensor, floats, twin):
            found.setdefault(tensor, Match(twin, by_name=True))
    taken = {match.tensor for match in found.values()}
    for _, tensor, twin in sorted(_alike(coarse, floats, found.keys(), taken), reverse=True):
        if tensor not in found and twin not in taken:
            found[tensor] = Match(twin, by_name=False)
            taken.add(twin)
    return found


def _alike(
    coarse: Values, floats: Values, done: Collection[int], taken: Collection[int]
) -> Iterator[tuple[float, int, int]]:
    """Correlation, quantised and float tensor of every pair that may belong together."""
    theirs = {t: _unit(np.asarray(floats.tensors[t], np.float64)) for t in floats.tensors}
    for tensor in (t for t in coarse.tensors if t not in done):
        mine = _unit(_real(coarse, tensor))
        for other in (t for t in theirs if t not in taken):
            if _same_shape(coarse, tensor, floats, other):
                correlation = float(mine @ theirs[other])
                if correlation > _ALIKE:
                    yield correlation, tensor, other


def _unit(values: Doubles) -> Doubles:
    """The values about their mean, flat, of length 1; zeros where they are all the same."""
    flat = values.ravel() - values.mean()
    length = float(np.sqrt(flat @ flat))
    return np.asarray(flat / length if length > 0 else flat, np.float64)


def _same_shape(coarse: Values, a: int, floats: Values, b: int) -> bool:
    return coarse.tensors[a].shape == floats.tensors[b].shape and (
        floats.graph.tensor(b).dtype is DType.FLOAT32
    )


@dataclass(frozen=True, slots=True)
class _Noise:
    """Noise over signal of a tensor, the float values as it should hold them, the differences."""

    ratio: float
    rescaled: bool
    target: Doubles
    error: Doubles


def _noise(coarse: Values, floats: Values, tensor: int, match: Match) -> _Noise:
    held, target = _real(coarse, tensor), np.asarray(floats.tensors[match.tensor], np.float64)
    plain = ratio(held, target)
    if held.ndim > 2 and decibels(plain) < _PLAIN_DB:
        axes = tuple(range(held.ndim - 1))
        power = np.square(target).sum(axis=axes)
        gains = (held * target).sum(axis=axes) / np.where(power > 0, power, 1.0)
        scaled = target * np.where(gains > 0, gains, 1.0)
        fitted = ratio(held, scaled)
        if decibels(fitted) > decibels(plain) + _GAIN_DB:
            return _Noise(fitted, True, scaled, held - scaled)
    return _Noise(plain, False, target, held - target)


def _layer(
    coarse: Values,
    floats: Values,
    operator: Operator,
    tensor: int,
    matches: Mapping[int, Match],
    noise: Mapping[int, _Noise],
) -> LayerFidelity:
    facts, own = coarse.graph.tensor(tensor), noise[tensor]
    before = max((noise[t].ratio for t in operator.inputs if t in noise), default=0.0)
    weights = weights_of(coarse.graph, operator)
    weight_snr = _weight_snr(weights, operator, floats, matches[tensor].tensor)
    step, clipped = rounding_noise(facts, own.target), clipping_noise(facts, own.target)
    fixed = operator.kind in FUNCTIONS  # their range is, and they pass on what comes
    moved = weights is None and facts.quantization in [
        coarse.graph.tensor(t).quantization for t in operator.inputs if t in noise
    ]
    made = min(step + clipped, max(0.0, own.ratio - before)) if moved else step + clipped
    layer = LayerFidelity(
        operator=operator.index,
        kind=operator.kind,
        layer=_label(facts, weights),
        name=facts.name,
        against=floats.graph.tensor(matches[tensor].tensor).name,
        matched="name" if matches[tensor].by_name else "content",
        rescaled=own.rescaled,
        snr_db=decibels(own.ratio),
        added=own_noise(own.ratio, before, made, weight_snr),
        rounding=step,
        bias=constant_share(own.error),
        saturated=0.0 if fixed else saturated(facts, own.target),
        unused_bits=unused_bits(facts, coarse.tensors[tensor]),
        bits=bits_of(facts),
        weight_bits=None if weights is None else weight_bits(weights),
        weight_snr_db=weight_snr,
        helps=(),
    )
    return _with_help(layer, weights, noise, coarse.graph)


def _label(made: Tensor, weights: Tensor | None) -> str:
    paths = [*([] if weights is None else [weights.name]), made.name]
    return next(iter(layer_names(paths)), made.name)


def _with_help(
    layer: LayerFidelity, weights: Tensor | None, noise: Mapping[int, _Noise], graph: Graph
) -> LayerFidelity:
    worst = max((noise[t].ratio for t in graph.outputs if t in noise), default=layer.added)
    per_tensor = weights is not None and len(weights.quantization.scales) == 1  # type: ignore[union-attr]
    return replace(layer, helps=what_helps(layer, worst, per_tensor=per_tensor))


def _real(values: Values, tensor: int) -> Doubles:
    return np.asarray(dequantize(values.tensors[tensor], values.graph.tensor(tensor)), np.float64)


def _weight_snr(
    weights: Tensor | None, operator: Operator, floats: Values, tensor: int
) -> float | None:
    """The dB of the weights against those of the float operator that computes the twin."""
    twin = next((op for op in floats.graph.operators if tensor in op.outputs), None)
    if weights is None or twin is None:
        return None
    for constant in (floats.graph.tensor(t) for t in twin.inputs if t >= 0):
        if constant.data is not None and constant.shape == weights.shape:
            return decibels(ratio(dequantised(weights), dequantised(constant)))
    return None


def _run(content: bytes, graph: Graph, inputs: tuple[Array, ...]) -> Values:
    run = run_reference(content, inputs, layers=True)
    assert run.tensors is not None
    written = {t for op in graph.operators for t in op.outputs} | set(graph.inputs)
    kept = {t: v for t, v in run.tensors.items() if t in written and v.dtype.kind in "fiu"}
    return Values(graph, kept, run.oracle)


def _inputs(
    data: Path, coarse: Graph, floats: Graph, samples: int
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The same samples for both models; integers that only the quantised one takes are scaled."""
    given = load_samples(data, coarse).first(samples).inputs
    try:
        exact = load_samples(data, floats).first(samples).inputs
    except UsageError:
        exact = tuple(
            np.asarray(dequantize(x, coarse.tensor(t)), np.float32)
            for x, t in zip(given, coarse.inputs, strict=True)
        )
        return given, exact
    return tuple(
        _stored(x, coarse.tensor(t)) for x, t in zip(exact, coarse.inputs, strict=True)
    ), exact


def _stored(values: Array, tensor: Tensor) -> Array:
    return values if tensor.quantization is None else quantize(values, tensor)


def _require_pair(coarse: Graph, floats: Graph, model: Path, against: Path) -> None:
    quantised = [t.name for t in floats.tensors if t.quantization is not None and t.in_arena]
    if quantised and any(floats.tensor(t).quantization for t in floats.inputs):
        raise UsageError(f"{against}: is quantised itself; compare with the float model")
    for ends in ("inputs", "outputs"):
        mine, theirs = (
            [list(g.tensor(t).shape) for t in getattr(g, ends)] for g in (coarse, floats)
        )
        if mine != theirs:
            raise UsageError(
                f"{against}: its {ends} are {theirs}, those of {model} {mine}; compare a model "
                "with the float one that it was made from"
            )


def _converted(path: Path) -> bytes:
    from edgepack import compress

    with tempfile.TemporaryDirectory(prefix="edgepack-") as folder:
        out = Path(folder) / "float.tflite"
        compress.convert(path, compress.ConvertSpec(), out)
        return out.read_bytes()
