"""ADD_N and CUMSUM on int8, which only TFLite Micro takes."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import random_scale, random_shape, random_values
from tests.kernels.tflm_check import check_tflm
from tests.tflite_builder import ModelBuilder


def scales_of(rng: np.random.Generator, terms: int) -> tuple[float, float]:
    """Scales in and out under which sums of so many terms use the range, or leave it."""
    one = random_scale(rng, -2, 0)
    return one, float(np.float32(one * terms * 10.0 ** rng.uniform(-1, 0.3)))


def add_n_case(rng: np.random.Generator, count: int) -> Case:
    """A sum of `count` tensors, one of them a constant now and then."""
    shape = random_shape(rng)
    one, two = scales_of(rng, count)
    points = [int(p) for p in rng.choice([-128, 127, 0, 5, -77], 2)]
    builder = ModelBuilder()
    ends = [
        builder.tensor(shape, "int8", scale=one, zero_point=points[0]) for _ in range(count - 1)
    ]
    given = {"data": random_values(rng, shape, "int8")} if count % 3 == 2 else {}
    last = builder.tensor(shape, "int8", scale=one, zero_point=points[0], **given)
    y = builder.tensor(shape, "int8", scale=two, zero_point=points[1])
    builder.operator("ADD_N", [*ends, last], [y])
    ends += [] if given else [last]
    values = [random_values(rng, shape, "int8") for _ in ends]
    return Case(builder.build(ends, [y]), values, label=f"{count} {shape} {one} {two} {points}")


def cumsum_case(rng: np.random.Generator, number: int, size: int = 0) -> Case:
    """Running sums along an axis of up to 15 elements, or `size`."""
    shape = list(random_shape(rng))
    axis = int(rng.integers(0, len(shape)))
    shape[axis] = size or int(rng.integers(1, 16))
    one, two = scales_of(rng, shape[axis])
    points = [int(p) for p in rng.choice([-128, 127, 0, 5, -77], 2)]
    builder = ModelBuilder()
    x = builder.tensor(shape, "int8", scale=one, zero_point=points[0])
    at = builder.tensor((1,), "int32", data=[axis - (len(shape) if number % 2 else 0)])
    y = builder.tensor(shape, "int8", scale=two, zero_point=points[1])
    options = {"exclusive": number % 4 > 1, "reverse": number % 8 > 3}
    builder.operator("CUMSUM", [x, at], [y], **options)
    values = random_values(rng, shape, "int8")
    label = f"{shape} {axis} {one} {two} {points} {options}"
    return Case(builder.build([x], [y]), [values], label=label)


def test_add_n(case_count: int) -> None:
    rng = np.random.default_rng(91)
    check_tflm([add_n_case(rng, 2 + n % 7) for n in range(case_count)])


def test_cumsum(case_count: int) -> None:
    rng = np.random.default_rng(92)
    check_tflm([cumsum_case(rng, n) for n in range(case_count)])


def test_long_sums_do_not_overflow() -> None:
    builder = ModelBuilder()
    x = builder.tensor((100,), "int8", scale=0.5)
    at = builder.tensor((1,), "int32", data=[0])
    y = builder.tensor((100,), "int8", scale=50.0)
    builder.operator("CUMSUM", [x, at], [y])
    case = Case(builder.build([x], [y]), [np.full((100,), 127, np.int8)])
    (output,) = run_cases([case])[0]
    assert (output == np.floor(1.27 * np.arange(1, 101) + 0.5)).all()


def refused(kind: str, inputs: int = 2, scale: float = 0.5, **other: float) -> str:
    builder = ModelBuilder()
    ends = [builder.tensor((4,), "int8", scale=scale) for _ in range(inputs)]
    if "second" in other:
        ends[1] = builder.tensor((4,), "int8", scale=other["second"])
    y = builder.tensor((4,), "int8", scale=other.get("output", 0.25))
    axis = [] if kind == "ADD_N" else [builder.tensor((1,), "int32", data=[0])]
    builder.operator(kind, [*ends, *axis], [y])
    with pytest.raises(ModelError) as error:
        read_model(builder.build(ends, [y]))
    return str(error.value)


def test_refusals() -> None:
    assert "it adds 9 tensors of int8; 8 is the limit" in refused("ADD_N", 9)
    assert "differ in scale or zero point; they must agree" in refused("ADD_N", second=0.25)
    assert "is more than 2^19 times that of its output" in refused("ADD_N", output=2.0**-20)
    assert "is more than 2^19 times that of its output" in refused("CUMSUM", 1, output=2.0**-20)
