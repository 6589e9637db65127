from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.operators import TABLE
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import op_case, random_quant
from tests.kernels.oracle_check import check, random_shape, random_values, ulp_distance
from tests.kernels.pool_cases import pool_case

BYTES = ("int8", "uint8")


def row_case(kind: str, dtype: str, rng: np.random.Generator, target: tuple[float, int]) -> Case:
    shape = (*random_shape(rng, 0, 3, 4), int(rng.choice([1, 2, 5, 17, 130])))
    scale, point = random_quant(rng, dtype, -3, 1)
    x = random_values(rng, shape, dtype)
    if rng.random() < 0.3:
        x = (x // 16 + max(min(point, 100), -100)).astype(dtype)
    if rng.random() < 0.1:
        x[...] = point
    return op_case(kind, [x], [(shape, dtype)], quants=[(scale, point), target])


def test_log_softmax(case_count: int) -> None:
    rng = np.random.default_rng(561)
    tops = {"int8": 127, "uint8": 255}
    cases = [
        row_case("LOG_SOFTMAX", dtype, rng, (16 / 256, tops[dtype]))
        for dtype in BYTES * (case_count // 2)
    ]
    check(cases)


def test_log_softmax_of_floats(case_count: int) -> None:
    rng = np.random.default_rng(562)
    cases = []
    for _ in range(case_count // 2):
        x = random_values(rng, (3, int(rng.choice([1, 2, 5, 17, 130]))), "float32")
        cases.append(op_case("LOG_SOFTMAX", [x], [(x.shape, "float32")]))
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, (answer,), reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), case.label
        expected = reference.outputs[0].reshape(answer.shape)
        far = expected < -1
        distance = ulp_distance(answer[far], expected[far])
        assert distance <= TABLE["LOG_SOFTMAX"].float_ulp, f"{case.label}: {distance}"
        assert (np.abs(answer - expected)[~far] <= 2.0**-20).all(), case.label


def test_l2_normalization(case_count: int) -> None:
    rng = np.random.default_rng(563)
    middles = {"int8": 0, "uint8": 128}
    cases = [
        row_case("L2_NORMALIZATION", dtype, rng, (1 / 128, middles[dtype]))
        for dtype in BYTES * (case_count // 2)
    ]
    check(cases)


def test_l2_normalization_of_floats(case_count: int) -> None:
    rng = np.random.default_rng(564)
    cases = []
    for number in range(case_count // 4):
        x = random_values(rng, random_shape(rng, 1, 4, 9), "float32")
        x = x * np.float32(1e-8) if number % 5 == 0 else x
        cases.append(op_case("L2_NORMALIZATION", [x], [(x.shape, "float32")]))
    check(cases)


def test_l2_pool(case_count: int) -> None:
    rng = np.random.default_rng(565)
    check([pool_case("L2_POOL_2D", rng, "float32", n) for n in range(case_count // 2)])


def test_refusals() -> None:
    x = np.zeros((2, 5000), np.int8)
    long = op_case("LOG_SOFTMAX", [x], [(x.shape, "int8")], quants=[(0.1, 0), (1 / 16, 127)])
    with pytest.raises(ModelError, match="its rows have 5000 elements; 4095 is the limit"):
        read_model(long.model)
    other = op_case("L2_NORMALIZATION", [x], [(x.shape, "int8")], quants=[(0.1, 0), (0.1, 0)])
    with pytest.raises(ModelError, match=r"TFLite fixes 0\.0078125 and 0"):
        read_model(other.model)
