"""Batch norms with factors that are not negative, the model answering the same.

A negative factor would turn the signs of its channel's integers, and a codebook would need twice
its values. Runs in the worker.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from edgepack.compress.pruning.follow import DEPTHWISE, OPENERS, kind_of
from edgepack.compress.pruning.unroll import unroll
from edgepack.errors import ModelError


def make_upright(model: Any) -> None:
    """Turn, in place, the signs of channels whose batch norm has a negative factor.

    Kernel, bias, mean and factor of the channel change sign together. It is done where the norm
    alone reads the layer, and each is used once; a subclassed model stays as it is.
    """
    try:
        graph = unroll(model, model.name)
    except ModelError:
        return
    uses = Counter(id(call.operation) for call in graph.calls)
    readers = Counter([*graph.outputs, *(t for call in graph.calls for t in call.inputs)])
    makers = {call.outputs[0]: call.operation for call in graph.calls if len(call.outputs) == 1}
    for call in graph.calls:
        layer = makers.get(call.inputs[0]) if call.inputs else None
        alone = readers[call.inputs[0]] == 1 if call.inputs else False
        once = uses[id(layer)] == uses[id(call.operation)] == 1
        if alone and once and _by_channel(call.operation, len(graph.shapes[call.inputs[0]])):
            _turn(layer, call.operation)


def _by_channel(norm: Any, rank: int) -> bool:
    if kind_of(norm) != "BatchNormalization":
        return False
    return norm.axis in (-1, rank - 1, [-1], [rank - 1])


def _turn(layer: Any, norm: Any) -> None:
    kind = kind_of(layer)
    linear = getattr(getattr(layer, "activation", None), "__name__", "") == "linear"
    if not norm.scale or not linear:
        return
    if kind not in (*OPENERS, *DEPTHWISE) or not hasattr(layer, "kernel"):
        return
    sign = np.where(norm.gamma.numpy() < 0.0, -1.0, 1.0).astype(np.float32)
    kernel = layer.kernel.numpy()
    if kind in DEPTHWISE:
        turned = kernel * sign.reshape(kernel.shape[-2:])
    elif kind.endswith("Transpose"):
        turned = kernel * sign[:, None]
    else:
        turned = kernel * sign
    layer.kernel.assign(turned)
    for variable in (getattr(layer, "bias", None), norm.gamma, norm.moving_mean):
        if variable is not None:
            variable.assign(variable.numpy() * sign)
