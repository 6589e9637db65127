"""An aware model as a float model without rounding, and what it had learned. Runs in the worker.

Batch norm folds into the kernel before it: integer * step * gamma / sigma. The integers stay, the
steps take the factor, and a negative one turns the integers' signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.aware.layers import AwareKernel, FakeQuantize
from edgepack.compress.aware.normal_form import by_channel, norm_factors, norms_after, with_bias
from edgepack.compress.pruning.follow import kind_of
from edgepack.compress.pruning.rebuild import Copies, rebuilt
from edgepack.compress.pruning.unroll import Call, unroll

_OWN = ("bits", "power_of_two", "learned")


@dataclass(frozen=True, slots=True)
class LearnedKernel:
    """A kernel's integers as rows, [channels, weights of one], and a step a row."""

    layer: str
    integers: NDArray[np.int8]
    steps: NDArray[np.float32]
    bits: int


@dataclass(frozen=True, slots=True)
class Folded:
    """The float model; its kernels; and each rounded tensor of it with the layer that rounded."""

    model: Any
    kernels: tuple[LearnedKernel, ...]
    points: tuple[tuple[Any, Any], ...]


def folded(aware: Any, name: str) -> Folded:
    """The float model that answers what `aware` answers, but for the rounding of activations."""
    import keras

    graph = unroll(aware, name)
    norms = norms_after(graph)
    skipped = set(norms.values())
    copies = Copies()
    kernels: dict[Any, LearnedKernel] = {}

    def chain(i: int, call: Call) -> list[Any]:
        layer = call.operation
        if i in skipped or isinstance(layer, FakeQuantize):
            return []
        if not isinstance(layer, AwareKernel):
            return [copies.same(layer)]
        norm = graph.calls[norms[i]].operation if i in norms else None
        key = (id(layer), id(norm))
        kind = getattr(keras.layers, kind_of(layer))
        config, bias, learned, kernel = _without_rounding(layer, norm)
        kernels[key] = learned
        return [copies.of(key, kind, config, [kernel, bias])]

    made = rebuilt(graph, chain)
    copies.give_weights()
    points = tuple(
        (made.tensors[call.outputs[0]], call.operation)
        for call in graph.calls
        if isinstance(call.operation, FakeQuantize)
    )
    return Folded(made.model, tuple(kernels.values()), points)


def _without_rounding(
    layer: Any, norm: Any
) -> tuple[dict[str, Any], NDArray[Any], LearnedKernel, NDArray[Any]]:
    """Configuration, bias, learned integers and float kernel of a layer with its batch norm."""
    kind, integers, steps = kind_of(layer), layer.integers(), layer.steps().astype(np.float64)
    config, bias = with_bias(layer, layer.get_weights())
    config = {key: value for key, value in config.items() if key not in _OWN}
    config = {**config, "kernel_constraint": None, "depthwise_constraint": None}
    if not kind.startswith("Depthwise"):
        del config["depthwise_constraint"]
    else:
        del config["kernel_constraint"]
    signs = np.ones(len(steps), np.int8)
    if norm is not None:
        factor, offset = norm_factors(norm)
        bias = bias * factor + offset
        signs = np.sign(factor).astype(np.int8)
        steps = steps * np.abs(factor.astype(np.float64))
    signs = np.where(steps > 0, signs, 0).astype(np.int8)
    steps = _living(steps).astype(np.float32)
    integers = integers * by_channel(kind, integers, signs)
    kernel = integers * by_channel(kind, integers, steps)
    rows = np.ascontiguousarray(layer.channels_last(integers).T)
    return config, bias, LearnedKernel(layer.name, rows, steps, layer.bits), kernel


def _living(steps: NDArray[Any]) -> NDArray[Any]:
    """Steps of channels that batch norm has switched off: the middle one of the others."""
    living = steps[steps > 0]
    return np.where(steps > 0, steps, np.median(living) if living.size else 1.0)
