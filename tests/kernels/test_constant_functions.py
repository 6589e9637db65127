"""What is computed from constants before the device equals what its kernels would compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgepack.compiler.folding import known_results
from edgepack.compiler.folding_functions import EVALUATORS
from edgepack.compiler.operators import TABLE
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import Array, op_case
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder

POSITIVE = ("SQRT", "RSQRT", "DIV")


def operands(kind: str, rng: np.random.Generator) -> list[Array]:
    count = TABLE[kind].inputs[0]
    if kind.startswith("LOGICAL"):
        return [random_values(rng, (4, 5), "bool") for _ in range(count)]
    values = [random_values(rng, (4, 5), "float32") for _ in range(count)]
    if kind in POSITIVE:
        values = [np.abs(v) + np.float32(1e-3) for v in values]
    return [random_values(rng, (4, 5), "bool"), *values[1:]] if count == 3 else values


def folded(case: Case) -> Array:
    """What the compiler computes of the case's only operator where its inputs are constants."""
    graph = read_model(case.model)
    data = dict(zip(graph.inputs, case.inputs, strict=True))
    tensors = tuple(
        replace(t, data=data[t.index].tobytes()) if t.index in data else t for t in graph.tensors
    )
    known = known_results(graph.operators[0], replace(graph, tensors=tensors), frozenset())
    assert known is not None, case.label
    return known[0]


def test_folded_equals_the_kernel() -> None:
    rng = np.random.default_rng(571)
    cases = []
    for kind in EVALUATORS:
        dtype = "bool" if TABLE[kind].types == ("bool",) else "float32"
        cases.append(op_case(kind, operands(kind, rng), [((4, 5), dtype)]))
    check(cases)
    for case, (answer,) in zip(cases, run_cases(cases), strict=True):
        assert folded(case).tobytes() == answer.tobytes(), case.label


def test_a_batch_norm_of_constants_is_folded() -> None:
    """x * (1 / sqrt(variance + epsilon)): two operators are left of four."""
    builder = ModelBuilder()
    x = builder.tensor((1, 3), "float32")
    variance = builder.tensor((3,), "float32", data=np.float32([1, 2, 3]))
    epsilon = builder.tensor((), "float32", data=np.float32(1e-3))
    total, root, y, z = (builder.tensor(s, "float32") for s in ((3,), (3,), (1, 3), (1, 3)))
    builder.operator("ADD", [variance, epsilon], [total])
    builder.operator("RSQRT", [total], [root])
    builder.operator("MUL", [x, root], [y])
    builder.operator("SUB", [y, epsilon], [z])
    graph = optimise(read_model(builder.build([x], [z])))
    assert [op.kind for op in graph.operators] == ["MUL", "SUB"]
