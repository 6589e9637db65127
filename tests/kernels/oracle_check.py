"""Compares the generated C with the reference interpreter, many models at once.

check([case, ...])             every bit of every output
check([case, ...], ulp=3)      float32 outputs within 3 units of the last place
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepack import oracle
from tests.kernels.harness import Case, run_cases
from tests.tflite_builder import ModelBuilder

Values = NDArray[np.generic]
FLOAT_EXTREMES = np.array(
    [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, -1.1754944e-38, 1e-10, -1e-10, 3.4e38, -3.4e38,
     1.0, -1.0, 6.0, 3.0, -3.0, 9.0, -9.0, 16.619047, 88.7, -88.7, 104.0, -104.0],
    np.float32,
)  # fmt: skip


def random_scale(rng: np.random.Generator, low: float = -3.0, high: float = 0.5) -> float:
    """A scale in single precision, its logarithm uniform between 10**low and 10**high."""
    return float(np.float32(10.0 ** rng.uniform(low, high)))


def random_values(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Values:
    """Values over the type's whole range; floats of many magnitudes."""
    if dtype == "float32":
        exponent = rng.choice([0.1, 1.0, 4.0, 30.0])
        return (rng.standard_normal(shape) * exponent).astype(np.float32)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    info = np.iinfo(dtype)
    return rng.integers(info.min, int(info.max) + 1, shape).astype(dtype)


def random_shape(
    rng: np.random.Generator, low: int = 1, high: int = 4, limit: int = 6
) -> tuple[int, ...]:
    """`low` to `high` dimensions of 1 to `limit`, a few of them 1."""
    rank = int(rng.integers(low, high + 1))
    return tuple(int(n) for n in rng.integers(1, limit + 1, rank))


def unary_case(
    kind: str,
    x: Values,
    *,
    scales: tuple[float, float] | None = None,
    zero_points: tuple[int, int] = (0, 0),
    label: str = "",
    **options: float,
) -> Case:
    """A model of one operator with an input like `x` and an output of its shape and type."""
    builder = ModelBuilder()
    one, two = scales or (None, None)
    dtype = str(x.dtype)
    source = builder.tensor(x.shape, dtype, scale=one, zero_point=zero_points[0])
    target = builder.tensor(x.shape, dtype, scale=two, zero_point=zero_points[1])
    builder.operator(kind, [source], [target], **options)
    text = label or f"{kind} {x.shape} {dtype} {scales} {zero_points} {options}"
    return Case(builder.build([source], [target]), [x], label=text)


def int8_table_cases(
    kind: str,
    rng: np.random.Generator,
    count: int,
    ratio: tuple[float, float] = (-0.7, 0.7),
    **options: float,
) -> list[Case]:
    """All 256 values through random quantisations, the zero points' extremes included.

    `ratio` bounds the logarithm of the output's scale over the input's.
    """
    every = np.arange(-128, 128).astype(np.int8)
    cases = []
    for number in range(count):
        one = random_scale(rng)
        two = float(np.float32(one * 10.0 ** rng.uniform(*ratio)))
        points = [int(p) for p in rng.choice([-128, 127, 0, *rng.integers(-128, 128, 5)], 2)]
        if number % 5 == 0:  # one quantisation for both
            two, points[1] = one, points[0]
        if number % 5 == 1:  # exact halves
            one, two = (float(2.0**n) for n in rng.integers(-5, -1, 2))
        x = every if number % 2 else rng.permutation(every).reshape(1, 8, 8, 4)
        cases.append(
            unary_case(kind, x, scales=(one, two), zero_points=(points[0], points[1]), **options)
        )
    return cases


def float_cases(kind: str, rng: np.random.Generator, count: int, **options: float) -> list[Case]:
    """Random values of many magnitudes and the extremes."""
    cases = [unary_case(kind, FLOAT_EXTREMES, **options)]
    for _ in range(count):
        cases.append(unary_case(kind, random_values(rng, random_shape(rng), "float32"), **options))
    return cases


def float_sweep(stride: int) -> NDArray[np.float32]:
    """Every `stride`-th float32, subnormals and infinities included, NaNs left out."""
    values = np.arange(0, 2**32, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.append(values[~np.isnan(values)], np.float32([np.inf, -np.inf]))


def ulp_distance(one: Values, two: Values) -> int:
    """The most float32 values between two arrays' elements; zeros of both signs are one."""
    a, b = (_ordered(np.ascontiguousarray(v, np.float32)) for v in (one, two))
    return int(np.abs(a - b).max(initial=0))


def _ordered(values: NDArray[np.float32]) -> NDArray[np.int64]:
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def check(cases: Sequence[Case], *, ulp: int = 0, numerics: oracle.Numerics = "litert") -> int:
    """Run all cases in the C and in the reference; the greatest distance of floats seen."""
    if numerics != "litert":
        specs = [dataclasses.replace(case.spec, numerics=numerics) for case in cases]
        pairs = zip(cases, specs, strict=True)
        cases = [dataclasses.replace(case, spec=spec) for case, spec in pairs]
    asked = [oracle.Case(c.model, tuple(c.inputs)) for c in cases]
    references = oracle.run_cases(asked, numerics=numerics)
    answers = run_cases(cases)
    worst = 0
    for number, (case, reference) in enumerate(zip(cases, references, strict=True)):
        assert isinstance(reference, oracle.ReferenceRun), f"{number} {case.label}: {reference}"
        both = zip(answers[number], reference.outputs, strict=True)
        for place, (answer, expected) in enumerate(both):
            where = f"case {number} output {place} {case.label}"
            assert answer.dtype == expected.dtype, where
            assert answer.size == expected.size, f"{where}: {answer.shape}, {expected.shape}"
            flat = answer.reshape(expected.shape)
            if expected.dtype == np.float32:
                distance = ulp_distance(flat, expected)
                worst = max(worst, distance)
                assert (np.signbit(flat) == np.signbit(expected)).all(), f"{where}: signs"
                assert distance <= ulp, f"{where}: {distance} ulp, not {ulp}\n{flat}\n{expected}"
            else:
                require_same(answer, expected, where)
    return worst


def require_same(answer: Values, expected: Values, where: str) -> None:
    """The same type, as many elements, and the same value of each."""
    assert answer.dtype == expected.dtype, f"{where}: {answer.dtype}, {expected.dtype}"
    assert answer.size == expected.size, f"{where}: {answer.shape}, {expected.shape}"
    wrong = np.flatnonzero(answer.ravel() != expected.ravel())
    got, want = answer.ravel()[wrong[:5]], expected.ravel()[wrong[:5]]
    assert not wrong.size, f"{where}: {wrong.size} differ: {got} instead of {want}"
