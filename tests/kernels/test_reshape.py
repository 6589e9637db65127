"""RESHAPE, SQUEEZE and EXPAND_DIMS."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_shape, random_values
from tests.tflite_builder import ModelBuilder

DTYPES = ("int8", "float32", "uint8", "int32", "int16", "bool")


def reshape_case(rng: np.random.Generator, dtype: str, kind: str, constant: bool) -> Case:
    shape = random_shape(rng, 1, 4, 4)
    x = random_values(rng, shape, dtype)
    given = {"scale": 0.5, "zero_point": 3} if dtype in ("int8", "uint8") else {}
    builder = ModelBuilder()
    source = builder.tensor(shape, dtype, data=x if constant else None, **given)
    inputs, options = [source], {}
    if kind == "RESHAPE":
        target_shape = list(rng.permutation(shape)) + [1] * int(rng.integers(0, 2))
        wanted = list(target_shape)
        if rng.random() < 0.5:
            wanted[int(rng.integers(0, len(wanted)))] = -1
        if rng.random() < 0.3:
            options = {"new_shape": wanted}
        else:
            inputs.append(builder.tensor((len(wanted),), "int32", data=wanted))
    elif kind == "SQUEEZE":
        ones = [axis for axis, n in enumerate(shape) if n == 1]
        named = [axis for axis in ones if rng.random() < 0.5]
        gone = named or ones
        target_shape = [n for axis, n in enumerate(shape) if axis not in gone]
        options = {"squeeze_dims": [a if rng.random() < 0.5 else a - len(shape) for a in named]}
    else:
        axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
        target_shape = list(np.expand_dims(x, axis).shape)
        inputs.append(builder.tensor((1,), "int32", data=[axis]))
    target = builder.tensor(target_shape, dtype, **given)
    builder.operator(kind, inputs, [target], **options)
    outputs, sources, arrays = [target], [source], [x]
    if constant:  # an input that only feeds another output
        sources = [builder.tensor((1, 2), "float32")]
        outputs.append(builder.tensor((1, 2), "float32"))
        builder.operator("RELU", sources, outputs[1:])
        arrays = [np.ones((1, 2), np.float32)]
    label = f"{kind} {dtype} {shape} {target_shape} {options} {constant}"
    return Case(builder.build(sources, outputs), arrays, label=label)


def test_random(case_count: int) -> None:
    rng = np.random.default_rng(1)
    kinds = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
    check(
        [
            reshape_case(rng, DTYPES[n % len(DTYPES)], kinds[n % 3], n % 5 == 4)
            for n in range(2 * case_count)
        ]
    )


def test_costs_nothing() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 2, 3), "int8", scale=0.5)
    y = builder.tensor((6,), "int8", scale=0.5)
    builder.operator("RESHAPE", [x, builder.tensor((1,), "int32", data=[-1])], [y])
    program = lower(read_model(builder.build([x], [y]), "m"), LowerSpec())
    assert program.steps == ()
