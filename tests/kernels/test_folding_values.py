"""What is computed from constants is what the reference computes from them."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgepack.compiler.folding import EVALUATORS
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from tests.kernels.harness import Case
from tests.kernels.mover_cases import mover
from tests.kernels.oracle_check import check
from tests.kernels.test_moves import MOVERS, REFUSED
from tests.tflite_builder import ModelBuilder, pack, unpack

MOVED = sorted(MOVERS.keys() & EVALUATORS.keys())


def frozen(case: Case) -> Case:
    """The same model with constants for inputs, and an input that nothing reads."""
    model = unpack(case.model)
    graph = model.subgraphs[0]
    for index, values in zip(graph.inputs, case.inputs, strict=True):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        graph.tensors[index].buffer = len(model.buffers)
        model.buffers.append(buffer)
    idle = schema.TensorT()
    idle.shape, idle.type, idle.buffer, idle.name = [1, 2], 0, 0, "idle"
    graph.inputs = [len(graph.tensors)]
    graph.tensors.append(idle)
    inputs = [np.zeros((1, 2), np.float32)]
    return Case(pack(model), inputs, label=case.label, optimise=True)


def folded(cases: list[Case]) -> int:
    """How many of the models have no operator left."""
    return sum(not optimise(read_model(case.model)).operators for case in cases)


def test_movers(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for number in range(case_count):
        kind = MOVED[number % len(MOVED)]
        types = [t for t in ("int8", "int32", "float32", "int64") if t not in REFUSED.get(kind, ())]
        cases.append(frozen(MOVERS[kind](rng, str(rng.choice(types)))))
    assert folded(cases) > 0.9 * len(cases)
    check(cases)


ARITHMETIC = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "FLOOR_DIV", "FLOOR_MOD")


def arithmetic(rng: np.random.Generator, kind: str, dtype: str) -> Case:
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 5)))
    a, b = (rng.integers(-50, 50, s).astype(dtype) for s in (shape, shape[1:]))
    if dtype == "float32":
        a, b = a * np.float32(0.1), b * np.float32(0.3)
    if kind.startswith("FLOOR"):
        b = np.where(b == 0, 7, b).astype(dtype)
    return frozen(mover(kind, [(a, False), (b, False)], [shape]))


def test_arithmetic() -> None:
    rng = np.random.default_rng(2)
    cases = [arithmetic(rng, k, d) for k in ARITHMETIC for d in ("int32", "int64") for _ in "ab"
             if (k, d) != ("FLOOR_DIV", "int64")]  # fmt: skip
    cases += [arithmetic(rng, kind, "float32") for kind in ("ADD", "SUB", "MUL") for _ in "abc"]
    assert folded(cases) > 0.8 * len(cases)  # a divisor of -1 stays
    check(cases)


def test_conversions() -> None:
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((3, 5)) * 40).astype(np.float32)
    cases = [
        mover("CAST", [(x.astype(a), False)], [(3, 5)], dtype=b)
        for a in ("float32", "int32", "int8", "int64", "bool")
        for b in ("float32", "int32", "int8", "int64", "bool")
        if a != b
    ]
    cases = [frozen(case) for case in cases]
    assert folded(cases) > 0.8 * len(cases)  # what lies beyond the type stays
    check(cases)


@pytest.mark.parametrize("keep", [False, True])
def test_products(keep: bool) -> None:
    x = np.arange(1, 13, dtype=np.int32).reshape(2, 6)
    made = (2, 1) if keep else (2,)
    inputs = [(x, False), (np.array([-1], np.int32), True)]
    case = frozen(mover("REDUCE_PROD", inputs, [made], keep_dims=keep))
    assert folded([case]) == 1
    check([case])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_dequantised_constants(dtype: str) -> None:
    rng = np.random.default_rng(4)
    info = np.iinfo(dtype)
    cases = []
    for channels in (1, 4) if dtype == "int8" else (1,):
        b = ModelBuilder()
        data = rng.integers(info.min, info.max + 1, (3, 4))
        scale = [float(s) for s in rng.uniform(0.001, 2, channels)]
        points = [0 if dtype == "int16" else int(p) for p in rng.integers(0, 9, channels)]
        idle = b.tensor((1, 2), "float32")
        x = b.tensor((3, 4), dtype, data=data, scale=scale, zero_point=points, axis=1)
        y = b.tensor((3, 4), "float32")
        b.operator("DEQUANTIZE", [x], [y], version=5 if channels > 1 else 2)
        z = b.tensor((12,), "float32")
        b.operator("RESHAPE", [y], [z], new_shape=(12,))
        inputs = [np.zeros((1, 2), np.float32)]
        cases.append(Case(b.build([idle], [z]), inputs, optimise=True, label=f"{dtype} {channels}"))
    check(cases)
