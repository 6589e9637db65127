"""Scores a float model or a .tflite file on labelled samples. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.data import Arrays
from edgepack.compress.spec import Score, TensorFacts
from edgepack.errors import TrainingError, UsageError

Step = Callable[[int, int], None]


def score(outputs: NDArray[Any], samples: Arrays, source: str) -> Score:
    """Accuracy where `samples` hold classes, mean squared error where they hold values.

    Without labels the inputs are the wanted answer where they have the outputs' shape (an
    autoencoder). Raises UsageError where labels and outputs do not fit together.
    """
    if not np.isfinite(outputs).all():
        raise TrainingError(f"{source}: the model answers NaN or infinity to some of the samples")
    labels = samples.labels
    if labels is None:
        labels = samples.inputs[0]
        if labels.shape != outputs.shape:
            raise UsageError(f"{source}: holds no y to score against; add y with the labels")
    if labels.shape == outputs.shape and not is_one_hot(labels):
        if outputs.ndim == 1 or outputs.shape[1:] == (1,):
            return _binary_or_error(outputs, labels, samples.n)
        return Score("mse", _error(outputs, labels), samples.n)
    classes = labels.argmax(-1) if labels.shape == outputs.shape else labels
    if classes.ndim == 1 and outputs.ndim == 2 and outputs.shape[1] == 1:
        return _binary_or_error(outputs[:, 0], classes, samples.n)
    if classes.shape != outputs.shape[:-1]:
        raise UsageError(
            f"{source}: y is {list(labels.shape)}, the model answers {list(outputs.shape)}; "
            "give class indices [n], or values of the outputs' shape"
        )
    return Score("accuracy", float(np.mean(outputs.argmax(-1) == classes)), samples.n)


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Whether each row of `labels` [n, classes > 1] has a single 1 among zeros."""
    if labels.ndim < 2 or labels.shape[-1] < 2:
        return False
    return bool(np.isin(labels, (0, 1)).all() and (labels.sum(-1) == 1).all())


def _binary_or_error(outputs: NDArray[Any], labels: NDArray[Any], n: int) -> Score:
    if np.isin(labels, (0, 1)).all():
        return Score("accuracy", float(np.mean((outputs > 0.5) == (labels > 0.5))), n)
    return Score("mse", _error(outputs, labels), n)


def _error(outputs: NDArray[Any], labels: NDArray[Any]) -> float:
    return float(np.mean(np.square(outputs.astype(np.float64) - labels.astype(np.float64))))


def signature_tensors(content: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """Tensor numbers of a .tflite file's inputs and outputs, by their names in `serve`."""
    import tensorflow as tf

    runner = tf.lite.Interpreter(model_content=content).get_signature_runner("serve")
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    return (
        {name: int(detail["index"]) for name, detail in inputs.items()},
        {name: int(detail["index"]) for name, detail in outputs.items()},
    )


class TfliteModel:
    """A .tflite file in TensorFlow's interpreter with the reference kernels."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = _interpreter(content)
        self._inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        self.inputs = tuple(_facts(row) for row in self._inputs)
        self.outputs = tuple(_facts(row) for row in self._outputs)

    def predict(self, x: tuple[NDArray[Any], ...], step: Step) -> tuple[NDArray[Any], ...]:
        """Float outputs [n, ...] for float inputs [n, ...], one sample at a time."""
        n = len(x[0])
        rows: list[list[NDArray[Any]]] = [[] for _ in self._outputs]
        for i in range(n):
            for facts, detail, values in zip(self.inputs, self._inputs, x, strict=True):
                self._interpreter.set_tensor(
                    detail["index"], quantized(values[i : i + 1], facts, detail["dtype"])
                )
            self._interpreter.invoke()
            for facts, detail, row in zip(self.outputs, self._outputs, rows, strict=True):
                row.append(dequantized(self._interpreter.get_tensor(detail["index"]), facts))
            if i % 64 == 63:
                step(i + 1, n)
        return tuple(np.concatenate(row) for row in rows)


def _interpreter(content: bytes) -> Any:
    """With the reference kernels; with the optimised ones where an operator has no other."""
    import tensorflow as tf

    kinds = tf.lite.experimental.OpResolverType
    for resolver in (kinds.BUILTIN_REF, kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES):
        try:
            made = tf.lite.Interpreter(
                model_content=content, experimental_op_resolver_type=resolver
            )
            made.allocate_tensors()
            return made
        except (ValueError, RuntimeError) as error:
            reason = error
    raise TrainingError(f"TensorFlow's interpreter refuses the file ({str(reason)[:200]})")


def quantized(x: NDArray[Any], facts: TensorFacts, kind: Any) -> NDArray[Any]:
    """`x` in the tensor's type: round(x / scale) + zero point, saturated."""
    if facts.scale == 0.0:
        return x.astype(kind)
    limits = np.iinfo(kind)
    integer = np.round(x / np.float32(facts.scale)) + facts.zero_point
    return np.clip(integer, limits.min, limits.max).astype(kind)


def dequantized(y: NDArray[Any], facts: TensorFacts) -> NDArray[Any]:
    """`y` as real numbers: (y - zero point) * scale."""
    if facts.scale == 0.0:
        return y.astype(np.float32)
    return (y.astype(np.float32) - facts.zero_point) * np.float32(facts.scale)


def _facts(detail: Any) -> TensorFacts:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    kind = np.dtype(detail["dtype"]).name
    return TensorFacts(detail["name"], shape, kind, float(scale), int(zero_point))
