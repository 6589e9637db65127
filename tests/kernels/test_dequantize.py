from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_values
from tests.tflite_builder import ModelBuilder


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_random(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    cases = []
    for _ in range(-(-case_count // 2)):
        x = np.concatenate(
            [random_values(rng, (300,), dtype), np.array([info.min, info.max], dtype)]
        )
        point = 0 if dtype == "int16" else int(rng.integers(info.min, info.max + 1))
        builder = ModelBuilder()
        source = builder.tensor(x.shape, dtype, scale=random_scale(rng, -6, 3), zero_point=point)
        target = builder.tensor(x.shape, "float32")
        builder.operator("DEQUANTIZE", [source], [target], version=2)
        cases.append(Case(builder.build([source], [target]), [x], label=f"{dtype} {point}"))
    check(cases)


def test_every_half() -> None:
    every = np.arange(2**16, dtype=np.uint32).astype(np.uint16).view(np.float16)
    x = every[~np.isnan(every)]
    builder = ModelBuilder()
    source, target = builder.tensor(x.shape, "float16"), builder.tensor(x.shape, "float32")
    builder.operator("DEQUANTIZE", [source], [target], version=3)
    check([Case(builder.build([source], [target]), [x])])
