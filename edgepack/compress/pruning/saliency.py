"""How much single weights matter: their size, their movement, or their part in the loss.

Every function gives an array of each kernel's shape; larger matters more. Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.kernels import Kernel
from edgepack.compress.tuning.lesson import Lesson
from edgepack.compress.tuning.objective import objective
from edgepack.compress.tuning.spec import WeightsSpec

_SAMPLES = 512  # of those given, drawn at random
_BATCH = 64
Scores = list[NDArray[Any]]


def magnitudes(kernels: Sequence[Kernel]) -> Scores:
    """|w|."""
    return [np.abs(kernel.values) for kernel in kernels]


class Movement:
    """The sum of w * (change of w) since the last look: positive where a weight leaves zero.

    Sanh, Wolf, Rush: Movement pruning. The change is the optimiser's, not the plain gradient.
    """

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self._kernels = kernels
        self._last = [kernel.values for kernel in kernels]
        self._sums = [np.zeros_like(last) for last in self._last]

    def __call__(self) -> Scores:
        """The scores after another look at the weights."""
        now = [kernel.values for kernel in self._kernels]
        for sums, new, old in zip(self._sums, now, self._last, strict=True):
            sums += new * (new - old)
        self._last = now
        return [sums.copy() for sums in self._sums]


def taylor(
    model: Any, kernels: Sequence[Kernel], spec: WeightsSpec, lesson: Lesson
) -> Callable[[], Scores]:
    """A function that gives the sum over batches of (gradient * w)^2, of the weights as they are.

    Molchanov and others: Importance estimation for neural network pruning.
    """
    import tensorflow as tf

    y, loss = objective(model, lesson.samples, spec.loss, lesson.source, lesson.distill)
    order = np.random.default_rng(spec.seed).permutation(lesson.samples.n)[:_SAMPLES]
    inputs, wanted = lesson.samples.take(order).inputs, y[order]
    variables = [kernel.variable.value for kernel in kernels]

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,unused-ignore]
    def squares(x: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(target, model(x, training=False)))
        gradients = tape.gradient(value, variables, unconnected_gradients="zero")
        return [tf.square(g * w) for g, w in zip(gradients, variables, strict=True)]

    def scores() -> Scores:
        total = [np.zeros(kernel.variable.shape, np.float64) for kernel in kernels]
        for start in range(0, len(order), _BATCH):
            x = [tf.constant(column[start : start + _BATCH]) for column in inputs]
            parts = squares(x if len(x) > 1 else x[0], tf.constant(wanted[start : start + _BATCH]))
            for sums, part in zip(total, parts, strict=True):
                sums += part.numpy()
        return list(total)

    return scores
