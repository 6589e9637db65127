"""Random networks by patches of rows give the bits that they give at once."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.board import Board
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.patch_choice import by_patches, patched
from edgepack.compiler.patches import regions
from edgepack.compiler.reader import read_model
from edgepack.graph import Graph
from edgepack.program import LowerSpec, Patching, Program
from tests.kernels import emulated
from tests.kernels.channel_nets import random_net
from tests.kernels.harness import Case, run_programs

SPEC = LowerSpec()


def plain(graph: Graph) -> Program:
    return lower(graph, SPEC)


def nets(seed: int, count: int) -> list[tuple[Case, Graph]]:
    """Networks of which some region splits."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        case = random_net(rng)
        graph = optimise(read_model(case.model, "m"))
        if regions(graph):
            found.append((case, graph))
    return found


def random_patching(graph: Graph, rng: np.random.Generator) -> Patching:
    """The longest region mostly, in any number of patches."""
    found = sorted(regions(graph), key=lambda region: region[1] - region[0])
    start, end = found[-1] if rng.random() < 0.6 else found[rng.integers(0, len(found))]
    rows = graph.tensor(graph.operators[end - 1].outputs[0]).shape[1]
    halo = "keep" if rng.random() < 0.6 else "again"
    return Patching(start, end, int(rng.integers(2, rows + 1)), halo)


def test_patches_change_no_bit(case_count: int) -> None:
    rng = np.random.default_rng(0)
    found = nets(1, case_count)
    patchings = [random_patching(graph, rng) for _, graph in found]
    wholes = [plain(graph) for _, graph in found]
    parts = [
        patched(graph, plain, patching, whole.macs)
        for (_, graph), patching, whole in zip(found, patchings, wholes, strict=True)
    ]
    assert sum(len(p.steps) > 2 * len(w.steps) for p, w in zip(parts, wholes, strict=True)) > 3
    assert sum(p.macs > w.macs for p, w in zip(parts, wholes, strict=True)) > 3
    inputs = [case.inputs for case, _ in found]
    labels = [f"{case.label} {p}" for (case, _), p in zip(found, patchings, strict=True)]
    answers = run_programs([*wholes, *parts], [*inputs, *inputs], [*labels, *labels])
    for one, other, label in zip(answers, answers[len(found) :], labels, strict=False):
        for expected, got in zip(one, other, strict=True):
            assert np.array_equal(expected, got), label


@pytest.mark.parametrize("halo", ["keep", "again"])
def test_rows_that_are_kept_are_not_made_again(halo: str) -> None:
    for _, graph in nets(2, 10):
        whole = plain(graph)
        start, end = max(regions(graph), key=lambda region: region[1] - region[0])
        rows = graph.tensor(graph.operators[end - 1].outputs[0]).shape[1]
        program = patched(graph, plain, Patching(start, end, rows, halo), whole.macs)
        assert program.patching is not None
        assert program.patching.extra_macs == program.macs - whole.macs
        if halo == "keep":
            assert program.patching.extra_macs <= 0  # rows that nobody needs are left out


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an385-m0"])
def test_patches_by_kernels_of_a_board(
    board: str, monkeypatch: pytest.MonkeyPatch, case_count: int
) -> None:
    rng = np.random.default_rng(4)

    def lowered(case: Case, on: Board, name: str) -> Program:
        spec = LowerSpec(isa=frozenset(on.isa))
        graph = optimise(read_model(case.model, name))
        return patched(graph, lambda g: lower(g, spec), random_patching(graph, rng), 0)

    monkeypatch.setattr(emulated, "lowered", lowered)
    found = nets(5, case_count // 8)
    emulated.check_on_board(board, [case for case, _ in found])


def test_the_choice_never_takes_more() -> None:
    lower_ones = 0
    for _, graph in nets(3, 8):
        _, before = by_patches(graph, plain, 1)
        program, plan = by_patches(graph, plain, "auto")
        assert plan.arena_bytes <= before.arena_bytes
        assert (program.patching is None) == (plan.arena_bytes == before.arena_bytes)
        lower_ones += plan.arena_bytes < before.arena_bytes
    assert lower_ones > 0
