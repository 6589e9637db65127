from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_scale, random_values
from tests.kernels.tflm_check import check_tflm
from tests.kernels.weighted_cases import ACTIVATIONS, point
from tests.tflite_builder import ModelBuilder

STEPS = 6


def svdf_case(rng: np.random.Generator, dtype: str, memory_type: str, number: int) -> Case:
    """A layer run over several steps, so that its memory matters."""
    batch = 1 if memory_type == "int8" or number % 3 else 2
    inputs, units, rank, memory = (int(n) for n in rng.integers(1, 9, 4))
    if number % 5 == 0:
        inputs = int(rng.integers(9, 70))
    filters = units * rank
    builder = ModelBuilder()
    shapes = ((batch, inputs), (filters, inputs), (filters, memory))
    integer = dtype == "int8"
    highest = -1.0 if memory_type == "int8" else 0.5  # TFLite Micro compares the scale of the bias
    scales = [random_scale(rng, -3.0, highest) for _ in range(3)] if integer else [None] * 3
    moved = memory_type == "int8" and bool(number % 2)
    points = (point(rng), int(rng.integers(-20, 20)) if moved else 0, point(rng))
    weights = random_values(rng, shapes[1], dtype)
    times = random_values(rng, shapes[2], memory_type)
    state_scale = y_scale = bias_scale = None
    if integer:
        size = 25000.0 if memory_type == "int16" else 20.0 if moved else 100.0
        if memory_type == "int16" and number % 4:
            times = (times // max(2, 2 * filters * memory)).astype(np.int16)
        state_scale = float(np.float32(scales[0] * scales[1] * 74 * 150 * inputs**0.5 / size))
        likely = state_scale * size / 2 * scales[2] * np.abs(times).mean() * (rank * memory) ** 0.5
        y_scale = float(np.float32(max(likely, 1e-20) / 64 * 10.0 ** rng.uniform(-0.5, 0.5)))
        bias_scale = float(np.float32(state_scale * scales[2]))
    x = builder.tensor(shapes[0], dtype, scale=scales[0], zero_point=points[0] if integer else 0)
    w = builder.tensor(shapes[1], dtype, scale=scales[1], data=weights)
    t = builder.tensor(shapes[2], memory_type, scale=scales[2], data=times)
    bias = -1
    if memory_type == "int8" or rng.random() < 0.7:  # TFLite Micro dies without
        most = 10 ** int(rng.integers(1, 5))
        values = (
            rng.integers(-most, most, units) if integer else random_values(rng, (units,), dtype)
        )
        kind = "int32" if integer else "float32"
        bias = builder.tensor((units,), kind, scale=bias_scale, data=values)
    state = builder.tensor(
        (batch, filters * memory),
        memory_type,
        scale=state_scale,
        zero_point=points[1] if integer else 0,
        variable=True,
    )
    y = builder.tensor((batch, units), dtype, scale=y_scale, zero_point=points[2] if integer else 0)
    activation = "RELU" if integer else str(rng.choice(ACTIVATIONS))
    builder.operator(
        "SVDF", [x, w, t, bias, state], [y], rank=rank, fused_activation_function=activation
    )
    samples = STEPS if batch == 1 else batch
    values = random_values(rng, (samples, inputs), dtype)
    label = f"{dtype} {memory_type} {shapes} rank {rank} bias {bias >= 0} {activation} {points}"
    return Case(builder.build([x], [y]), [values], label=label)


def hybrid_case(rng: np.random.Generator, number: int) -> Case:
    """Float activations with int8 weights; every second with a free zero point."""
    inputs = int(rng.integers(1, 40))
    units, rank, memory = (int(n) for n in rng.integers(1, 9, 3))
    builder = ModelBuilder()
    x = builder.tensor((1, inputs), "float32")
    w, t = (
        builder.tensor(
            (units * rank, width),
            "int8",
            scale=random_scale(rng),
            data=rng.integers(-127, 128, (units * rank, width)),
        )
        for width in (inputs, memory)
    )
    bias = builder.tensor((units,), "float32", data=random_values(rng, (units,), "float32"))
    state = builder.tensor((1, units * rank * memory), "float32", variable=True)
    y = builder.tensor((1, units), "float32")
    options = {"rank": rank, "asymmetric_quantize_inputs": bool(number % 2)}
    builder.operator("SVDF", [x, w, t, bias, state], [y], **options)
    values = random_values(rng, (STEPS, inputs), "float32")
    if number % 5 == 0:
        values[1] = 0
    return Case(builder.build([x], [y]), [values], label=f"{inputs} {units} {memory} {options}")


def test_hybrid(case_count: int) -> None:
    rng = np.random.default_rng(54)
    check([hybrid_case(rng, n) for n in range(case_count)])


@pytest.mark.parametrize("free", [False, True])
def test_hybrid_weights_of_minus_128(free: bool) -> None:
    """LiteRT multiplies them by negative inputs as if they were 128; half of them, with twice the
    scale, it multiplies right."""
    rng = np.random.default_rng(55)
    weights = rng.choice([-128, -126, 2, 64], (12, 37))
    times, values = rng.integers(-127, 128, (12, 5)), random_values(rng, (STEPS, 37), "float32")
    models = []
    for part in (1, 2):
        builder = ModelBuilder()
        x, y = builder.tensor((1, 37), "float32"), builder.tensor((1, 2), "float32")
        w = builder.tensor((12, 37), "int8", scale=0.01 * part, data=weights // part)
        t = builder.tensor((12, 5), "int8", scale=0.02, data=times)
        state = builder.tensor((1, 60), "float32", variable=True)
        options = {"rank": 6, "asymmetric_quantize_inputs": free}
        builder.operator("SVDF", [x, w, t, -1, state], [y], **options)
        models.append(Case(builder.build([x], [y]), [values]))
    asked = [oracle.Case(case.model, (values,)) for case in models]
    whole, halves = oracle.run_cases(asked)
    assert isinstance(whole, oracle.ReferenceRun)
    assert isinstance(halves, oracle.ReferenceRun)
    ((answer,),) = run_cases(models[:1])
    np.testing.assert_array_equal(answer, halves.outputs[0].reshape(answer.shape))
    assert (answer != whole.outputs[0].reshape(answer.shape)).any()


def test_int8_with_int16_memory(case_count: int) -> None:
    rng = np.random.default_rng(51)
    check([svdf_case(rng, "int8", "int16", n) for n in range(case_count)])


def test_int8_with_int8_memory(case_count: int) -> None:
    rng = np.random.default_rng(52)
    check_tflm([svdf_case(rng, "int8", "int8", n) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(53)
    check([svdf_case(rng, "float32", "float32", n) for n in range(case_count)])


def refused(rank: int = 2, activation: str = "RELU", variable: bool = True) -> str:
    builder = ModelBuilder()
    x = builder.tensor((1, 3), "int8", scale=0.5)
    w = builder.tensor((4, 3), "int8", scale=0.5, data=np.ones((4, 3)))
    t = builder.tensor((4, 2), "int16", scale=0.5, data=np.ones((4, 2)))
    data = None if variable else np.zeros((1, 8))
    state = builder.tensor((1, 8), "int16", scale=0.5, variable=variable, data=data)
    y = builder.tensor((1, 2), "int8", scale=0.5)
    builder.operator(
        "SVDF", [x, w, t, -1, state], [y], rank=rank, fused_activation_function=activation
    )
    with pytest.raises(ModelError) as error:
        read_model(builder.build([x], [y]))
    return str(error.value)


def test_refusals() -> None:
    assert "rank is 3; it must divide its 4 filters" in refused(rank=3)
    assert "rank is 0; it must divide" in refused(rank=0)
    assert "its activation is NONE; TFLite's int8 kernel takes RELU only" in refused(
        activation="NONE"
    )
    assert "is no variable; the layer keeps its state in it" in refused(variable=False)
