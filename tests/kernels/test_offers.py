"""Every way that a board's instruction set offers gives the bits of the portable kernels.

Whether these are the reference's, the tests of the single kernels say.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.costs import merged, random_layers
from edgepack.compiler.lowering import offer
from edgepack.compiler.planner import plan_memory
from edgepack.pipeline.compile import Compiled
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.device import DeviceSpec, attached, sample_bytes
from edgepack.program import LowerSpec, Program
from tests.kernels.emulated import require

BOARDS = ("mps2-an386", "riscv-virt", "mps2-an385-m0", "mps3-an547")
PLAIN = 12  # kinds of layers, the first ones, whose weights have no pattern


def test_all_offers_of_some_layers_agree() -> None:
    check(BOARDS[0], seed=1, layers=1, kinds=PLAIN)


@pytest.mark.long
@pytest.mark.parametrize("name", BOARDS)
def test_all_offers_of_many_layers_agree(name: str, case_count: int) -> None:
    for seed in range(2, 2 + max(1, case_count // 20)):
        check(name, seed, layers=20)


def check(name: str, seed: int, layers: int, kinds: int | None = None) -> None:
    board = require(name)
    drawn = list(random_layers(seed, layers))
    graph = merged(drawn[: layers * kinds] if kinds else drawn)
    spec = LowerSpec(frozenset(board.isa), optimize="speed")
    offered = offer(graph, spec)
    most = max(len(lowered.ways) for lowered in offered.operators)
    assert most > 2
    inputs = sample_bytes(random_samples(graph, 1, seed), 0)
    answers = []
    for way in range(most):
        picks = [min(way, len(lowered.ways) - 1) for lowered in offered.operators]
        answers.append(answer(offered.program(picks), name, inputs))
    kernels = [[step.kernel for way in o.ways for step in way] for o in offered.operators]
    for way, got in enumerate(answers):
        for place, (one, other) in enumerate(zip(answers[0], got, strict=True)):
            assert np.array_equal(one, other), f"{kernels[place]}, way {way}, layer {place}"


def answer(program: Program, name: str, inputs: list[bytes]) -> list[NDArray[np.int8]]:
    board = require(name)
    compiled = Compiled(b"", "layers", program.graph, program, plan_memory(program), board)
    with attached(compiled, board, DeviceSpec()) as running:
        return [np.frombuffer(y, np.int8) for y in running.session.infer(inputs).outputs]
