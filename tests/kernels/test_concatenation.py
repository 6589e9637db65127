from __future__ import annotations

import numpy as np

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16", "bool")


def concatenation_case(rng: np.random.Generator, dtype: str) -> Case:
    """Inputs, constants and computed tensors side by side, some of them twice."""
    shape = list(random_shape(rng, 1, 4, 5))
    axis = int(rng.integers(0, len(shape)))
    given = {"scale": 0.5, "zero_point": 0} if dtype in ("int8", "uint8", "int16") else {}
    builder = ModelBuilder()
    parts, sources, arrays = [], [], []
    for _ in range(int(rng.integers(1, 5))):
        size = [*shape[:axis], int(rng.integers(1, 5)), *shape[axis + 1 :]]
        values = random_values(rng, size, dtype)
        draw = rng.random()
        if parts and draw < 0.2:
            parts.append(parts[0])
        elif sources and draw < 0.4:
            parts.append(builder.tensor(size, dtype, data=values, **given))
        else:
            sources.append(builder.tensor(size, dtype, **given))
            arrays.append(values)
            parts.append(computed(builder, sources[-1], size, dtype, given, rng))
    shapes = [builder.tensors[p].shape for p in parts]
    total = [*shape[:axis], sum(s[axis] for s in shapes), *shape[axis + 1 :]]
    target = builder.tensor(total, dtype, **given)
    sign = axis - len(shape) if rng.random() < 0.5 else axis
    builder.operator("CONCATENATION", parts, [target], axis=sign)
    label = f"{dtype} {shapes} axis {sign}"
    return Case(builder.build(sources, [target]), arrays, label=label)


def computed(builder, source, size, dtype, given, rng):
    """The tensor itself or, half the time where a kernel is at hand, one that depends on it."""
    if dtype not in ("int8", "float32") or rng.random() < 0.5:
        return source
    target = builder.tensor(size, dtype, **given)
    builder.operator("RELU", [source], [target])
    return target


def test_random(case_count: int) -> None:
    rng = np.random.default_rng(1)
    check([concatenation_case(rng, DTYPES[n % len(DTYPES)]) for n in range(case_count)])


def dense_block(inputs: int = 2) -> bytes:
    """Two concatenations, the second of the first's output and of one of its inputs."""
    builder = ModelBuilder()
    quantization = {"scale": 0.5, "zero_point": 0}
    shape = (1, 4, 8)
    x = builder.tensor(shape, "int8", **quantization)
    a, b = (builder.tensor(shape, "int8", **quantization) for _ in range(2))
    builder.operator("RELU", [x], [a])
    builder.operator("RELU6", [x], [b])
    first = builder.tensor((1, 8, 8), "int8", **quantization)
    builder.operator("CONCATENATION", [a, b], [first], axis=1)
    second = builder.tensor((1, 16, 8), "int8", **quantization)
    builder.operator("CONCATENATION", [first, a, a], [second], axis=1)
    last = builder.tensor((1, 16, 8), "int8", **quantization)
    builder.operator("RELU_N1_TO_1", [second], [last])
    return builder.build([x], [last, first])


def test_shared_inputs_and_nested() -> None:
    x = random_values(np.random.default_rng(2), (3, 4, 8), "int8")
    check([Case(dense_block(), [x])])


def test_computed_inputs_are_not_copied() -> None:
    program = lower(read_model(dense_block(), "m"), LowerSpec())
    copies = [step for step in program.steps if step.kernel == "ep_copy"]
    assert len(copies) == 3  # `first` is an output of the model; `a` has its place already, twice
    assert len(program.aliases) == 2
