from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.operators import TABLE
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import Array, op_case, random_quant
from tests.kernels.oracle_check import (
    check,
    float_cases,
    float_sweep,
    random_values,
    ulp_distance,
)
from tests.kernels.tflm_check import check_tflm, tflm_answers

EXACT = ("ABS", "FLOOR", "NEG", "RELU_0_TO_1", "RSQRT", "SIGN", "SQRT", "SQUARE")
BOUNDED = ("COS", "EXP", "LOG", "SIN")
MICRO = ("CEIL", "ROUND")
POSITIVE = ("RSQRT", "SQRT")
EVERY = {d: np.arange(np.iinfo(d).min, np.iinfo(d).max + 1).astype(d) for d in ("int8", "uint8")}


def real_range(kind: str, scale: float) -> float:
    """About the greatest result at 128 steps of that scale, to choose the output's scale by."""
    most = 128 * scale
    return {
        "EXP": float(np.exp(min(most, 20.0))),
        "LOG": abs(float(np.log(scale))) + 5,
        "SQRT": most**0.5,
        "RSQRT": scale**-0.5,
    }.get(kind, most)


def quantised_case(kind: str, dtype: str, rng: np.random.Generator, **options: bool) -> Case:
    steps = 128 if dtype != "int16" else 32768
    scale, point = random_quant(rng, dtype, -3, 0)
    if kind == "EXP":
        scale /= 8  # beyond 88, exp overflows
    scale = float(np.float32(scale * 128 / steps))
    most = real_range(kind, scale * steps / 128)
    out = float(np.float32(most / steps * 10.0 ** rng.uniform(-0.3, 0.7)))
    target = 0 if dtype == "int16" else random_quant(rng, dtype)[1]
    if rng.random() < 0.2 and kind in ("ABS", "NEG"):
        out = scale
    if dtype == "int16":
        x: Array = rng.integers(-32768, 32768, 600).astype(np.int16)
        x[:4] = (-32768, 32767, 0, 1)
    else:
        x = EVERY[dtype]
    if kind in POSITIVE:
        x = x[x.astype(np.int32) >= point]
    return op_case(kind, [x], [(x.shape, dtype)], quants=[(scale, point), (out, target)], **options)


def check_within_one(cases: list[Case]) -> None:
    """Tables whose entries hang on the last bit of the host's erfcf, in the reference."""
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, (answer,), reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), case.label
        error = np.abs(answer.astype(int) - reference.outputs[0].astype(int))
        assert error.max() <= 1, case.label
        assert (error > 0).mean() < 0.02, case.label


QUANTISED = [
    (kind, dtype)
    for kind in ("ABS", "EXP", "GELU", "LOG", "NEG", "RELU_0_TO_1", "RSQRT", "SQRT")
    for dtype in TABLE[kind].types
    if dtype in ("int8", "uint8", "int16")
]


