from __future__ import annotations

import numpy as np

from tests.kernels.binary_cases import random_shapes
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import QUANTIZED, op_case, random_quant, small_values
from tests.kernels.oracle_check import check

EQUALITY = ("EQUAL", "NOT_EQUAL")
ORDER = ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32")
RANK = 6


def comparison_case(kind: str, dtype: str, rng: np.random.Generator, number: int) -> Case:
    one, two = random_shapes(rng, RANK)
    a, b = small_values(rng, one, dtype), small_values(rng, two, dtype)
    quants = [None, None]
    if dtype in QUANTIZED and (dtype != "int16" or number % 2):
        top = -0.001 if number % 4 < 2 else -2.5  # small scales make near values one
        quants = [random_quant(rng, dtype, -4, top) for _ in range(2)]
        if number % 3 == 0:
            quants[1] = quants[0]
    inputs, constants = [a, b], {}
    if number % 4 == 0:
        place = number // 4 % 2
        constants = {place: inputs.pop(place)}
    out = np.broadcast_shapes(one, two)
    return op_case(kind, inputs, [(out, "bool")], quants=quants, constants=constants)


def test_equality(case_count: int) -> None:
    """Of every type; NOT_EQUAL of int16 without a scale writes nothing in the reference."""
    rng = np.random.default_rng(501)
    kinds = [EQUALITY[n % 2] for n in range(case_count // 5)]
    cases = [comparison_case("EQUAL", "int16", rng, 2 * n) for n in range(case_count // 8)]
    for dtype in (*TYPES, "bool"):
        cases += [comparison_case(k, dtype, rng, 2 * n + 1) for n, k in enumerate(kinds)]
    check(cases)


def test_order(case_count: int) -> None:
    rng = np.random.default_rng(502)
    numbers = range(case_count // 5)
    check([comparison_case(ORDER[n % 4], dtype, rng, n) for dtype in TYPES for n in numbers])


def test_near_values_become_one() -> None:
    """Every value by many, at scales at which the common scale cannot tell them apart."""
    rng = np.random.default_rng(505)
    cases = []
    for kind, dtype in zip(EQUALITY + ORDER, ("int8", "uint8") * 3, strict=True):
        info = np.iinfo(dtype)
        a = np.arange(info.min, info.max + 1).astype(dtype)[:, None]
        b = rng.integers(info.min, info.max + 1, (1, 40)).astype(dtype)
        scale, point = float(np.float32(10.0 ** rng.uniform(-3.5, -2.6))), info.min + 60
        quants = [(scale, point), (float(np.float32(scale * 1.1)), point)]
        cases.append(op_case(kind, [a, b], [((256, 40), "bool")], quants=quants))
    check(cases)


def test_not_a_number() -> None:
    values = np.array([np.nan, 1.0, np.inf, -np.inf, 0.0, -0.0, np.nan], np.float32)
    other = np.array([np.nan, np.nan, np.inf, np.inf, -0.0, 0.0, 1.0], np.float32)
    check([op_case(kind, [values, other], [((7,), "bool")]) for kind in EQUALITY + ORDER])


def test_logic(case_count: int) -> None:
    rng = np.random.default_rng(503)
    kinds = ("LOGICAL_AND", "LOGICAL_OR")
    check([comparison_case(kinds[n % 2], "bool", rng, n) for n in range(case_count // 2)])


def test_not() -> None:
    rng = np.random.default_rng(504)
    x = rng.integers(0, 2, (3, 5)).astype(bool)
    check([op_case("LOGICAL_NOT", [x], [((3, 5), "bool")])])


def test_scales_of_one_and_more() -> None:
    """At which the reference's shift is undefined: powers of two, which compare exactly."""
    rng = np.random.default_rng(506)
    functions = {
        "EQUAL": np.equal,
        "NOT_EQUAL": np.not_equal,
        "LESS": np.less,
        "LESS_EQUAL": np.less_equal,
        "GREATER": np.greater,
        "GREATER_EQUAL": np.greater_equal,
    }
    a, b = rng.integers(-128, 128, (2, 400)).astype(np.int8)
    quants = [(4.0, 3), (1.0, -10)]
    cases = [op_case(kind, [a, b], [((400,), "bool")], quants=quants) for kind in functions]
    one, two = 4 * (a.astype(int) - 3), b.astype(int) + 10
    for (answer,), function in zip(run_cases(cases), functions.values(), strict=True):
        assert answer.tolist() == function(one, two).tolist()
