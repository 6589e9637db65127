from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16", "bool")


def transpose_case(rng: np.random.Generator, dtype: str, rank: int) -> Case:
    shape = random_shape(rng, rank, rank, 5 if rank < 6 else 3)
    order = [int(axis) for axis in rng.permutation(rank)]
    x = random_values(rng, shape, dtype)
    given = {"scale": 0.5} if dtype in ("int8", "uint8", "int16") else {}
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, **given)
    written = [a - rank if rng.random() < 0.3 else a for a in order]
    permutation = builder.tensor((rank,), "int32", data=written)
    target = builder.tensor([shape[axis] for axis in order], dtype, **given)
    builder.operator("TRANSPOSE", [source, permutation], [target])
    return Case(builder.build([source], [target]), [x], label=f"{dtype} {shape} {written}")


def test_random(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = [
        transpose_case(rng, DTYPES[n % len(DTYPES)], 1 + n // len(DTYPES) % 6)
        for n in range(2 * case_count)
    ]
    check(cases)
