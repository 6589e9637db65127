"""What a model is trained towards: labels, a teacher's answers, or both. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.score import is_one_hot
from edgepack.compress.spec import Loss
from edgepack.errors import UsageError

_LEAST = 1e-30  # probabilities below are taken for this one
Kind = Literal["crossentropy", "binary", "mse"]


@dataclass(frozen=True, slots=True)
class Distill:
    """A teacher's answers to the samples [n, ...]: logits, or values where values are wanted.

    The loss is `weight` * the distance to the teacher + (1 - weight) * the loss on the labels.
    The distance is T^2 * KL(softmax(teacher / T), softmax(student / T)), T the temperature
    (Hinton, Vinyals, Dean: Distilling the knowledge in a neural network); for values it is the
    mean squared error.
    """

    logits: NDArray[np.float32]
    temperature: float = 4.0
    weight: float = 0.9


@dataclass(frozen=True, slots=True)
class Task:
    """What is wanted of a model's one output: `y` None is the teacher's answers alone.

    `y` holds classes [n, ...] for a cross-entropy, else values of the outputs' shape; `logits`
    says that the model ends before its softmax or sigmoid.
    """

    kind: Kind
    y: NDArray[Any] | None
    logits: bool


def objective(
    model: Any, samples: Arrays, loss: Loss, source: str, distill: Distill | None = None
) -> tuple[NDArray[Any], Any]:
    """What the model should answer, one row a sample, and the loss that compares the two."""
    if distill is None:
        return targets(model, samples, loss, source)
    task = task_of(model, samples, loss, source, taught=True)
    shape = tuple(model.outputs[0].shape[1:])
    if distill.logits.shape != (samples.n, *shape):
        raise UsageError(
            f"{source}: the teacher answers {list(distill.logits.shape)}, the model "
            f"[{', '.join(map(str, (samples.n, *shape)))}]; take a teacher of the same outputs"
        )
    taught = np.asarray(distill.logits, np.float32).reshape(samples.n, *(shape or (1,)))
    if task.y is None:
        return taught, _blend(task, distill, labelled=False)
    labels = task.y[..., None] if task.kind == "crossentropy" else task.y.reshape(taught.shape)
    return np.concatenate([labels.astype(np.float32), taught], -1), _blend(task, distill)


def targets(model: Any, samples: Arrays, loss: Loss, source: str) -> tuple[NDArray[Any], Any]:
    """The labels in the form that the loss wants, and that loss of Keras."""
    import keras

    task = task_of(model, samples, loss, source)
    assert task.y is not None
    if task.kind == "crossentropy":
        return task.y, keras.losses.SparseCategoricalCrossentropy(from_logits=task.logits)
    if task.kind == "binary":
        return task.y, keras.losses.BinaryCrossentropy(task.logits)
    return task.y, keras.losses.MeanSquaredError()


def distilled_by(
    teacher: Any,
    samples: Arrays,
    loss: Loss,
    source: str,
    temperature: float = 4.0,
    weight: float = 0.9,
) -> Distill:
    """The answers of the Keras model `teacher` to `samples`, computed once."""
    task = task_of(teacher, samples, loss, source, taught=True)
    x = list(samples.inputs) if len(samples.inputs) > 1 else samples.inputs[0]
    answers = np.asarray(teacher.predict(x, batch_size=256, verbose=0), np.float32)
    if not np.isfinite(answers).all():
        raise UsageError(f"{source}: the teacher answers NaN or infinity to some of the samples")
    if not task.logits and task.kind == "crossentropy":
        answers = np.log(np.maximum(answers, np.float32(_LEAST)))
    if not task.logits and task.kind == "binary":
        p = np.clip(answers.astype(np.float64), 1e-9, 1.0 - 1e-9)
        answers = np.log(p / (1.0 - p)).astype(np.float32)
    return Distill(answers, temperature, weight)


def _blend(task: Task, distill: Distill, labelled: bool = True) -> Callable[[Any, Any], Any]:
    """The loss over y = [label, teacher's answer] side by side in the last axis."""
    from keras import ops

    distance = {"crossentropy": _divergence, "binary": _binary_divergence, "mse": _error}[task.kind]
    hard = {"crossentropy": _hard_classes, "binary": _hard_binary, "mse": _error}[task.kind]
    t = distill.temperature

    def loss(wanted: Any, answered: Any) -> Any:
        if len(answered.shape) < len(wanted.shape):
            answered = answered[..., None]
        width = answered.shape[-1]
        student = _logits(answered, task)
        soft = distance(wanted[..., -width:], student, t)
        if not labelled:
            return ops.mean(soft)
        plain = hard(wanted[..., :-width], student, 1.0)
        return distill.weight * ops.mean(soft) + (1.0 - distill.weight) * ops.mean(plain)

    return loss


def _logits(answered: Any, task: Task) -> Any:
    from keras import ops

    if task.logits or task.kind == "mse":
        return answered
    if task.kind == "crossentropy":
        return ops.log(ops.maximum(answered, _LEAST))
    p = ops.clip(answered, 1e-7, 1.0 - 1e-7)
    return ops.log(p) - ops.log(1.0 - p)


def _divergence(teacher: Any, student: Any, t: float) -> Any:
    from keras import ops

    p = ops.log_softmax(teacher / t, axis=-1)
    q = ops.log_softmax(student / t, axis=-1)
    return t * t * ops.sum(ops.exp(p) * (p - q), axis=-1)


def _binary_divergence(teacher: Any, student: Any, t: float) -> Any:
    from keras import ops

    p = ops.sigmoid(teacher / t)
    given = ops.binary_crossentropy(p, student / t, from_logits=True)
    return t * t * (given - ops.binary_crossentropy(p, teacher / t, from_logits=True))


def _hard_classes(labels: Any, student: Any, t: float) -> Any:
    from keras import ops

    classes = ops.cast(labels[..., 0], "int32")
    return ops.sparse_categorical_crossentropy(classes, student, from_logits=True)


def _hard_binary(labels: Any, student: Any, t: float) -> Any:
    from keras import ops

    return ops.binary_crossentropy(labels, student, from_logits=True)


def _error(wanted: Any, answered: Any, t: float) -> Any:
    from keras import ops

    return ops.square(wanted - answered)


def task_of(model: Any, samples: Arrays, loss: Loss, source: str, *, taught: bool = False) -> Task:
    """What the labels want of the model.

    `auto`: classes [n] or one-hot rows want a cross-entropy, 0 and 1 for one output a binary
    one, values of the outputs' shape a mean squared error; without y the inputs are wanted, or,
    of a model that is `taught`, the teacher's answers alone where the inputs are of another shape.
    """
    if len(model.outputs) != 1:
        raise UsageError(
            f"{source}: the model has {len(model.outputs)} outputs; fine-tuning knows models of one"
        )
    shape = tuple(model.outputs[0].shape[1:])
    soft, binary = _ends_in(model, "softmax"), _ends_in(model, "sigmoid")
    y = samples.inputs[0] if samples.labels is None else samples.labels
    if taught and samples.labels is None and (y.shape[1:] != shape or soft):
        kind = _unlabelled(shape, soft, binary) if loss == "auto" else loss
        return Task(kind, None, not (soft if kind == "crossentropy" else binary))
    kind = _auto(shape, y) if loss == "auto" else loss
    if kind == "mse" and y.shape[1:] in (shape, ()) and (y.ndim > 1 or shape in ((), (1,))):
        return Task("mse", y.astype(np.float32), False)
    if kind == "binary" and shape in ((), (1,)) and y.shape[1:] in ((), (1,)):
        return Task("binary", y.astype(np.float32).reshape(-1, *shape), not binary)
    if kind == "crossentropy" and samples.labels is not None:
        classes = y.argmax(-1) if y.shape[1:] == shape else y
        whole = classes.dtype.kind != "f" or bool((classes == np.trunc(classes)).all())
        if (
            whole
            and classes.shape[1:] == shape[:-1]
            and 0 <= classes.min() <= classes.max() < shape[-1]
        ):
            return Task("crossentropy", classes.astype(np.int64), not soft)
    if samples.labels is None:
        raise UsageError(
            f"{source}: holds no labels y, and the model does not answer its inputs again; add y, "
            "or name a teacher to learn from"
        )
    of_classes = kind == "crossentropy" and y.ndim == len(shape) and y.size > 0
    range_of = f", from {y.min():g} to {y.max():g}," if of_classes else ""
    raise UsageError(
        f"{source}: y of shape {list(y.shape)}{range_of} does not fit outputs "
        f"[n, {', '.join(map(str, shape))}] under the loss {kind!r}; give class indices from 0 "
        "to the number of outputs less one, or values of the outputs' shape"
    )


def _unlabelled(shape: tuple[int, ...], soft: bool, binary: bool) -> Kind:
    if soft:
        return "crossentropy"
    return "binary" if binary and shape in ((), (1,)) else "mse"


def _auto(shape: tuple[int, ...], y: NDArray[Any]) -> Kind:
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
