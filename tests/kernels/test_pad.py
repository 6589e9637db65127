from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16")


def pad_case(rng: np.random.Generator, kind: str, dtype: str, rank: int) -> Case:
    shape = random_shape(rng, rank, rank, 5)
    paddings = rng.integers(0, 4, (rank, 2))
    paddings[rng.random(rank) < 0.4] = 0
    x = random_values(rng, shape, dtype)
    low = 0 if dtype == "uint8" else -128
    point = int(rng.integers(low, low + 256))
    point = 0 if dtype == "int16" else point
    quantized = dtype in ("int8", "uint8", "int16")
    given = {"scale": random_scale(rng), "zero_point": point} if quantized else {}
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, **given)
    index_type = "int64" if rng.random() < 0.3 else "int32"
    inputs = [source, builder.tensor((rank, 2), index_type, data=paddings)]
    if kind == "PADV2":
        value = random_values(rng, (1,), dtype)
        inputs.append(builder.tensor((1,), dtype, data=value, **given))
    padded = [n + a + b for n, (a, b) in zip(shape, paddings, strict=True)]
    target = builder.tensor(padded, dtype, **given)
    builder.operator(kind, inputs, [target])
    label = f"{kind} {dtype} {shape} {paddings.tolist()}"
    return Case(builder.build([source], [target]), [x], label=label)


@pytest.mark.parametrize("kind", ["PAD", "PADV2"])
def test_random(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    check([pad_case(rng, kind, DTYPES[n % 5], 1 + n // 5 % 5) for n in range(2 * case_count)])
