"""Weights of few bits, unpacked before kernels of bytes read them, against the reference."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.compiler.lowering import offer
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec, Program
from tests.kernels import emulated
from tests.kernels.few_bits_cases import (
    check_on_host,
    convolutions,
    dense_layers,
    depthwise_layers,
)
from tests.kernels.harness import Case
from tests.kernels.weighted_cases import quantised_case

BOARDS = ("mps2-an385-m0", "mps2-an385", "mps2-an386", "mps3-an547", "riscv-virt")


def draw(seed: int, bits: int, count: int) -> list[Case]:
    """Of all layers with weights, as many each."""
    rng = np.random.default_rng(seed)
    layers = [
        *convolutions(rng, bits, count),
        *depthwise_layers(rng, bits, count),
        *dense_layers(rng, bits, count),
    ]
    return [quantised_case(rng, layer) for layer in layers]


def unpacked(case: Case, isa: frozenset[str], number: int) -> Program:
    """The case by one of the ways that unpack its weights."""
    spec = dataclasses.replace(case.spec, isa=isa)
    found = offer(read_model(case.model, f"m{number}"), spec)
    picks = []
    for operator in found.operators:
        places = [n for n, way in enumerate(operator.ways) if way and way[0].unpacks]
        picks.append(places[number % len(places)] if places else 0)
    return found.program(picks)


def count_of(programs: list[Program]) -> int:
    return sum(any(step.unpacks for step in program.steps) for program in programs)


@pytest.mark.parametrize("bits", [4, 2])
def test_portable_kernels_under_sanitizers(bits: int, case_count: int) -> None:
    cases = draw(7 + bits, bits, case_count)
    programs = [unpacked(case, frozenset(), n) for n, case in enumerate(cases)]
    assert count_of(programs) > case_count // 2
    check_on_host(programs, cases)


@pytest.mark.parametrize("board", BOARDS)
def test_on_boards(board: str, case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    emulated.require(board)
    cases = [*draw(17, 4, case_count // 5), *draw(19, 2, case_count // 5)]
    isa = frozenset(load_board(board).isa)
    programs = [unpacked(case, isa, n) for n, case in enumerate(cases)]
    assert count_of(programs) > case_count // 5
    monkeypatch.setattr(
        emulated, "lowered", lambda case, board, name: programs[int(name.removeprefix("m"))]
    )
    emulated.check_on_board(board, cases)


def test_packed_weights_are_a_half_and_a_quarter_of_the_flash() -> None:
    rng = np.random.default_rng(5)
    (layer,) = depthwise_layers(rng, 2, 1)
    layer = dataclasses.replace(
        layer,
        x=(1, 8, 8, 64),
        w=(1, 3, 3, 64),
        y=(1, 8, 8, 64),
        channels=64,
        span=(-1, 1),
        options={**layer.options, "padding": "SAME", "stride_h": 1, "stride_w": 1}
        | {"dilation_h_factor": 1, "dilation_w_factor": 1, "depth_multiplier": 1},
    )
    graph = read_model(quantised_case(rng, layer).model, "m")
    (operator,) = offer(graph, LowerSpec()).operators
    sizes = {
        way[0].kernels: sum(a.bytes_of("weights") for a in way[0].arguments if hasattr(a, "role"))
        for way in operator.ways
    }
    bias, kernel = 4 * 64, "ep_depthwise_3x3_s8"
    assert sizes[(kernel,)] == 9 * 64 + bias
    assert sizes["ep_unpack_s4", kernel] == 9 * 64 // 2 + bias
    assert sizes["ep_unpack_s2", kernel] == 9 * 64 // 4 + bias
