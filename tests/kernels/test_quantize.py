from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_shape, random_values
from tests.tflite_builder import ModelBuilder

PAIRS = (
    ("float32", "int8"),
    ("float32", "uint8"),
    ("float32", "int16"),
    ("int8", "int8"),
    ("int8", "uint8"),
    ("uint8", "int8"),
    ("uint8", "uint8"),
    ("int16", "int8"),
    ("int16", "int16"),
    ("int8", "int16"),
    ("uint8", "int16"),
    ("int16", "int32"),
    ("int32", "int8"),
    ("int32", "int16"),
)


def random_point(rng: np.random.Generator, dtype: str) -> int:
    if dtype in ("int16", "int32"):
        return 0
    low = 0 if dtype == "uint8" else -128
    return int(rng.choice([low, low + 255, low + 128, *rng.integers(low, low + 256, 3)]))


def quantize_case(rng: np.random.Generator, source: str, target: str, number: int) -> Case:
    one = random_scale(rng)
    two = one if number % 5 == 0 else float(np.float32(one * 10.0 ** rng.uniform(-1, 1)))
    if number % 5 == 1:  # exact halves
        one, two = (float(2.0**n) for n in rng.integers(-5, -1, 2))
    if source == "float32":
        x = float_values(rng, two)
    elif source == "int32":
        x = (random_values(rng, (500,), source) >> rng.integers(8, 31, 500)).astype(np.int32)
    elif source == "int16":
        x = random_values(rng, random_shape(rng), source)
    else:
        info = np.iinfo(source)
        x = np.arange(info.min, info.max + 1).astype(source)
    points = random_point(rng, source), random_point(rng, target)
    if number % 10 == 0 and {source, target} == {"int8", "uint8"}:  # the sign bit alone
        points = (128, 0) if source == "uint8" else (0, 128)
    builder = ModelBuilder()
    quantized = {"scale": one, "zero_point": points[0]} if source != "float32" else {}
    first = builder.tensor(x.shape, source, **quantized)
    second = builder.tensor(x.shape, target, scale=two, zero_point=points[1])
    builder.operator("QUANTIZE", [first], [second])
    return Case(
        builder.build([first], [second]), [x], label=f"{source} {one} {target} {two} {points}"
    )


def float_values(rng: np.random.Generator, scale: float) -> np.ndarray:
    """Values around the range and the halves between two steps, each with its neighbours."""
    halves = (np.arange(-300, 300) + 0.5).astype(np.float32) * np.float32(scale)
    near = [np.nextafter(halves, np.float32(s)) for s in (-np.inf, np.inf)]
    wide = (rng.standard_normal(200) * scale * 10.0 ** rng.uniform(0, 5)).astype(np.float32)
    return np.concatenate([halves, *near, wide, np.float32([0.0, -0.0, 1e-45, -1e-45])])


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_random(source: str, target: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    check([quantize_case(rng, source, target, n) for n in range(-(-case_count // 4))])
