"""Layers whose weights are zero by a pattern, take few values, or are scaled by powers of two."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Set
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.board import Board
from edgepack.compiler.lowering import Offered, offer
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.program import Isa, Program
from tests.kernels.harness import Case

Pattern = Literal["blocks", "single", "n:m"]
RATES = (0.0, 0.3, 0.5, 0.75, 0.95, 1.0)


def thinned(
    rng: np.random.Generator, weights: NDArray[np.generic], pattern: Pattern, rate: float
) -> NDArray[np.generic]:
    """Weights [out, ...] of which about so many are zero, along the flattened rest."""
    rows = weights.reshape(len(weights), -1).copy()
    depth = rows.shape[1]
    if pattern == "single":
        rows[rng.random(rows.shape) < rate] = 0
    elif pattern == "blocks":
        gone = rng.random((len(rows), -(-depth // 4))) < rate
        rows[np.repeat(gone, 4, axis=1)[:, :depth]] = 0
    else:
        order = rng.permuted(np.tile(np.arange(4), (len(rows), -(-depth // 4), 1)), axis=2)
        rows[order.reshape(len(rows), -1)[:, :depth] < round(4 * rate)] = 0
    return rows.reshape(weights.shape)


def kernels_of(case: Case, isa: Set[Isa]) -> set[str]:
    """The kernels of all ways that are offered."""
    offered = _offered(case, isa, "m")
    return {step.kernel for o in offered.operators for way in o.ways for step in way}


def picked(case: Case, isa: Set[Isa], name: str, kernels: Set[str]) -> Program:
    """The case by the first way of these kernels where one is offered, else the portable way."""
    found = _offered(case, isa, name)
    picks = [
        next((n for n, way in enumerate(o.ways) if way and way[0].kernel in kernels), 0)
        for o in found.operators
    ]
    return found.program(picks)


def _offered(case: Case, isa: Set[Isa], name: str) -> Offered:
    graph = read_model(case.model, name)
    graph = optimise(graph) if case.optimise else graph
    return offer(graph, dataclasses.replace(case.spec, isa=frozenset(isa)))


def by(kernels: Set[str]) -> Callable[[Case, Board, str], Program]:
    """A function in the place of emulated.lowered that picks these kernels."""

    def lowered(case: Case, board: Board, name: str) -> Program:
        return picked(case, board.isa, name, kernels)

    return lowered
