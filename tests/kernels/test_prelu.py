from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_shape, random_values
from tests.tflite_builder import ModelBuilder


def prelu_case(rng: np.random.Generator, dtype: str, constant: bool) -> Case:
    shape = random_shape(rng, 1, 4, 7)
    slopes = tuple(1 if rng.random() < 0.4 else n for n in shape)
    slopes = slopes[int(rng.integers(0, len(shape))) :] if rng.random() < 0.4 else slopes
    x, alpha = random_values(rng, shape, dtype), random_values(rng, slopes, dtype)
    points = [int(p) for p in rng.integers(-128, 128, 3)]
    quantized = dtype == "int8"
    one = random_scale(rng)
    scales = [one, random_scale(rng), one * 10.0 ** rng.uniform(-0.7, 0.7)]
    if rng.random() < 0.3:  # exact halves
        scales = [float(2.0**n) for n in rng.integers(-5, -1, 3)]
    args = [
        {"scale": s, "zero_point": p} if quantized else {}
        for s, p in zip(scales, points, strict=True)
    ]
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, **args[0])
    slope = builder.tensor(slopes, dtype, data=alpha if constant else None, **args[1])
    target = builder.tensor(shape, dtype, **args[2])
    builder.operator("PRELU", [source, slope], [target])
    inputs = [source] if constant else [source, slope]
    model = builder.build(inputs, [target])
    return Case(model, [x] if constant else [x, alpha], label=f"{shape} {slopes} {args}")


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_random(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    check([prelu_case(rng, dtype, number % 3 > 0) for number in range(case_count)])
