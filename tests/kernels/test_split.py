from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16")


def split_case(rng: np.random.Generator, dtype: str, work: bool) -> Case:
    """A split; with `work` each part goes on into a kernel that may overwrite it."""
    shape = list(random_shape(rng, 1, 4, 5))
    axis = int(rng.integers(0, len(shape)))
    count = int(rng.integers(1, 5))
    part = list(shape)
    shape[axis] *= count
    x = random_values(rng, shape, dtype)
    given = {"scale": 0.5} if dtype in ("int8", "uint8", "int16") else {}
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, **given)
    sign = axis - len(shape) if rng.random() < 0.5 else axis
    where = (
        builder.tensor((), "int32", data=sign)
        if rng.random() < 0.5
        else builder.tensor((1,), "int32", data=[sign])
    )
    parts = [builder.tensor(part, dtype, **given) for _ in range(count)]
    builder.operator("SPLIT", [where, source], parts, num_splits=count)
    outputs = list(parts)
    if work:
        for place in range(count):
            outputs[place] = builder.tensor(part, dtype, **given)
            builder.operator("RELU6", [parts[place]], [outputs[place]])
    label = f"{dtype} {shape} axis {sign} in {count}"
    return Case(builder.build([source], outputs), [x], label=label)


def test_random(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for number in range(case_count):
        dtype = DTYPES[number % len(DTYPES)]
        cases.append(split_case(rng, dtype, dtype in ("int8", "float32") and number % 2 == 0))
    check(cases)
