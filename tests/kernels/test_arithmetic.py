from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.operators.arithmetic import div_multiplier
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.binary_cases import random_shapes
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import Array, op_case, random_quant, small_values
from tests.kernels.oracle_check import FLOAT_EXTREMES, check, random_shape, random_values
from tests.kernels.tflm_check import check_tflm

RANK = 6
DIVISIONS = {
    "DIV": ("float32", "int32"),
    "FLOOR_DIV": ("float32", "int8", "int16", "int32"),
    "FLOOR_MOD": ("float32", "int8", "int16", "int32", "int64"),
}
ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")


def without_zeros(values: Array) -> Array:
    return np.where(values == 0, values.dtype.type(3), values)


def binary_case(kind: str, a: Array, b: Array, number: int, **options: str) -> Case:
    """Every third model has a constant operand, either one."""
    inputs, constants = [a, b], {}
    if number % 3 == 0:
        place = number // 3 % 2
        constants = {place: inputs.pop(place)}
    out = np.broadcast_shapes(a.shape, b.shape)
    return op_case(kind, inputs, [(out, str(a.dtype))], constants=constants, **options)


@pytest.mark.parametrize("kind", DIVISIONS)
def test_divisions(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(521)
    cases = []
    for number in range(len(DIVISIONS[kind]) * (case_count // 4)):
        dtype = DIVISIONS[kind][number % len(DIVISIONS[kind])]
        one, two = random_shapes(rng, RANK)
        a = random_values(rng, one, dtype)
        b = without_zeros(small_values(rng, two, dtype))
        if kind == "DIV":
            choice = str(rng.choice(ACTIVATIONS))
            cases.append(binary_case(kind, a, b, number, fused_activation_function=choice))
        else:
            cases.append(binary_case(kind, a, b, number))
    check(cases)


def byte_division(rng: np.random.Generator, dtype: str, ratio: float) -> Case:
    """Every dividend by many divisors; `ratio`: the operands' quotient over the output's scale."""
    quants = [random_quant(rng, dtype, -2, 0) for _ in range(2)]
    scale = float(np.float32(quants[0][0] / quants[1][0] / ratio))
    quants.append((scale, random_quant(rng, dtype)[1]))
    info = np.iinfo(dtype)
    a = np.arange(info.min, info.max + 1).astype(dtype)[:, None]
    b = rng.integers(info.min, info.max + 1, (1, 20)).astype(dtype)
    b = np.where(b == quants[1][1], quants[1][1] + (1 if quants[1][1] < 50 else -1), b)
    b = b.astype(dtype)
    inputs, constants = ([a], {1: b}) if rng.random() < 0.3 else ([a, b], {})
    choice = str(rng.choice(ACTIVATIONS))
    return op_case(
        "DIV",
        inputs,
        [((256, 20), dtype)],
        quants=quants,
        constants=constants,
        fused_activation_function=choice,
    )


def test_divisions_of_bytes(case_count: int) -> None:
    rng = np.random.default_rng(526)
    types = ("int8", "uint8") * (case_count // 8)
    check([byte_division(rng, dtype, 2.0 ** rng.uniform(7, 15)) for dtype in types])


def word_division(rng: np.random.Generator) -> Case:
    """Words by words, the extremes among them, where the reference's last shift is defined."""
    one, two = (random_quant(rng, "int16", -2, 0)[0] for _ in range(2))
    power = rng.uniform(3, 15)
    out = float(np.float32(one / two / 2.0**power))
    special = np.array([-32768, 32767, 1, -1, 2, 3, 256, -255], np.int16)
    a = np.concatenate([special, rng.integers(-(2**15), 2**15, 92)])
    least = 2 ** max(0, 14 - int(power))
    a = np.where(np.abs(a) < least, least, a).astype(np.int16)
    b = np.concatenate([special, rng.integers(-(2**15), 0, 6), rng.integers(1, 2**15, 6)])
    inputs, constants = [a[:, None], b.astype(np.int16)[None]], {}
    if rng.random() < 0.3:
        constants = {1: inputs.pop()}
    return op_case(
        "DIV",
        inputs,
        [((100, 20), "int16")],
        quants=[(one, 0), (two, 0), (out, 0)],
        constants=constants,
        fused_activation_function=str(rng.choice(ACTIVATIONS)),
    )


def test_divisions_of_words(case_count: int) -> None:
    rng = np.random.default_rng(528)
    check([word_division(rng) for _ in range(case_count // 4)])


def test_small_quotients_of_words() -> None:
    a = np.array([0, 1, -1, 2, 300], np.int16)[:, None]
    b = np.array([[-32768, 32767, 1, -1, 5]], np.int16)
    case = op_case("DIV", [a, b], [((5, 5), "int16")], quants=[(1.0, 0), (1.0, 0), (0.25, 0)])
    (answer,) = run_cases([case])[0]
    assert np.abs(a * 4.0 / b - answer).max() <= 1
    assert (answer[0] == 0).all()


def last_shifts(case: Case) -> Array:
    """The reference's last right shift for each quotient of bytes."""
    tensors = read_model(case.model).tensors[:3]
    a, b = (x.astype(int) - t.zero_point for x, t in zip(case.inputs, tensors, strict=False))
    value, size = np.where(b < 0, -a, a), np.abs(b)
    signs = np.where(value < 0, ~value, value)
    headroom = 31 - np.frexp(signs)[1]  # frexp: the exponent that lies above the highest bit
    return np.frexp(size)[1] - 1 + headroom - div_multiplier(*tensors).shift


def test_quotients_differ_from_the_reference_where_its_shift_is_undefined(case_count: int) -> None:
    """Every byte by every byte, the outputs' scales from far too wide to far too narrow."""
    rng = np.random.default_rng(529)
    cases = []
    for number in range(case_count // 4):
        dtype = ("int8", "uint8")[number % 2]
        info = np.iinfo(dtype)
        every = np.arange(info.min, info.max + 1).astype(dtype)
        quants = [random_quant(rng, dtype, -2, 0) for _ in range(2)]
        power = rng.uniform(-36, -28) if number % 6 == 5 else rng.uniform(-6, 22)
        out = float(np.float32(quants[0][0] / quants[1][0] / 2.0**power))
        quants.append((out, random_quant(rng, dtype)[1]))
        a, b = every[:, None], every[None, every != quants[1][1]]
        cases.append(op_case("DIV", [a, b], [((256, 255), dtype)], quants=quants))
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, (answer,), reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), reference
        apart = answer != reference.outputs[0]
        assert not (apart & (last_shifts(case) <= 31)).any(), case.label


@pytest.mark.parametrize("dtype", ("int8", "uint8"))
def test_small_quotients_of_bytes(dtype: str) -> None:
    """Where the reference's shift is undefined: within 1 of the exact quotient."""
    rng = np.random.default_rng(527)
    info = np.iinfo(dtype)
    a = np.arange(info.min, info.max + 1).astype(dtype)[:, None]
    b = np.concatenate([np.arange(info.min, 100, 7), [101, 120]]).astype(dtype)[None]
    case = op_case(
        "DIV",
        [a, b],
        [((256, b.size), dtype)],
        quants=[(0.05, 99), (0.1, 100), (float(2.0 ** rng.integers(-6, 3)), 10)],
    )
    (answer,) = run_cases([case])[0]
    scale = np.float64(0.05) / 0.1 / read_model(case.model).tensors[2].scale
    exact = np.round((a.astype(float) - 99) / (b.astype(float) - 100) * scale) + 10
    assert np.abs(np.clip(exact, info.min, info.max) - answer).max() <= 1


@pytest.mark.parametrize("kind", DIVISIONS)
def test_divisions_of_extremes(kind: str) -> None:
    values = np.append(FLOAT_EXTREMES, np.float32([7.5, -7.5, 1e30, 0.1]))
    a, b = values[:, None], values[None, values != 0]
    check([binary_case(kind, a, b, 1)])
    if kind == "FLOOR_MOD":
        check([binary_case(kind, np.float32([[1.5], [np.inf]]), np.float32([0.0, np.inf]), 1)])


def test_squared_difference(case_count: int) -> None:
    rng = np.random.default_rng(522)
    cases = []
    for number in range(case_count):
        dtype = ("int8", "float32", "int8", "int32")[number % 4]
        one, two = random_shapes(rng, RANK)
        a, b = random_values(rng, one, dtype), random_values(rng, two, dtype)
        if dtype == "int32":
            a, b = a // 2**17, b // 2**17
        quants = []
        if dtype == "int8":
            quants = [random_quant(rng, dtype) for _ in range(2)]
            natural = 255 * max(quants[0][0], quants[1][0]) ** 2
            gain = 10.0 ** rng.uniform(-1.5, 1)
            quants.append((float(np.float32(natural * gain)), int(rng.integers(-128, 128))))
        inputs, constants = [a, b], {}
        if number % 3 == 0:
            place = number // 3 % 2
            constants = {place: inputs.pop(place)}
        out = [(np.broadcast_shapes(one, two), dtype)]
        cases.append(op_case("SQUARED_DIFFERENCE", inputs, out, quants=quants, constants=constants))
    check(cases)


def test_squared_difference_of_micro(case_count: int) -> None:
    rng = np.random.default_rng(528)
    cases = []
    for number in range(case_count // 2):
        shape = (1, *random_shape(rng, 1, 3, 5))
        other = shape if number % 2 else (1, *(1 if rng.random() < 0.5 else n for n in shape[1:]))
        a, b = random_values(rng, shape, "int16"), random_values(rng, other, "int16")
        quants = [random_quant(rng, "int16") for _ in range(2)]
        natural = 65535**2 / 32768 * max(quants[0][0], quants[1][0]) ** 2
        quants.append((float(np.float32(natural * 10.0 ** rng.uniform(-2, 1))), 0))
        inputs, constants = ([a], {1: b}) if number % 3 == 0 else ([a, b], {})
        out = [(shape, "int16")]
        cases.append(op_case("SQUARED_DIFFERENCE", inputs, out, quants=quants, constants=constants))
    check_tflm(cases)


def test_power_of_integers(case_count: int) -> None:
    rng = np.random.default_rng(523)
    cases = []
    for number in range(case_count // 2):
        one, two = random_shapes(rng, 4)
        a = rng.integers(-9, 10, one).astype(np.int32)
        cases.append(binary_case("POW", a, rng.integers(0, 9, two).astype(np.int32), number))
    check(cases)


def test_power_of_floats(case_count: int) -> None:
    rng = np.random.default_rng(524)
    specials = np.float32([0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, 1e-40, 3e38, np.inf, -np.inf])
    specials = np.append(specials, np.float32([2.5, -3, 1e10, 16777217, -1e-3, 127, -149]))
    cases = [binary_case("POW", specials[:, None], specials[None], 1)]
    for number in range(case_count // 4):
        a = np.abs(random_values(rng, (40,), "float32"))
        b = (rng.standard_normal(40) * rng.choice([0.5, 3.0, 20.0])).astype(np.float32)
        cases.append(binary_case("POW", a, b, number))
    check(cases, ulp=1)


def test_add_n(case_count: int) -> None:
    rng = np.random.default_rng(525)
    cases = []
    for number in range(case_count // 2):
        dtype = ("float32", "int32")[number % 2]
        shape = random_shape(rng)
        arrays = [random_values(rng, shape, dtype) for _ in range(int(rng.integers(2, 6)))]
        if dtype == "int32":
            arrays = [a // 8 for a in arrays]
        constants = {1: arrays.pop(1)} if rng.random() < 0.3 else {}
        cases.append(op_case("ADD_N", arrays, [(shape, dtype)], constants=constants))
    zeros = [np.float32([-0.0, 0.0])] * 2
    check([*cases, op_case("ADD_N", zeros, [((2,), "float32")])])


@pytest.mark.parametrize("kind", DIVISIONS)
def test_a_constant_zero_divisor_is_refused(kind: str) -> None:
    a, b = np.ones((3,), np.int32), np.array([1, 0, 2], np.int32)
    model = op_case(kind, [a], [((3,), "int32")], constants={1: b}).model
    with pytest.raises(ModelError, match=r"holds a 0; a division by 0 has no value\. Change it"):
        read_model(model)


def test_integers_by_zero_give_zero() -> None:
    a = np.array([5, -5, -(2**31), 7], np.int32)
    b = np.array([0, 0, -1, -1], np.int32)
    cases = [op_case(kind, [a, b], [((4,), "int32")]) for kind in DIVISIONS]
    answers = [run[0].tolist() for run in run_cases(cases)]
    least = -(2**31)
    assert answers == [[0, 0, least, -7], [0, 0, least, -7], [0, 0, 0, 0]]


def test_negative_powers_of_integers_give_one() -> None:
    a, b = np.array([5, -3, 0, 2], np.int32), np.array([-1, -2, -7, 3], np.int32)
    (answer,) = run_cases([op_case("POW", [a, b], [((4,), "int32")])])[0]
    assert answer.tolist() == [1, 1, 1, 8]


def test_a_constant_negative_exponent_is_refused() -> None:
    a, b = np.ones((2,), np.int32), np.array([1, -1], np.int32)
    model = op_case("POW", [a], [((2,), "int32")], constants={1: b}).model
    with pytest.raises(ModelError, match=r"holds a negative number; .* Use float32 in the model"):
        read_model(model)
