"""Weights stored by their zeros or their values, on every core, against the reference."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack import oracle
from edgepack.board import load_board
from edgepack.compiler.variants import sparse_rows
from tests.kernels import emulated
from tests.kernels.harness import Case, run_programs
from tests.kernels.sparse_cases import RATES, Pattern, by, kernels_of, picked
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_fully_connected import random_layer as random_dense
from tests.kernels.weighted_cases import Layer, quantised_case

KINDS = ("blocks", "single", "nm", "book", "few")
BOARDS = (
    "mps2-an385-m0",
    "riscv-virt",
    *(pytest.param(name, marks=pytest.mark.long) for name in ("mps2-an386", "mps3-an547")),
)
PATTERNS: dict[str, Pattern] = {"blocks": "blocks", "single": "single", "nm": "n:m"}
VALUES = {"book": 16, "few": 4}


def draw(kind: str, count: int, seed: int) -> list[Case]:
    """Convolutions and dense layers that the kind's kernels are offered for."""
    rng = np.random.default_rng(seed)
    cases: list[Case] = []
    for number in range(40 * count):
        make = random_dense if number % 2 else random_layer
        case = quantised_case(rng, _patterned(rng, make(rng, number), kind, number))
        if kernel(kind, number) in kernels_of(case, set()):
            cases.append(case)
        if len(cases) == count:
            break
    assert len(cases) == count
    return cases


def kernel(kind: str, number: int) -> str:
    return f"ep_sparse_{kind}_{'dense' if number % 2 else 'conv'}_s8"


def both(kind: str) -> set[str]:
    return {kernel(kind, 0), kernel(kind, 1)}


def _patterned(rng: np.random.Generator, layer: Layer, kind: str, number: int) -> Layer:
    layer = dataclasses.replace(layer, gain=max(layer.gain, 0.1))
    if kind in VALUES:
        return dataclasses.replace(layer, values=int(rng.integers(2, VALUES[kind] + 1)))
    rate = (0.5, 0.75)[number % 4 // 2] if kind == "nm" else RATES[1 + number % 5]
    if kind == "nm":
        layer = _deep(layer, rng)
    return dataclasses.replace(layer, zeros=rate, pattern=PATTERNS[kind])


def _deep(layer: Layer, rng: np.random.Generator) -> Layer:
    """With whole bytes of places."""
    depth = 16 * int(rng.integers(1, 5))
    if layer.kind == "FULLY_CONNECTED":
        y = (1, layer.channels)
        options = {**layer.options, "keep_num_dims": False}
        return dataclasses.replace(
            layer, x=(1, depth), w=(layer.channels, depth), y=y, options=options
        )
    if layer.w[3] != layer.x[3]:
        return layer
    return dataclasses.replace(layer, x=(*layer.x[:3], depth), w=(*layer.w[:3], depth))


@pytest.mark.parametrize("kind", KINDS)
def test_on_the_host(kind: str, case_count: int) -> None:
    cases = draw(kind, max(4, case_count // 5), 91)
    programs = [picked(case, set(), "", both(kind)) for case in cases]
    used = [program.steps[-1].kernel for program in programs]
    assert set(used) == both(kind)
    answers = run_programs(programs, [c.inputs for c in cases], [c.label for c in cases])
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, answer, expected in zip(cases, answers, references, strict=True):
        assert isinstance(expected, oracle.ReferenceRun), f"{case.label}: {expected}"
        for got, want in zip(answer, expected.outputs, strict=True):
            assert got.tobytes() == want.tobytes(), case.label


@pytest.mark.parametrize("name", BOARDS)
def test_on_boards(name: str, case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case for kind in KINDS for case in draw(kind, max(2, case_count // 20), 92)]
    kernels = set().union(*map(both, KINDS))
    monkeypatch.setattr(emulated, "lowered", by(kernels))
    answers = emulated.check_on_board(name, cases)
    assert all(kernels.intersection(answer.kernels) for answer in answers)


def test_what_takes_less_is_offered() -> None:
    rng = np.random.default_rng(93)
    dense = rng.integers(-127, 128, (8, 32)).astype(np.int8)
    assert not list(sparse_rows.packed(dense))
    half = dense.copy()
    half[:, ::2] = 0
    assert [kind for kind, *_ in sparse_rows.packed(half)] == ["single", "nm"]
    board = load_board("mps2-an386")
    case = quantised_case(rng, Layer("FULLY_CONNECTED", (1, 32), (8, 32), (1, 8), {}, 8))
    assert not any("sparse" in k or "blocks" in k for k in kernels_of(case, set(board.isa)))
