"""Fits a Keras model to samples, equal seeds giving equal weights. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.score import is_one_hot
from edgepack.compress.spec import Loss
from edgepack.errors import TrainingError, UsageError

_SETTLE = 40
_SETTLE_SIZE = 128
AfterStep = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FitSpec:
    """How to fit: Adam, its rate falling to 0 along a cosine."""

    epochs: int
    batch_size: int
    learning_rate: float
    loss: Loss
    seed: int
    source: str  # where the samples came from, for messages


def fit(
    model: Any,
    samples: Arrays,
    spec: FitSpec,
    tell: Callable[[int, int, str], None],
    after_step: AfterStep | None = None,
) -> None:
    """Train `model` in place; `after_step(step, steps)` runs once a batch.

    With no epochs, batch norm's statistics alone are taken anew.

    Raises TrainingError where the loss is no longer a number, UsageError where labels do not fit.
    """
    import keras

    y, loss = targets(model, samples, spec)
    steps = spec.epochs * -(-samples.n // spec.batch_size)
    if steps == 0:
        settle_batch_norm(model, samples, spec)
        return
    rate = keras.optimizers.schedules.CosineDecay(spec.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), loss)
    keras.utils.set_random_seed(spec.seed)
    x = list(samples.inputs) if len(samples.inputs) > 1 else samples.inputs[0]
    model.fit(
        x,
        y,
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        shuffle=True,
        verbose=0,
        callbacks=[_watcher(spec, steps, tell, after_step)],
    )
    settle_batch_norm(model, samples, spec)


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


def _watcher(
    spec: FitSpec, steps: int, tell: Callable[[int, int, str], None], after_step: AfterStep | None
) -> Any:
    import keras

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
        step = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.step += 1
            if after_step is not None:
                after_step(self.step, steps)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            loss = float((logs or {}).get("loss", 0.0))
            if not np.isfinite(loss):
                raise TrainingError(
                    f"the loss is {loss} after epoch {epoch + 1}; lower the learning rate "
                    f"({spec.learning_rate}), and look for wild values in {spec.source}"
                )
            tell(epoch + 1, spec.epochs, f"training, loss {loss:.4f}")

    return Watcher()


def targets(model: Any, samples: Arrays, spec: FitSpec) -> tuple[NDArray[Any], Any]:
    """What the model should answer, in the loss's form, and the loss.

    `auto`: classes [n] or one-hot rows want a cross-entropy, 0 and 1 for one output a binary
    one, values of the outputs' shape a mean squared error; without y the inputs are wanted.
    """
    import keras

    if len(model.outputs) != 1:
        raise UsageError(
            f"{spec.source}: the model has {len(model.outputs)} outputs; "
            "fine-tuning knows models of one"
        )
    shape = tuple(model.outputs[0].shape[1:])
    y = samples.inputs[0] if samples.labels is None else samples.labels
    kind = _auto(shape, y) if spec.loss == "auto" else spec.loss
    if kind == "mse" and y.shape[1:] in (shape, ()) and (y.ndim > 1 or shape in ((), (1,))):
        return y.astype(np.float32), keras.losses.MeanSquaredError()
    if kind == "binary" and shape in ((), (1,)) and y.shape[1:] in ((), (1,)):
        logits = not _ends_in(model, "sigmoid")
        return y.astype(np.float32).reshape(-1, *shape), keras.losses.BinaryCrossentropy(logits)
    if kind == "crossentropy" and samples.labels is not None:
        classes = y.argmax(-1) if y.shape[1:] == shape else y
        if classes.shape[1:] == shape[:-1] and 0 <= classes.min() <= classes.max() < shape[-1]:
            logits = not _ends_in(model, "softmax")
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
            return classes.astype(np.int64), loss
    raise UsageError(
        f"{spec.source}: y of shape {list(y.shape)} does not fit outputs "
        f"[n, {', '.join(map(str, shape))}] under the loss {kind!r}; give class indices from 0 "
        "to the number of outputs less one, or values of the outputs' shape"
    )


def _auto(shape: tuple[int, ...], y: NDArray[Any]) -> Loss:
    if shape in ((), (1,)):
        return "binary" if np.isin(y, (0, 1)).all() else "mse"
    if y.shape[1:] == shape:
        return "crossentropy" if is_one_hot(y) else "mse"
    return "crossentropy"


def _ends_in(model: Any, activation: str) -> bool:
    """Whether the layer that makes the output applies `activation`."""
    operation = model.outputs[0]._keras_history.operation
    while hasattr(operation, "outputs") and hasattr(operation, "layers") and operation.layers:
        operation = operation.outputs[0]._keras_history.operation
    named = getattr(getattr(operation, "activation", None), "__name__", "")
    return activation in (named, type(operation).__name__.lower())
