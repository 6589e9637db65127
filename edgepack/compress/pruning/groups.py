"""Which channels of a model live and die together.

Every tensor has one label a channel (the last axis). A convolution or dense layer opens new labels,
other layers pass them on by the rules of follow.py: Add makes pairs of them one, Concatenate
strings them together, Flatten repeats them. What cannot be followed is frozen, and so are the
model's inputs and outputs. Labels made one form a class, the smallest thing that can be removed.
Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgepack.compress.pruning.follow import OPENERS, Labels, Step, follow, kind_of, width_of
from edgepack.compress.pruning.unroll import Unrolled


@dataclass
class Classes:
    """Union-find over labels; a frozen class is never removed."""

    parent: list[int] = field(default_factory=list)
    frozen: dict[int, str] = field(default_factory=dict)  # by root: why

    def open(self, n: int, frozen: str = "") -> Labels:
        """`n` new labels; `frozen` says why they must stay."""
        labels = np.arange(len(self.parent), len(self.parent) + n)
        self.parent.extend(labels.tolist())
        if frozen:
            self.frozen.update(dict.fromkeys(labels.tolist(), frozen))
        return labels

    def root(self, label: int) -> int:
        """The label that stands for the class of `label`."""
        while self.parent[label] != label:
            self.parent[label] = self.parent[self.parent[label]]
            label = self.parent[label]
        return label

    def roots(self, labels: Labels) -> Labels:
        """`root` of each."""
        return np.asarray([self.root(int(label)) for label in labels], np.int64)

    def unite(self, left: Labels, right: Labels) -> None:
        """Make left[i] and right[i] one class, for each i."""
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            first, second = sorted((self.root(a), self.root(b)))
            self.parent[second] = first
            if second in self.frozen:
                self.frozen.setdefault(first, self.frozen[second])

    def freeze(self, labels: Labels, why: str) -> None:
        """Keep these for good."""
        for root in self.roots(labels).tolist():
            self.frozen.setdefault(root, why)


@dataclass(frozen=True)
class Traced:
    """The labels of a model: each layer's at its input and output, by the layer's `id`."""

    classes: Classes
    layers: Mapping[int, Any]
    entering: Mapping[int, tuple[Labels, ...]]
    leaving: Mapping[int, Labels]
    norm_of: Mapping[int, Any]  # id of a convolution -> the batch norm that follows it at once
    tensors: Mapping[int, Labels]  # of each tensor that is made, by its number


def trace(graph: Unrolled) -> Traced:
    """Follow the channels of `graph` from its inputs to its outputs."""
    classes = Classes()
    labels: dict[int, Labels] = {}
    layers: dict[int, Any] = {}
    entering: dict[int, tuple[Labels, ...]] = {}
    leaving: dict[int, Labels] = {}
    norm_of: dict[int, Any] = {}
    maker: dict[int, Any] = {}

    for tensor in graph.inputs:
        labels[tensor] = classes.open(width_of(graph.shapes[tensor]), "the model's input")
    for call in graph.calls:
        key = id(call.operation)
        step = Step(
            call.operation,
            call.arguments,
            tuple(labels[tensor] for tensor in call.inputs),
            tuple(graph.shapes[tensor] for tensor in call.inputs),
            tuple(graph.shapes[tensor] for tensor in call.outputs),
        )
        if key in entering:
            _reuse(classes, entering[key], step)
        made = follow(classes, step)
        layers[key], entering[key] = call.operation, entering.get(key, step.given)
        if made is None:
            made = _opaque(classes, step)
        elif len(made) == 1:
            if key in leaving and len(leaving[key]) == len(made[0]):
                classes.unite(leaving[key], made[0])
            leaving[key] = made[0]
        for tensor, channels in zip(call.outputs, made, strict=True):
            labels[tensor] = channels
            maker[tensor] = call.operation
        before = maker.get(call.inputs[0]) if call.inputs else None
        if kind_of(call.operation) == "BatchNormalization" and kind_of(before) in OPENERS:
            norm_of[id(before)] = call.operation
    given_out = {root for t in graph.outputs for root in classes.roots(labels[t]).tolist()}
    classes.frozen.update(dict.fromkeys(given_out, "the model's output"))
    return Traced(classes, layers, entering, leaving, norm_of, labels)


def _reuse(classes: Classes, first: tuple[Labels, ...], step: Step) -> None:
    """A layer used twice has one set of weights: its inputs are united where they can be."""
    for left, right in zip(first, step.given, strict=False):
        if len(left) == len(right):
            classes.unite(left, right)
        else:
            classes.freeze(left, f"{step.name} is used at two widths")
            classes.freeze(right, f"{step.name} is used at two widths")


def _opaque(classes: Classes, step: Step) -> tuple[Labels, ...]:
    """New, frozen labels behind a layer whose channels cannot be followed."""
    for labels in step.given:
        classes.freeze(labels, f"{step.name} mixes channels in a way that is not followed")
    return tuple(classes.open(width_of(shape), f"made by {step.name}") for shape in step.made)
