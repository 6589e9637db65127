"""Accuracy, AUC and the confusion matrix, from outputs and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepack.errors import UsageError
from edgepack.graph import Graph
from edgepack.pipeline.data import Array, Samples, dequantize
from edgepack.results import Confusion

MAX_CONFUSION = 64


def score(metric: str, outputs: tuple[Array, ...], samples: Samples, graph: Graph) -> float:
    """The metric of the first output over all samples; see `accuracy` and `auc`."""
    assert samples.labels is not None
    real = dequantize(outputs[0], graph.tensor(graph.outputs[0]))
    if metric == "accuracy":
        return accuracy(real, samples.labels)
    source = dequantize(samples.inputs[0], graph.tensor(graph.inputs[0]))
    if source[0].size != real[0].size:
        raise UsageError(
            f"metric 'auc' compares output with input, but the output has {real[0].size} values "
            f"and the input {source[0].size}; use 'accuracy'"
        )
    n = len(real)
    errors = np.mean((source.reshape(n, -1) - real.reshape(n, -1)) ** 2, axis=1)
    return auc(_by_group(errors, samples), samples.labels)


def require_scorable(metric: str, samples: Samples, graph: Graph) -> None:
    """UsageError where labelled samples do not fit the metric; asked before a board answers."""
    if samples.labels is not None:
        output = graph.tensor(graph.outputs[0])
        shape = output.shape[1:] if output.shape[:1] == (1,) else output.shape
        score(metric, (np.zeros((samples.n, *shape), output.dtype.numpy),), samples, graph)


def predictions(real: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class of each sample [n]: the largest output, or 0.5 as the threshold of a single one."""
    flat = real.reshape(len(real), -1)
    return (flat[:, 0] > 0.5).astype(np.int64) if flat.shape[1] == 1 else flat.argmax(axis=1)


def accuracy(real: NDArray[np.float64], labels: Array) -> float:
    """The share of samples whose prediction is the label."""
    if len(labels) != len(real):
        raise UsageError(f"{len(labels)} labels for {len(real)} samples; each needs one")
    return float(np.mean(predictions(real) == labels))


def auc(errors: NDArray[np.float64], labels: Array) -> float:
    """The chance that an anomaly (label 1) has a larger error than a normal item; ties count half.

    The Mann-Whitney statistic, by ranks.
    """
    if len(labels) != len(errors):
        raise UsageError(f"{len(labels)} labels for {len(errors)} items; each needs one")
    positive = labels.astype(bool)
    if positive.all() or not positive.any():
        raise UsageError("metric 'auc' needs labels of both kinds, 0 and 1")
    _, inverse, counts = np.unique(errors, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    below = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(below / (n_positive * n_negative))


def confusion(outputs: tuple[Array, ...], samples: Samples, graph: Graph) -> Confusion | None:
    """Counts [truth][answer], or None where there are too many classes to read."""
    assert samples.labels is not None
    real = dequantize(outputs[0], graph.tensor(graph.outputs[0]))
    answers, truth = predictions(real), samples.labels.astype(np.int64)
    classes = int(max(answers.max(), truth.max(), real[0].size - 1)) + 1
    if classes > MAX_CONFUSION or truth.min() < 0:
        return None
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, answers), 1)
    rows = tuple(tuple(int(v) for v in row) for row in counts)
    return Confusion(tuple(str(c) for c in range(classes)), rows)


def _by_group(errors: NDArray[np.float64], samples: Samples) -> NDArray[np.float64]:
    if samples.group is None:
        return errors
    groups = np.unique(samples.group)
    return np.array([errors[samples.group == g].mean() for g in groups])
