from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import Array, op_case
from tests.kernels.oracle_check import FLOAT_EXTREMES, check, random_shape, random_values

TYPES = (
    *("int8", "uint8", "int16", "int32", "int64", "bool"),
    *("float32", "float16", "uint32", "uint16"),
)


def values_of(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    if dtype == "float16":
        return random_values(rng, shape, "float32").astype(np.float16)
    return random_values(rng, shape, dtype)


def thinned(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to this one."""
    ones = tuple(n if rng.random() < 0.7 else 1 for n in shape)
    return ones[int(rng.integers(0, len(shape) + 1)) if rng.random() < 0.3 else 0 :]


def select_case(kind: str, dtype: str, rng: np.random.Generator) -> Case:
    shape = random_shape(rng, 1, 5, 4)
    if kind == "SELECT":
        condition = (shape, shape[:1], ())[int(rng.integers(0, 3))]
        one = two = shape
    else:
        condition, one, two = (thinned(rng, shape) for _ in range(3))
        shape = np.broadcast_shapes(condition, one, two)
    arrays = [random_values(rng, condition, "bool")]
    arrays += [values_of(rng, s, dtype) for s in (one, two)]
    constants = {}
    if rng.random() < 0.3:
        place = int(rng.integers(0, 3))
        constants = {place: arrays.pop(place)}
    return op_case(kind, arrays, [(shape, dtype)], constants=constants)


@pytest.mark.parametrize("kind", ("SELECT", "SELECT_V2"))
def test_select(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(511)
    check([select_case(kind, TYPES[n % len(TYPES)], rng) for n in range(case_count)])


def cast_case(source: str, target: str, rng: np.random.Generator) -> Case:
    x = values_of(rng, (2, 17), source).ravel()
    if source == "float32":
        with np.errstate(over="ignore"):
            halves = np.float32([65504, 65519.9, 65520, 5e-8, 2e-8, 3e-8, 6.1e-5, 1.0009766])
        edges = [127.5, 128, -128.7, -129, 255.9, 256, -0.7, 2**31, 2**32, -(2**31), 2**63, 65536]
        x = np.concatenate([x, np.float32(edges), FLOAT_EXTREMES, halves, np.float32([np.nan])])
        x = np.append(x, np.float32([np.inf, -np.inf, 2147483520, 9.2e18]))
    if source == "float16":
        x = np.append(x, np.float16([np.nan, np.inf, -np.inf, 6e-8, -6e-8, 65504, 0.0, -0.0]))
    if target == "float16":
        x = x[x == x]  # a NaN equals nothing, itself neither
    return op_case("CAST", [x], [(x.shape, target)])


def test_cast(case_count: int) -> None:
    rng = np.random.default_rng(512)
    times = range(max(1, case_count // 40))
    check([cast_case(one, two, rng) for one in TYPES for two in TYPES for _ in times])


def test_zeros_like() -> None:
    rng = np.random.default_rng(513)
    types = ("float32", "int32", "int64")
    check([op_case("ZEROS_LIKE", [values_of(rng, (2, 3), t)], [((2, 3), t)]) for t in types])


def test_a_condition_of_another_shape_is_refused() -> None:
    arrays = [np.zeros(s, d) for s, d in (((3,), bool), ((2, 3), np.int8), ((2, 3), np.int8))]
    model = op_case("SELECT", arrays, [((2, 3), "int8")]).model
    with pytest.raises(ModelError, match="neither one value, nor one a slice"):
        read_model(model)
    arrays[0] = np.zeros((2, 4), bool)
    model = op_case("SELECT_V2", arrays, [((2, 4), "int8")]).model
    with pytest.raises(ModelError, match="does not broadcast to"):
        read_model(model)


def test_zeros_like_of_int8() -> None:
    """Zeros as they are stored, whatever the zero point."""
    x = np.arange(-3, 3).astype(np.int8)
    case = op_case("ZEROS_LIKE", [x], [((6,), "int8")], quants=[(0.5, 7), (0.5, 7)])
    assert run_cases([case])[0][0].tolist() == [0] * 6
