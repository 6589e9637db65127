from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_values
from tests.kernels.tflm_check import check_tflm
from tests.tflite_builder import ModelBuilder

SAMPLES = 7


def model(
    shape: tuple[int, ...] = (1, 1, 2, 3),
    slots: int = 4,
    outputs: int = 2,
    dtype: str = "int8",
    **options: int,
) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor(shape, dtype, scale=0.5, zero_point=3)
    ends = [builder.tensor((1, slots, *shape[2:]), dtype, scale=0.5, zero_point=3)]
    ends += [builder.tensor((1,), "bool")] if outputs == 2 else []
    builder.operator("CIRCULAR_BUFFER", [x], ends, custom=bytes(flexbuffers.Dumps(options)))
    return builder.build([x], ends)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(97)
    cases = []
    for number in range(case_count):
        shape = (1, 1, *(int(n) for n in rng.integers(1, 5, 2)))
        slots, period = (int(n) for n in rng.integers(1, 6, 2))
        outputs = 2 if number % 2 else 1
        period = period if outputs == 2 else 1
        data = model(shape, slots, outputs, cycles_max=period)
        if number % 8 == 0:
            data, slots = model(shape, 5, 1), 5
        values = random_values(rng, (SAMPLES, *shape[1:]), "int8")
        cases.append(Case(data, [values], label=f"{shape} {slots} {period} {outputs}"))
    check_tflm(cases)


def refused(**change: Any) -> str:
    with pytest.raises(ModelError) as error:
        read_model(model(**change))
    return str(error.value)


def test_refusals() -> None:
    assert "cycles_max is 0; it must lie in 1 to" in refused()
    assert "no second output to tell when it is valid" in refused(cycles_max=2, outputs=1)
    assert "supported here: int8" in refused(cycles_max=1, dtype="int16")
    assert "must be [1,1,2,3]" in refused(cycles_max=1, shape=(1, 2, 2, 3))
