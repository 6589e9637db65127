"""Functions of every kind give the same bytes on the host and on boards with and without an FPU."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.emulated import run_on_board
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import op_case
from tests.kernels.oracle_check import random_values

BOARDS = ("mps2-an386", "mps2-an385-m0", "riscv-virt")
FLOATS = (
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "GELU",
    "LOG",
    "ROUND",
    "RSQRT",
    "SIN",
    "SQRT",
)


def board_cases() -> list[Case]:
    """One small case an operator, none with a NaN, whose payload may differ."""
    rng = np.random.default_rng(591)
    x = np.abs(random_values(rng, (1, 3, 7), "float32")) + np.float32(1e-3)
    y = np.abs(random_values(rng, (1, 3, 7), "float32")) + np.float32(1e-3)
    shape = x.shape
    cases = [op_case(kind, [x], [(shape, "float32")]) for kind in FLOATS]
    cases.append(op_case("GELU", [x], [(shape, "float32")], approximate=True))
    for kind in ("DIV", "FLOOR_DIV", "FLOOR_MOD", "POW", "SQUARED_DIFFERENCE"):
        cases.append(op_case(kind, [x, y], [(shape, "float32")]))
    for kind in ("LOG_SOFTMAX", "L2_NORMALIZATION"):
        cases.append(op_case(kind, [x], [(shape, "float32")]))
    cases.append(op_case("LESS", [x, y], [(shape, "bool")]))
    for target in ("int8", "int32", "int64", "float16", "bool"):
        cases.append(op_case("CAST", [x], [(shape, target)]))
    axes = {1: np.int32([1])}
    for kind in ("SUM", "REDUCE_PROD", "REDUCE_MAX"):
        cases.append(op_case(kind, [x], [((1, 7), "float32")], constants=axes))
    stored = random_values(rng, shape, "int8")
    other = random_values(rng, shape, "int8")
    quants = [(0.05, 3), (0.02, -4), (0.1, 5)]
    for kind, out in (("SQUARED_DIFFERENCE", "int8"), ("LESS", "bool"), ("EQUAL", "bool")):
        last = quants[2] if out == "int8" else None
        cases.append(op_case(kind, [stored, other], [(shape, out)], quants=[*quants[:2], last]))
    other = np.where(other == -4, np.int8(9), other)
    cases.append(op_case("DIV", [stored, other], [(shape, "int8")], quants=quants))
    fixed = {"LOG_SOFTMAX": (1 / 16, 127), "L2_NORMALIZATION": (1 / 128, 0), "EXP": (0.5, -9)}
    for kind, target in fixed.items():
        cases.append(op_case(kind, [stored], [(shape, "int8")], quants=[quants[0], target]))
    wide = random_values(rng, shape, "int64")
    cases.append(op_case("NEG", [wide], [(shape, "int64")]))
    short = random_values(rng, shape, "int16")
    cases.append(op_case("EXP", [short], [(shape, "int16")], quants=[(1e-4, 0), (1e-3, 0)]))
    return cases


@pytest.mark.parametrize(
    "board", [BOARDS[0], *(pytest.param(b, marks=pytest.mark.long) for b in BOARDS[1:])]
)
def test_same_bytes(board: str) -> None:
    cases = board_cases()
    answers = run_on_board(board, cases)
    for case, answer, expected in zip(cases, answers, run_cases(cases), strict=True):
        for got, want in zip(answer.outputs, expected, strict=True):
            assert got.tobytes() == want.tobytes(), f"{case.label}: {got} {want}"
