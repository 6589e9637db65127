from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case
from tests.kernels.op_cases import op_case
from tests.kernels.oracle_check import check, random_scale, random_values
from tests.kernels.weighted_cases import SAMPLES, point
from tests.tflite_builder import ModelBuilder


def mean_case(rng: np.random.Generator, dtype: str, number: int) -> Case:
    """A mean over any axes, negative and repeated ones too; a third as a global pool."""
    rank = int(rng.integers(1, 6))
    shape = tuple(int(n) for n in rng.integers(1, 7, rank))
    count = int(rng.integers(1, rank + 1))
    axes = [int(a) for a in rng.permutation(rank)[:count]]
    if number % 3 == 0:
        shape, axes = (1, *(int(n) for n in rng.integers(1, 13, 3))), [1, 2]
    axes = [a - len(shape) if rng.random() < 0.3 else a for a in axes]
    keep = bool(rng.random() < 0.5)
    normal = {a % len(shape) for a in axes}
    out = tuple(1 if a in normal else n for a, n in enumerate(shape) if keep or a not in normal)
    scales: tuple[float | None, float | None] = (None, None)
    points = (0, 0)
    if dtype not in ("float32", "int32", "int64"):
        one = random_scale(rng)
        wide = rng.uniform(-4, 4) if rng.random() < 0.2 else rng.uniform(-0.7, 0.4)
        scales = (one, one if rng.random() < 0.3 else float(np.float32(one * 10.0**wide)))
        points = (point(rng), point(rng))
        if dtype == "int16":  # beyond 2^7 the reference asserts
            scales = (one, float(np.float32(max(scales[1] or 0.0, one / 100))))
            points = (0, 0)
    builder = ModelBuilder()
    x = builder.tensor(shape, dtype, scale=scales[0], zero_point=points[0])
    axis = builder.tensor((len(axes),), "int32", data=np.array(axes))
    y = builder.tensor(out, dtype, scale=scales[1], zero_point=points[1])
    builder.operator("MEAN", [x, axis], [y], keep_dims=keep, version=2)
    batched = shape[0] == 1 and out[:1] == (1,)
    values = random_values(rng, (SAMPLES, *shape[1:]) if batched else shape, dtype)
    if dtype in ("int32", "int64") and number % 4:  # the others wrap
        values = (values // 2**16).astype(dtype)
    label = f"MEAN {shape} {axes} {keep} {scales} {points}"
    return Case(builder.build([x], [y]), [values], label=label)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(14)
    check([mean_case(rng, "int8", n) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(53)
    check([mean_case(rng, "int16", n) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(15)
    check([mean_case(rng, "float32", n) for n in range(case_count)])


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(16)
    check([mean_case(rng, dtype, n) for n in range(case_count)])


@pytest.mark.parametrize(("dtype", "quant"), [("float32", None), ("int8", (0.5, 3))])
def test_a_scalar_has_no_axes(dtype: str, quant: tuple[float, int] | None) -> None:
    axis = np.array([0], np.int32)
    x = np.array(7, dtype)
    quants = (quant, None, quant)
    check(
        [op_case("MEAN", [x], [((), dtype)], quants=quants, constants={1: axis}, keep_dims=False)]
    )
