"""Fits a Keras model to samples, equal seeds giving equal weights. Runs in the worker.

The one place that trains: Keras' own `fit` over one pipeline of arrays. A teacher's answers are
computed once and lie beside the labels in y, so that distillation is a loss like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.spec import Loss
from edgepack.compress.tuning.objective import Distill, objective
from edgepack.errors import TrainingError

_SETTLE = 40
_SETTLE_SIZE = 128
_LOOK_EVERY = 64  # batches between two looks at the loss
AfterStep = Callable[[int, int], None]
Augment = Callable[[Any, Any], Any]
"""(inputs as the model takes them [b, ...], a seed int64 [2]) -> inputs, in TensorFlow operations.

Each batch has its own seed, for `tf.random.stateless_*`.
"""


class Diverged(TrainingError):
    """Training went wrong; `model` holds the weights after the last good epoch, where one was."""

    def __init__(self, message: str, model: Any) -> None:
        super().__init__(message)
        self.model = model


@dataclass(frozen=True, slots=True)
class FitSpec:
    """How to fit: Adam, its rate falling to 0 along a cosine."""

    epochs: int
    batch_size: int
    learning_rate: float
    loss: Loss
    seed: int
    source: str  # where the samples came from, for messages
    distill: Distill | None = None
    augment: Augment | None = None


def fit(
    model: Any,
    samples: Arrays,
    spec: FitSpec,
    tell: Callable[[int, int, str], None],
    after_step: AfterStep | None = None,
    *,
    at: Collection[int] | None = None,
    optimizer: Callable[[Any], Any] | None = None,
) -> tuple[float, ...]:
    """Train `model` in place, and give the loss of each epoch.

    `after_step(step, steps)` runs after the steps in `at` (None: after each one), steps counted
    from 1 over all epochs. `optimizer` makes one of a learning rate schedule; None is Adam. With
    no epochs, batch norm's statistics alone are taken anew.

    Raises Diverged where the loss or a weight is no longer a number, the model then holding
    the weights after the last good epoch; UsageError where labels or teacher do not fit.
    """
    import keras

    y, loss = objective(model, samples, spec.loss, spec.source, spec.distill)
    each = -(-samples.n // spec.batch_size)
    steps = spec.epochs * each
    losses: list[float] = []
    if steps > 0:
        rate = keras.optimizers.schedules.CosineDecay(spec.learning_rate, steps)
        model.compile((optimizer or keras.optimizers.Adam)(rate), loss)
        keras.utils.set_random_seed(spec.seed)
        watcher = _watcher(spec, each, losses, tell)
        hooks = [] if after_step is None else [_hook(steps, after_step, at)]
        model.fit(
            _batches(samples, y, spec),
            epochs=spec.epochs,
            steps_per_epoch=each,
            shuffle=False,
            verbose=0,
            callbacks=[*hooks, watcher],
        )
        if watcher.trouble:
            raise Diverged(watcher.trouble, model if losses else None)
    settle_batch_norm(model, samples, spec)
    return tuple(losses)


def _batches(samples: Arrays, y: NDArray[Any], spec: FitSpec) -> Any:
    """(x, y) batch by batch, in a new order each epoch."""
    import tensorflow as tf

    inputs = tuple(tf.constant(x) for x in samples.inputs)
    wanted = tf.constant(y)

    def batch(number: Any, chosen: Any) -> Any:
        x = tuple(tf.gather(column, chosen) for column in inputs)
        given = x if len(x) > 1 else x[0]
        if spec.augment is not None:
            given = spec.augment(given, tf.stack([tf.constant(spec.seed, tf.int64), number]))
        return given, tf.gather(wanted, chosen)

    order = tf.data.Dataset.range(samples.n).shuffle(samples.n, spec.seed)
    batches = order.batch(spec.batch_size).repeat(spec.epochs)
    return batches.enumerate().map(batch).prefetch(2)


def _hook(steps: int, after_step: AfterStep, at: Collection[int] | None) -> Any:
    import keras

    class Hook(keras.callbacks.Callback):  # type: ignore[misc]
        step = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.step += 1
            if at is None or self.step in at:
                after_step(self.step, steps)

    return Hook()


def _watcher(
    spec: FitSpec, each: int, losses: list[float], tell: Callable[[int, int, str], None]
) -> Any:
    """Keeps the weights after each good epoch, and gives them back where an epoch goes wrong."""
    import keras

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
        trouble = ""

        def on_train_begin(self, logs: Any = None) -> None:
            self.good = self.model.get_weights()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch % _LOOK_EVERY == 0 and not np.isfinite(float((logs or {}).get("loss", 0.0))):
                self.stop(len(losses) + 1, f"batch {batch + 1} of {each} of ", "the loss")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.trouble:
                return
            loss = float((logs or {}).get("loss", 0.0))
            weights = self.model.get_weights()
            if not np.isfinite(loss):
                self.stop(epoch + 1, "", "the loss")
            elif not all(np.isfinite(w).all() for w in weights if w.dtype.kind == "f"):
                self.stop(epoch + 1, "", "a weight")
            else:
                self.good = weights
                losses.append(loss)
                tell(epoch + 1, spec.epochs, f"training, loss {loss:.4f}")

        def stop(self, epoch: int, where: str, what: str) -> None:
            after = f"after epoch {epoch - 1}" if epoch > 1 else "from before training"
            self.trouble = (
                f"{what} is no longer a number in {where}epoch {epoch} of {spec.epochs}; the model "
                f"keeps its weights {after}. Lower the learning rate ({spec.learning_rate}), and "
                f"look for wild values in {spec.source}"
            )
            self.model.stop_training = True
            self.model.set_weights(self.good)

    return Watcher()


def settle_batch_norm(model: Any, samples: Arrays, spec: FitSpec) -> None:
    """Set batch norm's statistics to the plain mean over `_SETTLE` batches.

    The running means that training leaves lag behind the weights, the more the fewer its steps.
    """
    import keras

    norms = [n for n in _layers(model, keras.layers.BatchNormalization) if n.trainable]
    drops = _layers(model, keras.layers.Dropout)
    momenta, rates = [n.momentum for n in norms], [d.rate for d in drops]
    if not norms:
        return
    order = np.random.default_rng(spec.seed).permutation(samples.n)
    size = max(spec.batch_size, min(samples.n, _SETTLE_SIZE))
    try:
        for drop in drops:
            drop.rate = 0.0
        for i in range(_SETTLE):
            for norm in norms:
                norm.momentum = i / (i + 1)
            chosen = np.take(order, range(i * size, (i + 1) * size), mode="wrap")
            x = samples.take(chosen).inputs
            model(list(x) if len(x) > 1 else x[0], training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for drop, rate in zip(drops, rates, strict=True):
            drop.rate = rate


def _layers(model: Any, kind: type) -> list[Any]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]
