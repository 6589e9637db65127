"""Portable layers with weights of four bits and two, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.board import load_board
from tests.kernels.few_bits_cases import (
    check_on_host,
    convolutions,
    dense_layers,
    few_pixel_layers,
    picking,
)
from tests.kernels.weighted_cases import quantised_case


@pytest.mark.parametrize("bits", [4, 2])
def test_random_layers(bits: int, case_count: int) -> None:
    rng = np.random.default_rng(61 + bits)
    layers = [
        *convolutions(rng, bits, case_count),
        *dense_layers(rng, bits, case_count),
        *few_pixel_layers(rng, bits, case_count // 2),
    ]
    cases = [quantised_case(rng, layer) for layer in layers]
    names = [f"ep_conv_2d_s{bits}", f"ep_dense_s{bits}"]
    lowered, board = picking(names), load_board("host")
    programs = [lowered(case, board, f"m{number}") for number, case in enumerate(cases)]
    used = {step.kernel for program in programs for step in program.steps}
    assert used.issuperset(names)
    check_on_host(programs, cases)
