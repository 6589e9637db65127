"""What channels cost: the weights, MACs or a given cost that go when a class of them goes.

A model's cost is a sum of terms, each a coefficient times the number of channels that a layer
reads, times the number it makes. Runs in the worker.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.follow import DEPTHWISE, OPENERS, READERS, kind_of
from edgepack.compress.pruning.groups import Traced
from edgepack.compress.pruning.spec import Target
from edgepack.compress.pruning.unroll import Unrolled


@dataclass(frozen=True, slots=True)
class Term:
    """`factor` * reads * makes; an empty tuple of classes counts as 1."""

    factor: float
    reads: Mapping[int, int]  # how often each class is read
    makes: Mapping[int, int]

    @property
    def size(self) -> float:
        """The term's value with every channel there."""
        return self.factor * _count(self.reads) * _count(self.makes)


@dataclass
class Costs:
    """The cost of a model from which classes are removed one after the other."""

    terms: list[Term]
    fixed: float  # what no channel changes
    left: list[list[int]] = field(init=False)
    uses: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.left = [[_count(term.reads), _count(term.makes)] for term in self.terms]
        self.uses = {}
        for i, term in enumerate(self.terms):
            for root in {*term.reads, *term.makes}:
                self.uses.setdefault(root, []).append(i)

    @property
    def total(self) -> float:
        """The cost of what is left."""
        counts = zip(self.terms, self.left, strict=True)
        return self.fixed + sum(term.factor * reads * makes for term, (reads, makes) in counts)

    def saving(self, roots: tuple[int, ...]) -> float:
        """What goes when these classes go, all at once."""
        gone = 0.0
        for i in {i for root in roots for i in self.uses.get(root, ())}:
            term, (reads, makes) = self.terms[i], self.left[i]
            less = [sum(side.get(root, 0) for root in roots) for side in (term.reads, term.makes)]
            gone += term.factor * (reads * makes - (reads - less[0]) * (makes - less[1]))
        return gone

    def remove(self, roots: tuple[int, ...]) -> None:
        """Take these classes out."""
        for root in roots:
            for i in self.uses.get(root, ()):
                self.left[i][0] -= self.terms[i].reads.get(root, 0)
                self.left[i][1] -= self.terms[i].makes.get(root, 0)


def costs_of(
    graph: Unrolled, traced: Traced, target: Target, given: Mapping[str, float] | None = None
) -> Costs:
    """The model's cost in the unit of `target`; "cost" takes `given`, of a channel by layer.

    Weights are those of kernels; vectors (biases, batch norm) are not counted.
    """
    terms: list[Term] = []
    fixed = 0.0
    seen: set[int] = set()
    for call in graph.calls:
        layer, key = call.operation, id(call.operation)
        if target != "macs" and key in seen:
            continue
        seen.add(key)
        made = Counter(_roots(traced, traced.leaving[key])) if key in traced.leaving else Counter()
        if target == "cost":
            terms.append(Term((given or {}).get(getattr(layer, "name", ""), 0.0), {}, made))
            continue
        if target == "channels":
            terms.extend([Term(1.0, {}, made)] if kind_of(layer) in OPENERS and made else [])
            continue
        times = _positions(graph, call) if target == "macs" else 1
        if key not in traced.leaving or kind_of(layer) not in (*OPENERS, *READERS, *DEPTHWISE):
            fixed += times * sum(math.prod(v.shape) for v in _matrices(layer))
            continue
        reads = Counter(_roots(traced, traced.entering[key][0]))
        for variable in _matrices(layer):
            terms.append(_term(layer, variable, times, reads, made))
    return Costs([term for term in terms if term.factor], fixed)


def _term(
    layer: Any, variable: Any, times: int, reads: Mapping[int, int], made: Mapping[int, int]
) -> Term:
    size = times * math.prod(variable.shape)
    if variable.name == "recurrent_kernel":
        return Term(size, {}, {})
    if kind_of(layer) in READERS or variable.name == "depthwise_kernel":
        return Term(size / _count(reads), reads, {})
    if kind_of(layer) in DEPTHWISE:
        return Term(size / _count(made), {}, made)
    return Term(size / (_count(reads) * _count(made)), reads, made)


def _matrices(layer: Any) -> list[Any]:
    found = getattr(layer, "weights", None) or []
    return [v for v in found if "kernel" in v.name or v.name == "embeddings"]


def _positions(graph: Unrolled, call: Any) -> int:
    """How often each weight is used: once a pixel of the output, or of the input transposed."""
    turned = kind_of(call.operation) == "Conv2DTranspose" or kind_of(call.operation) in READERS
    shape = graph.shapes[call.inputs[0] if turned else call.outputs[0]]
    return math.prod(size or 1 for size in shape[1:-1])


def _roots(traced: Traced, labels: NDArray[np.int64]) -> list[int]:
    return [int(root) for root in traced.classes.roots(labels)]


def _count(side: Mapping[int, int]) -> int:
    return sum(side.values()) if side else 1
