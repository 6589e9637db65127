from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_values
from tests.kernels.weighted_cases import point
from tests.tflite_builder import ModelBuilder

Shape = tuple[int, ...]


def random_batches(rng: np.random.Generator) -> tuple[Shape, Shape]:
    """Up to three dimensions of batches that broadcast; one of them may be shorter."""
    sizes = [int(n) for n in rng.integers(1, 4, int(rng.integers(0, 4)))]
    one = [n if rng.random() < 0.7 else 1 for n in sizes]
    two = [n if rng.random() < 0.7 or m == 1 else 1 for m, n in zip(one, sizes, strict=True)]
    cut = int(rng.integers(0, len(sizes) + 1)) if rng.random() < 0.4 else 0
    both = (tuple(one), tuple(two[cut:]))
    return both if rng.random() < 0.5 else (both[1], both[0])


def matmul_case(rng: np.random.Generator, dtype: str, number: int) -> Case:
    """Random sizes and options; every third model has a constant operand, either one."""
    batches = random_batches(rng)
    rows, columns = (int(n) for n in rng.integers(1, 12, 2))
    depth = int(rng.integers(1, 40))
    flip = rng.random(2) < 0.5
    matrices = ((rows, depth)[:: -1 if flip[0] else 1], (depth, columns)[:: -1 if flip[1] else 1])
    shapes = [(*b, *m) for b, m in zip(batches, matrices, strict=True)]
    constant = number % 2 if number % 3 == 0 else None
    types = [dtype, dtype]
    if dtype == "int16" and constant == 1 and number % 2:
        types[1] = "int8"
    builder = ModelBuilder()
    scales: list[float] | list[None] = [None] * 3
    points = [0, 0, 0]
    if dtype != "float32":
        scales = [random_scale(rng), random_scale(rng), 0.0]
        size = 74.0 * 74.0 if dtype == "int8" else 2.0**28
        likely = scales[0] * scales[1] * size * np.sqrt(depth)
        spread = 10.0 ** rng.uniform(-0.7, 0.7) * (
            10.0 ** rng.uniform(0, 4) if number % 9 == 0 else 1
        )
        scales[2] = float(np.float32(likely / (64 if dtype == "int8" else 2.0**14) * spread))
        if dtype == "int8":
            points = [point(rng), point(rng) if number % 2 else 0, point(rng)]
    inputs, values = [], []
    for place, shape in enumerate(shapes):
        x = random_values(rng, shape, types[place])
        if number % 5 == 0 and dtype != "float32":
            info = np.iinfo(types[place])
            x = rng.choice([info.min, info.max], shape).astype(types[place])
        data = x if place == constant else None
        tensor = builder.tensor(
            shape, types[place], scale=scales[place], zero_point=points[place], data=data
        )
        inputs.append(tensor)
        values.append(x)
    out = (*np.broadcast_shapes(*batches), rows, columns)
    y = builder.tensor(out, dtype, scale=scales[2], zero_point=points[2])
    options = {"adj_x": bool(flip[0]), "adj_y": bool(flip[1])}
    builder.operator("BATCH_MATMUL", inputs, [y], version=2, **options)
    free = [place for place in (0, 1) if place != constant]
    model = builder.build([inputs[place] for place in free], [y])
    label = f"{shapes} {types} {scales} {points} {options} constant {constant}"
    return Case(model, [values[place] for place in free], label=label)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(31)
    check([matmul_case(rng, "int8", n) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(32)
    check([matmul_case(rng, "int16", n) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(33)
    check([matmul_case(rng, "float32", n) for n in range(case_count)])


def hybrid_case(rng: np.random.Generator, number: int) -> Case:
    """Floats times an int8 constant; scales of columns where TFLite reads them."""
    one, two = random_batches(rng)
    while max(sum(size > 1 for size in batches) for batches in (one, two)) > 1:
        one, two = random_batches(rng)
    rows, depth, columns = (int(n) for n in rng.integers(1, 20, 3))
    flip = rng.random(2) < 0.5
    a_shape = (*one, *((depth, rows) if flip[0] else (rows, depth)))
    b_shape = (*two, *((columns, depth) if flip[1] else (depth, columns)))
    each = columns if flip[1] and number % 2 else 1
    scales = (0.01 * np.exp(rng.normal(0, 1, each))).astype(np.float32).tolist()
    data = rng.integers(-127, 128, b_shape)
    builder = ModelBuilder()
    a = builder.tensor(a_shape, "float32")
    axis = len(b_shape) - 2 if each > 1 else 0
    b = builder.tensor(b_shape, "int8", scale=scales, data=data, axis=axis)
    y = builder.tensor((*np.broadcast_shapes(one, two), rows, columns), "float32")
    options = {"adj_x": bool(flip[0]), "adj_y": bool(flip[1])}
    free = number % 4 > 1
    builder.operator(
        "BATCH_MATMUL", [a, b], [y], version=4, asymmetric_quantize_inputs=free, **options
    )
    values = random_values(rng, a_shape, "float32")
    if number % 5 == 0:
        values = (np.abs(values) * (number % 10 != 5)).astype(np.float32)
    label = f"{a_shape} {b_shape} scales {each} {options} asymmetric {free}"
    return Case(builder.build([a], [y]), [values], label=label)


def test_hybrid(case_count: int) -> None:
    rng = np.random.default_rng(34)
    check([hybrid_case(rng, n) for n in range(case_count)])


def test_hybrid_refusals() -> None:
    def message(shape: Shape, data: bool) -> str:
        builder = ModelBuilder()
        a = builder.tensor((*shape, 2, 3), "float32")
        b = builder.tensor((3, 5), "int8", scale=0.1, data=np.ones((3, 5)) if data else None)
        y = builder.tensor((*shape, 2, 5), "float32")
        builder.operator("BATCH_MATMUL", [a, b], [y], version=4)
        with pytest.raises(ModelError) as error:
            read_model(builder.build([a] if data else [a, b], [y]))
        return str(error.value)

    assert "float32[2,4,2,3] have several dimensions; with int8 weights" in message((2, 4), True)
    assert "differ in type; they must agree" in message((), False)


def test_one_constant_matrix_is_a_pointwise_convolution() -> None:
    builder = ModelBuilder()
    x = builder.tensor((2, 3, 8), "int8", scale=0.1, zero_point=-3)
    w = builder.tensor((8, 5), "int8", scale=0.1, data=np.ones((8, 5)))
    y = builder.tensor((2, 3, 5), "int8", scale=0.1)
    builder.operator("BATCH_MATMUL", [x, w], [y])
    program = lower(read_model(builder.build([x], [y])), LowerSpec())
    assert [step.kernel for step in program.steps] == ["ep_conv_1x1_s8"]


def refused(
    shapes: tuple[Shape, Shape], out: Shape, dtype: str = "float32", **scales: float
) -> str:
    builder = ModelBuilder()
    given = {"scale": 0.5, **scales} if dtype != "float32" else {}
    a, b = (builder.tensor(shape, dtype, **given) for shape in shapes)
    y = builder.tensor(out, dtype, **({"scale": 0.5} if given else {}))
    builder.operator("BATCH_MATMUL", [a, b], [y])
    with pytest.raises(ModelError) as error:
        read_model(builder.build([a, b], [y]))
    return str(error.value)


def test_refusals() -> None:
    assert refused(((2, 3), (4, 5)), (2, 5)) == (
        "op 0 BATCH_MATMUL 't2': tensor 0 't0' float32[2,3] and tensor 1 't1' float32[4,5] cannot "
        "be multiplied: rows of 3 meet columns of 4. Convert the model again with a current "
        "TensorFlow."
    )
    assert "do not broadcast" in refused(((2, 1, 3), (3, 3, 1)), (3, 1, 1))
    assert "must be [2,5]" in refused(((2, 3), (3, 5)), (2, 4))
    assert "has 1 dimensions; supported: 2 to 5" in refused(((3,), (3, 5)), (3, 5))
    assert "zero point is not 0" in refused(((2, 3), (3, 5)), (2, 5), "int16", zero_point=1)
    assert "fewer than 32768" in refused(((1, 2**15), (2**15, 1)), (1, 1), "int8")
