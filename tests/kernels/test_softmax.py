from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.operators import TABLE
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.program import Level, LowerSpec
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_scale, random_shape, random_values, unary_case
from tests.tflite_builder import ModelBuilder

OUTPUT = (1 / 256, -128)
LEVELS: tuple[Level, ...] = ("size", "balanced", "speed")


def int8_case(
    x: np.ndarray,
    scale: float,
    beta: float = 1.0,
    zero_point: int = 0,
    level: Level = "balanced",
) -> Case:
    case = unary_case(
        "SOFTMAX", x, scales=(scale, OUTPUT[0]), zero_points=(zero_point, OUTPUT[1]), beta=beta
    )
    return replace(case, spec=LowerSpec(optimize=level), label=f"{case.label} {level}")


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for number in range(case_count):
        shape = (*random_shape(rng, 0, 3, 4), int(rng.integers(1, 200)))
        x = random_values(rng, shape, "int8")
        if number % 3 == 0:
            x = (x // 16).astype(np.int8)
        beta = float(np.float32(rng.choice([1.0, 0.5, 2.3])))
        point = int(rng.integers(-128, 128))
        cases.append(int8_case(x, random_scale(rng, -3, 1), beta, point, LEVELS[number % 3]))
    check(cases)


def finer_case(x: np.ndarray, scale: float, beta: float = 1.0, zero_point: int = 0) -> Case:
    """From int8 to int16."""
    builder = ModelBuilder()
    source = builder.tensor(x.shape, "int8", scale=scale, zero_point=zero_point)
    target = builder.tensor(x.shape, "int16", scale=2.0**-16, zero_point=-(2**15))
    builder.operator("SOFTMAX", [source], [target], version=2, beta=beta)
    return Case(builder.build([source], [target]), [x], label=f"{x.shape} {scale} {beta}")


def test_int8_to_int16(case_count: int) -> None:
    rng = np.random.default_rng(5)
    cases = []
    for number in range(case_count):
        shape = (*random_shape(rng, 0, 3, 4), int(rng.integers(1, 200)))
        x = random_values(rng, shape, "int8")
        x = (x // 16).astype(np.int8) if number % 3 == 0 else x
        beta = float(np.float32(rng.choice([1.0, 0.5, 2.3])))
        cases.append(finer_case(x, random_scale(rng, -3, 1), beta, int(rng.integers(-128, 128))))
    equal = np.full((2, 4095), 77, np.int8)
    every = np.arange(-128, 128).astype(np.int8)
    cases += [finer_case(equal, 0.1), finer_case(every[:, None], 0.1), finer_case(every[None], 9.0)]
    check(cases)


def test_int8_to_int16_is_refused_where_its_sum_overflows() -> None:
    with pytest.raises(ModelError, match="its rows have 4096 elements; from int8 to int16 4095 is"):
        read_model(finer_case(np.zeros((1, 4096), np.int8), 0.1).model)


def test_int8_extremes() -> None:
    equal = np.full((2, 511), 77, np.int8)  # 512 equal ones: the reference aborts
    one_hot = np.full((1, 300), -128, np.int8)
    one_hot[0, 17] = 127
    cases = [int8_case(x, s) for x in (equal, one_hot) for s in (2.0**-25, 1e-3, 0.1, 1.0, 1e6)]
    cases += [replace(case, spec=LowerSpec(optimize="size")) for case in cases]
    every = np.arange(-128, 128).astype(np.int8)
    cases += [int8_case(every[:, None], 0.1), int8_case(every[None], 0.1)]
    check(cases)


def test_int8_where_the_reference_aborts() -> None:
    x = np.zeros((3, 5000), np.int8)
    x[1, 4] = 100  # this row's sum is small
    for (answer,) in run_cases([int8_case(x, 0.5, level=level) for level in LEVELS]):
        assert (answer[[0, 2]] == -128).all()
        assert answer[1, 4] == 127
        assert (np.delete(answer[1], 4) == -128).all()


def test_int8_kernel_by_level() -> None:
    def kernel(elements: int, scale: float, level: Level) -> str:
        model = int8_case(np.zeros((1, elements), np.int8), scale).model
        return lower(read_model(model, "m"), LowerSpec(optimize=level)).steps[0].kernel

    assert kernel(12, 0.1, "balanced") == kernel(5000, 0.1, "size") == "ep_softmax_s8"
    assert kernel(12, 0.1, "speed") == kernel(5000, 0.1, "balanced") == "ep_softmax_table_s8"
    assert kernel(12, 2.0, "size") == "ep_softmax_table_s8"  # 16 entries are shorter than code


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for _ in range(case_count):
        shape = (*random_shape(rng, 0, 3, 4), int(rng.integers(1, 400)))
        beta = float(np.float32(rng.choice([1.0, 0.5, 2.3, -1.0])))
        cases.append(unary_case("SOFTMAX", random_values(rng, shape, "float32"), beta=beta))
    extremes = np.array([[0, -1e30, 88], [-104, -87.5, 0], [1e38, -1e38, 0]], np.float32)
    cases.append(unary_case("SOFTMAX", extremes, beta=1.0))
    check(cases, ulp=TABLE["SOFTMAX"].float_ulp)
