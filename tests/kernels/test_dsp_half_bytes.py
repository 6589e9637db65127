"""Convolutions with weights of four bits, as Cortex-M4 runs them, against the reference."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.board import Board
from edgepack.compiler.lowering import offer
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.program import Program
from tests.kernels import emulated
from tests.kernels.harness import Case
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_dsp_conv import wider
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps2-an386"
KERNELS = {"ep_chain_1x1_s4", "ep_chain_conv_s4"}


def halved(case: Case, board: Board, name: str) -> Program:
    """The case by weights of half bytes where they are offered."""
    graph = read_model(case.model, name)
    graph = optimise(graph) if case.optimise else graph
    found = offer(graph, dataclasses.replace(case.spec, isa=frozenset(board.isa)))
    picks = [
        next((n for n, way in enumerate(o.ways) if way and way[0].kernel in KERNELS), 0)
        for o in found.operators
    ]
    return found.program(picks)


def test_random_convolutions(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated, "lowered", halved)
    rng = np.random.default_rng(71)
    cases = []
    for number in range(2 * case_count):
        layer = dataclasses.replace(
            random_layer(rng, number), weights="int4", gain=0.3 + number % 5
        )
        extreme = layer.extreme
        layer = wider(layer, rng) if number % 3 == 2 else layer
        cases.append(
            quantised_case(rng, dataclasses.replace(layer, extreme=extreme, weights="int4"))
        )
    answers = emulated.check_on_board(BOARD, cases)
    used = [KERNELS.intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) == KERNELS
