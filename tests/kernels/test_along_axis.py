from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import op_case, small_values
from tests.kernels.oracle_check import check, random_shape, random_values

ARGS = ("ARG_MAX", "ARG_MIN")


def axis_of(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, np.ndarray]:
    axis = int(rng.integers(0, len(shape)))
    stored = axis - len(shape) if rng.random() < 0.4 else axis
    return axis, np.array(stored, np.int32)


def test_arg(case_count: int) -> None:
    rng = np.random.default_rng(541)
    types = ("float32", "int8", "uint8", "int32", "bool")
    cases = []
    for number in range(case_count):
        dtype = types[number % 5]
        shape = random_shape(rng, 1, 4, 7)
        axis, stored = axis_of(rng, shape)
        x = small_values(rng, shape, dtype)
        wide = number % 4 == 0
        out = (shape[:axis] + shape[axis + 1 :], "int64" if wide else "int32")
        kind = ARGS[number % 2]
        number_of_type = 4 if wide else 2
        cases.append(op_case(kind, [x], [out], constants={1: stored}, output_type=number_of_type))
    check(cases)


def test_arg_of_not_a_number() -> None:
    rows = np.float32([[np.nan, 1, 2], [1, np.nan, 2], [2, np.nan, 1], [np.nan] * 3])
    constants = {1: np.array(-1, np.int32)}
    cases = [op_case(k, [rows], [((4,), "int32")], constants=constants) for k in ARGS]
    most, least = (run[0].tolist() for run in run_cases(cases))
    assert most == [2, 2, 0, 0]
    assert least == [1, 0, 2, 0]


def test_cumsum(case_count: int) -> None:
    rng = np.random.default_rng(542)
    cases = []
    for number in range(case_count // 2):
        dtype = ("float32", "int32", "int64")[number % 3]
        shape = random_shape(rng, 1, 4, 7)
        _, stored = axis_of(rng, shape)
        x = random_values(rng, shape, dtype)
        x = x if dtype == "float32" else x // 16
        flags = {"exclusive": bool(number & 1), "reverse": bool(number & 2)}
        cases.append(op_case("CUMSUM", [x], [(shape, dtype)], constants={1: stored}, **flags))
    check(cases)


def top_case(rng: np.random.Generator, dtype: str, k: int | None = None) -> Case:
    shape = random_shape(rng, 1, 3, 12)
    count = int(rng.integers(1, shape[-1] + 1)) if k is None else k
    out = (*shape[:-1], count)
    constants = {1: np.array(count, np.int32)}
    x = small_values(rng, shape, dtype)
    return op_case("TOPK_V2", [x], [(out, dtype), (out, "int32")], constants=constants)


def test_top(case_count: int) -> None:
    rng = np.random.default_rng(543)
    types = ("float32", "int8", "uint8", "int16", "int32", "int64")
    check([top_case(rng, types[n % 6]) for n in range(case_count)])


def test_too_many_are_refused() -> None:
    with pytest.raises(ModelError, match=r"k is 40; it must lie in 1 to \d+, the last dimension"):
        read_model(top_case(np.random.default_rng(1), "int8", 40).model)


def test_an_axis_outside_is_refused() -> None:
    x = np.zeros((2, 3), np.int8)
    model = op_case("ARG_MAX", [x], [((2,), "int32")], constants={1: np.array(2, np.int32)}).model
    with pytest.raises(ModelError, match="axis 2; it must lie in -2 to 1"):
        read_model(model)