def test_quantised(case_count: int) -> None:
    rng = np.random.default_rng(551)
    times = range(case_count // 10)
    pairs = [pair for pair in QUANTISED if pair[0] != "GELU"]
    check([quantised_case(kind, dtype, rng) for kind, dtype in pairs for _ in times])


def test_quantised_gelu(case_count: int) -> None:
    rng = np.random.default_rng(557)
    numbers = range(case_count // 5)
    types = ("int8", "uint8", "int16")
    check_within_one(
        [quantised_case("GELU", t, rng, approximate=n % 2 == 0) for t in types for n in numbers]
    )


def test_elu_of_int8(case_count: int) -> None:
    rng = np.random.default_rng(552)
    cases = []
    for _ in range(case_count // 2):
        quants = [random_quant(rng, "int8") for _ in range(2)]
        cases.append(op_case("ELU", [EVERY["int8"][None]], [((1, 256), "int8")], quants=quants))
    check_tflm(cases)


def test_exact_floats(case_count: int) -> None:
    rng = np.random.default_rng(553)
    sweep = float_sweep(65537)
    cases = [op_case(kind, [sweep], [(sweep.shape, "float32")]) for kind in EXACT]
    for kind in EXACT:
        cases += float_cases(kind, rng, case_count // 20)
    check(cases)


@pytest.mark.parametrize("kind", BOUNDED)
def test_bounded_floats(kind: str) -> None:
    values = float_sweep(65539)
    if kind == "LOG":
        values = values[values >= 0]
    if kind in ("SIN", "COS"):
        values = np.append(values[np.isfinite(values)], np.float32(np.pi) * np.arange(1, 99))
    values = values.astype(np.float32)
    check([op_case(kind, [values], [(values.shape, "float32")])], ulp=TABLE[kind].float_ulp)


def test_gelu_of_floats() -> None:
    values = np.linspace(-12, 12, 40001, dtype=np.float32)
    check([op_case("GELU", [values], [(values.shape, "float32")])], ulp=TABLE["GELU"].float_ulp)


def test_gelu_by_tanh_of_floats() -> None:
    values = np.linspace(-12, 12, 40001, dtype=np.float32)
    case = op_case("GELU", [values], [(values.shape, "float32")], approximate=True)
    (run,) = oracle.run_cases([oracle.Case(case.model, tuple(case.inputs))])
    assert isinstance(run, oracle.ReferenceRun)
    error = np.abs(run_cases([case])[0][0] - run.outputs[0])
    assert (error <= 2.0**-22 * np.abs(values) + 1e-37).all()


@pytest.mark.parametrize("kind", MICRO)
def test_floats_of_micro(kind: str) -> None:
    values = float_sweep(65537)
    values = np.append(values[np.isfinite(values)], np.float32([0.5, 1.5, -0.5, -2.5, 8388609.5]))
    x = values.astype(np.float32)[None]
    check_tflm([op_case(kind, [x], [(x.shape, "float32")])])


def test_elu_of_floats() -> None:
    x = float_sweep(65537)[None]
    case = op_case("ELU", [x], [(x.shape, "float32")])
    ((expected,),) = tflm_answers([case])
    distance = ulp_distance(run_cases([case])[0][0], expected.reshape(x.shape))
    assert distance <= TABLE["ELU"].float_ulp


def test_integers() -> None:
    rng = np.random.default_rng(556)
    cases = []
    pairs = ("ABS int16", "ABS int32", "NEG int32", "NEG int64", "SIGN int32")
    for kind, dtype in (pair.split() for pair in pairs):
        x = random_values(rng, (3, 50), dtype)
        x[0, :5] = (0, 1, -1, np.iinfo(dtype).max, np.iinfo(dtype).min + (dtype != "int16"))
        cases.append(op_case(kind, [x], [(x.shape, dtype)]))
    check(cases)


def test_refusals() -> None:
    x = np.zeros((3,), np.int16)
    model = op_case("LOG", [x], [((3,), "int16")], quants=[(1.0, 3), (1.0, 0)]).model
    with pytest.raises(ModelError, match="has zero point 3; TFLite fixes 0 for int16"):
        read_model(model)
    small = op_case("RSQRT", [x.astype(np.int8)], [((3,), "int8")], quants=[(1e-9, 0), (1e-9, 0)])
    with pytest.raises(ModelError, match="the reference would shift by"):
        read_model(small.model)


@pytest.mark.parametrize(
    ("kind", "dtype", "point"),
    [("SQRT", "int8", 20), ("SQRT", "int16", 0), ("RSQRT", "int8", 20)],
)
def test_a_root_of_a_negative_value_is_that_of_zero(kind: str, dtype: str, point: int) -> None:
    info = np.iinfo(dtype)
    x = np.linspace(info.min, point, 50).round().astype(dtype)
    target = -5 if dtype == "int8" else 0
    quants = [(0.01, point), (0.02, target)]
    (answer,) = run_cases([op_case(kind, [x], [(x.shape, dtype)], quants=quants)])[0]
    assert set(answer.tolist()) == {target if kind == "SQRT" else info.max}


def test_inverse_roots_of_16_bits_rise_to_the_greatest_number() -> None:
    x = np.arange(-32768, 1, 7, dtype=np.int16)
    case = op_case("RSQRT", [x], [(x.shape, "int16")], quants=[(0.01, 0), (0.02, 0)])
    answer = run_cases([case])[0][0]
    assert answer[0] == 32767
    assert (np.diff(answer.astype(int)) <= 0).all()


@pytest.mark.parametrize(("dtype", "scale"), [("int8", 2.0), ("int16", 0.01)])
def test_exponentials_saturate(dtype: str, scale: float) -> None:
    """Those that leave single precision, too."""
    info = np.iinfo(dtype)
    x = np.array([info.min, info.max - 1, info.max], dtype)
    case = op_case("EXP", [x], [((3,), dtype)], quants=[(scale, 0), (1.0, 0)])
    assert run_cases([case])[0][0].tolist() == [0, info.max, info.max]
