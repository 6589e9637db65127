"""Sums and differences by factors and by a table, as Cortex-M4 runs them, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.variants import dsp_sum, linear_sum
from tests.kernels.binary_cases import binary_case, tie_cases
from tests.kernels.emulated import check_on_board

BOARD = "mps2-an386"
KERNEL = "ep_add_table_s8"


@pytest.fixture
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsp_sum, "WORTH", dict.fromkeys(dsp_sum.WORTH, 0))
    monkeypatch.setattr(dsp_sum, "weighted", lambda layer: "not this time")
    monkeypatch.setattr(linear_sum, "linear_total", lambda layer: None)


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_random_operands_by_factors(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(63)
    cases = [binary_case(kind, rng, "int8", n) for n in range(2 * case_count)]
    cases += tie_cases(kind, rng)
    answers = check_on_board(BOARD, cases)
    used = sum("ep_weighted_sum_s8" in answer.kernels for answer in answers)
    assert used > case_count // 4, "the variant hardly ran"


@pytest.mark.usefixtures("always_worth_it")
@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_random_operands(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(61)
    cases = [binary_case(kind, rng, "int8", n) for n in range(2 * case_count)]
    answers = check_on_board(BOARD, cases)
    used = sum(KERNEL in answer.kernels for answer in answers)
    assert used > case_count // 4, "the variant hardly ran"


@pytest.mark.usefixtures("always_worth_it")
def test_ties() -> None:
    rng = np.random.default_rng(62)
    answers = check_on_board(BOARD, [*tie_cases("ADD", rng), *tie_cases("SUB", rng)])
    assert sum(KERNEL in answer.kernels for answer in answers) > 6
