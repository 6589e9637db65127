"""Operators whose result is known: as outputs of a model they are copied there."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.mover_cases import mover
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder

X = np.zeros((2, 3, 4), np.float32)


def test_shape_and_rank() -> None:
    cases = [
        mover("SHAPE", [(X, False)], [(3,)], dtype=dtype, out_type=dtype.upper())
        for dtype in ("int32", "int64")
    ]
    check([*cases, mover("RANK", [(X, False)], [()], dtype="int32")])


def test_range() -> None:
    cases = []
    for dtype, start, limit, delta in (
        ("int32", 3, 18, 4), ("int32", 5, -7, -3), ("int64", 0, 2, 1),
        ("float32", 0.1, 1.7, 0.3), ("float32", 3.0, -2.0, -0.7), ("float32", 0.0, 30.0, 0.1),
    ):  # fmt: skip
        ends = [np.array(v, dtype) for v in (start, limit, delta)]
        count = int(np.ceil(abs((float(ends[1]) - float(ends[0])) / float(ends[2]))))
        builder = ModelBuilder()
        x = builder.tensor((1, 2), "float32")
        tensors = [builder.tensor((), dtype, data=end) for end in ends]
        y = builder.tensor((count,), dtype)
        builder.operator("RANGE", tensors, [y])
        cases.append(Case(builder.build([x], [y]), [np.zeros((1, 2), np.float32)]))
    check(cases)


def test_broadcast_args() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 2), "float32")
    shapes = [builder.tensor((len(s),), "int32", data=s) for s in ([5, 1, 3], [4, 1])]
    y = builder.tensor((3,), "int32")
    builder.operator("BROADCAST_ARGS", shapes, [y])
    check([Case(builder.build([x], [y]), [np.zeros((1, 2), np.float32)])])


def shaped_by_arithmetic() -> bytes:
    """A Keras Flatten and UpSampling with an open batch: shapes by way of many operators."""
    b = ModelBuilder()
    x = b.tensor((1, 2, 3), "float32", signature=(-1, 2, 3))
    shape = b.tensor((3,), "int32")
    b.operator("SHAPE", [x], [shape], out_type="INT32")
    tail = b.tensor((2,), "int32")
    starts = [b.tensor((1,), "int32", data=[v]) for v in (1, 2)]
    b.operator("SLICE", [shape, starts[0], starts[1]], [tail])
    order = b.tensor((2,), "int32", data=[1, 0])
    swapped = b.tensor((2,), "int32")
    b.operator("GATHER", [tail, order], [swapped], axis=0)
    three = b.tensor((2,), "int32", data=[1, 1])
    times = b.tensor((2,), "int32")
    b.operator("MAXIMUM", [swapped, three], [times])
    one = b.tensor((1,), "int32", data=[1])
    target = b.tensor((3,), "int32")
    b.operator("CONCATENATION", [one, times], [target], axis=0)
    y = b.tensor((1, 3, 2), "float32")
    b.operator("RESHAPE", [x, target], [y])
    z = b.tensor((1, 3, 2), "float32")
    b.operator("RELU", [y], [z])
    return b.build([x], [z])


def test_arithmetic_of_shapes_never_reaches_the_device() -> None:
    graph = read_model(shaped_by_arithmetic())
    assert [op.kind for op in graph.operators] == ["RESHAPE", "RELU"]
    x = np.random.default_rng(0).standard_normal((1, 2, 3)).astype(np.float32)
    check([Case(shaped_by_arithmetic(), [x])])


def half_weights(dtype: str) -> bytes:
    """A dense layer whose weights are stored in another type and dequantised by the model."""
    rng = np.random.default_rng(3)
    b = ModelBuilder()
    x = b.tensor((1, 8), "float32")
    if dtype == "float16":
        stored = b.tensor((4, 8), dtype, data=rng.standard_normal((4, 8)).astype(np.float16))
    else:
        data = rng.integers(-127, 128, (4, 8))
        stored = b.tensor((4, 8), dtype, data=data, scale=0.037, zero_point=3)
    weights = b.tensor((4, 8), "float32")
    b.operator("DEQUANTIZE", [stored], [weights])
    y = b.tensor((1, 4), "float32")
    b.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    return b.build([x], [y])


def test_stored_weights_become_float32() -> None:
    x = np.random.default_rng(4).standard_normal((3, 8)).astype(np.float32)
    for dtype in ("float16", "int8"):
        graph = read_model(half_weights(dtype))
        assert [op.kind for op in graph.operators] == ["FULLY_CONNECTED"]
        check([Case(half_weights(dtype), [x])])


def packed_rows() -> bytes:
    """Halves of a tensor, each worked on, and joined again through reshapes."""
    b = ModelBuilder()
    x = b.tensor((2, 4, 4), "float32")
    parts = [b.tensor((4, 4), "float32") for _ in range(2)]
    b.operator("UNPACK", [x], parts, axis=0, num=2)
    flat = []
    for part in parts:
        done = b.tensor((4, 4), "float32")
        b.operator("RELU", [part], [done])
        flat.append(b.tensor((16,), "float32"))
        b.operator("RESHAPE", [done], [flat[-1]], new_shape=(16,))
    y = b.tensor((2, 16), "float32")
    b.operator("PACK", flat, [y], axis=0, values_count=2)
    z = b.tensor((2, 16), "float32")
    b.operator("LOGISTIC", [y], [z])
    return b.build([x], [z])


def test_parts_and_joins_share_memory() -> None:
    program = lower(optimise(read_model(packed_rows())), LowerSpec())
    assert "ep_copy" not in {step.kernel for step in program.steps}
    x = np.random.default_rng(5).standard_normal((2, 4, 4)).astype(np.float32)
    check([Case(packed_rows(), [x], optimise=flag) for flag in (False, True)], ulp=2)


def test_uint8_parts_of_other_scales() -> None:
    rng = np.random.default_rng(6)
    cases = []
    for _ in range(20):
        builder = ModelBuilder()
        axis = int(rng.integers(0, 3))
        inputs, arrays = [], []
        for _ in range(3):
            scale, point = float(rng.uniform(0.01, 0.3)), int(rng.integers(0, 256))
            inputs.append(builder.tensor((2, 8, 8), "uint8", scale=scale, zero_point=point))
            arrays.append(rng.integers(0, 256, (2, 8, 8)).astype(np.uint8))
        made = [2, 8, 8]
        made[axis] *= 3
        given = {"scale": float(rng.uniform(0.01, 0.3)), "zero_point": int(rng.integers(0, 256))}
        y = builder.tensor(made, "uint8", **given)
        builder.operator("CONCATENATION", inputs, [y], axis=axis)
        cases.append(Case(builder.build(inputs, [y]), arrays))
    check(cases)
