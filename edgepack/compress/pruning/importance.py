"""How much each class of channels matters: by its weights, its batch norm, or on data.

Every function gives a number a class, by its root; larger matters more. Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.pruning.follow import OPENERS, kind_of
from edgepack.compress.pruning.groups import Traced
from edgepack.compress.pruning.running import reads_of, run
from edgepack.compress.pruning.unroll import Call, Unrolled
from edgepack.errors import UsageError

ON_DATA = ("activity", "variance", "taylor")
COMPARABLE = ("scale", "activity", "taylor")  # across layers as they are; others by a layer's mean
_BATCH = 64
_SAMPLES = 2048  # of those given, drawn at random

Scores = dict[int, float]
SampleLoss = Callable[[Any, Any], Any]  # (y, outputs) to the loss of each sample


def openers_of(traced: Traced) -> dict[int, Any]:
    """The layers that make channels of their own, by `id`."""
    return {
        key: layer
        for key, layer in traced.layers.items()
        if kind_of(layer) in OPENERS and key in traced.leaving
    }


def by_weights(traced: Traced, kind: str) -> Scores:
    """Norms ("l1", "l2") of what makes a channel, or the size of its batch norm's scale.

    With "scale" a class that no batch norm scales has no score.
    """
    strength: Scores = {}
    for key, layer in openers_of(traced).items():
        norm = traced.norm_of.get(key)
        if kind == "scale":
            if norm is None or not norm.scale:
                continue
            values = np.abs(np.asarray(norm.gamma, np.float64))
        else:
            values = channel_strength(layer, norm, kind)
        for root, value in zip(traced.classes.roots(traced.leaving[key]), values, strict=True):
            strength[int(root)] = strength.get(int(root), 0.0) + float(value)
    return strength


def channel_strength(layer: Any, norm: Any, kind: str) -> NDArray[np.float64]:
    """Mean |w| (or root mean square) of each output channel, times |gamma| / sigma of `norm`."""
    by_name = {v.name: np.asarray(v, np.float64) for v in layer.weights}
    kernel = by_name.get("pointwise_kernel", by_name.get("kernel"))
    assert kernel is not None
    if kind_of(layer) == "Conv2DTranspose":
        kernel = np.swapaxes(kernel, -1, -2)
    flat = kernel.reshape(-1, kernel.shape[-1])
    strength = np.sqrt(np.square(flat).mean(0)) if kind == "l2" else np.abs(flat).mean(0)
    if norm is not None:
        sigma = np.sqrt(np.asarray(norm.moving_variance, np.float64) + norm.epsilon)
        gamma = np.abs(np.asarray(norm.gamma, np.float64)) if norm.scale else 1.0
        strength = strength * gamma / sigma
    return np.asarray(strength, np.float64)


def by_answers(
    graph: Unrolled, traced: Traced, kind: str, samples: Arrays, seed: int, source: str
) -> Scores:
    """What a channel does where it is read, over samples and positions.

    "activity" is the share of values that are not zero (1 - APoZ), "variance" the variance;
    the mean over all places that read the channel. Raises UsageError where no value is zero.
    """
    import tensorflow as tf

    reads = reads_of(traced)

    @tf.function  # type: ignore[untyped-decorator]
    def sums(*inputs: Any) -> dict[str, list[Any]]:
        seen: dict[str, list[Any]] = {}

        def look(call: Call, given: list[Any]) -> list[Any]:
            if id(call.operation) in reads:
                flat = tf.reshape(given[0], (-1, given[0].shape[-1]))
                zero = tf.cast(tf.equal(flat, 0.0), tf.float32)
                seen[str(len(seen)) + f"/{id(call.operation)}"] = [
                    tf.cast(tf.shape(flat)[0], tf.float32),
                    tf.reduce_sum(zero, 0),
                    tf.reduce_sum(flat, 0),
                    tf.reduce_sum(tf.square(flat), 0),
                ]
            return given

        run(graph, inputs, look)
        return seen

    totals: dict[str, list[NDArray[np.float64]]] = {}
    for batch in _batches(samples, seed):
        for place, values in sums(*batch.inputs).items():
            before = totals.setdefault(place, [np.zeros(()) for _ in values])
            totals[place] = [
                total + np.asarray(value, np.float64)
                for total, value in zip(before, values, strict=True)
            ]
    found: dict[int, list[float]] = {}
    zeros = 0.0
    for place, (n, zero, total, squares) in totals.items():
        zeros += float(zero.sum())
        spread = np.maximum(squares / n - np.square(total / n), 0.0)
        values = 1.0 - zero / n if kind == "activity" else spread
        for root, value in zip(reads[int(place.split("/")[1])], values, strict=True):
            found.setdefault(int(root), []).append(float(value))
    if kind == "activity" and zeros == 0.0:
        raise UsageError(
            f"{source}: no value is zero where channels are read, so 'activity' tells them not "
            "apart (it counts what ReLU cuts off); take 'variance', 'taylor' or a norm"
        )
    return {root: float(np.mean(values)) for root, values in found.items()}


def by_gradient(
    graph: Unrolled, traced: Traced, samples: Arrays, y: Any, loss: SampleLoss, seed: int
) -> Scores:
    """The mean over samples of the squared gradient of the loss by a gate on each class.

    The gate is 1 and multiplies the class wherever it is read, so its gradient is the first-order
    change of the loss when the class is zeroed (Molchanov et al., 2017, with gates).
    """
    import tensorflow as tf

    reads = reads_of(traced)
    live = sorted({int(r) for roots in reads.values() for r in roots} - set(traced.classes.frozen))
    column = {root: i + 1 for i, root in enumerate(live)}  # column 0 is of the frozen ones
    places = {
        key: np.asarray([column.get(int(root), 0) for root in roots])
        for key, roots in reads.items()
    }

    @tf.function  # type: ignore[untyped-decorator]
    def squares(wanted: Any, *inputs: Any) -> Any:
        gates = tf.ones((tf.shape(inputs[0])[0], len(live) + 1))

        def gate(call: Call, given: list[Any]) -> list[Any]:
            place = places.get(id(call.operation))
            if place is None:
                return given
            factor = tf.gather(gates, place, axis=1)
            for _ in range(len(given[0].shape) - 2):
                factor = tf.expand_dims(factor, 1)
            return [given[0] * factor, *given[1:]]

        with tf.GradientTape() as tape:
            tape.watch(gates)
            outputs = run(graph, inputs, gate)[graph.outputs[0]]
            total = tf.reduce_sum(loss(wanted, outputs))
        return tf.reduce_sum(tf.square(tape.gradient(total, gates)), 0)

    sums = np.zeros(len(live) + 1)
    n = 0
    for batch in _batches(Arrays(samples.inputs, y), seed):
        sums += np.asarray(squares(batch.labels, *batch.inputs), np.float64)
        n += batch.n
    return {root: float(sums[i] / n) for root, i in column.items()}


def _batches(samples: Arrays, seed: int) -> Iterator[Arrays]:
    """Whole batches of samples drawn at random: files may be sorted by class."""
    drawn = samples.drawn(_SAMPLES, seed)
    size = min(_BATCH, drawn.n)
    for first in range(0, drawn.n - size + 1, size):
        yield drawn.take(np.arange(first, first + size))


def relative(scores: Mapping[int, float], roots: tuple[int, ...], kind: str) -> NDArray[np.float64]:
    """The scores of one group, as they are compared with those of others."""
    values = np.asarray([scores[root] for root in roots])
    return values if kind in COMPARABLE else values / (values.mean() or 1.0)
