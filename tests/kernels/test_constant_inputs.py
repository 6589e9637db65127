"""Operators on constants, which an optimiser would have folded."""

from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder


def constant_case(rng: np.random.Generator, kind: str, dtype: str, **options: float) -> Case:
    """A model whose second output is an operator's of a constant."""
    builder = ModelBuilder()
    softmax = kind in ("SOFTMAX", "LOGISTIC")
    one = {"scale": 0.05} if dtype == "int8" else {}
    two = {"scale": 1 / 256, "zero_point": -128} if softmax else {"scale": 0.07}
    x = builder.tensor((1, 6), dtype, **one)
    constant = builder.tensor((1, 6), dtype, data=random_values(rng, (1, 6), dtype), **one)
    outputs = [builder.tensor((1, 6), dtype, **(two if dtype == "int8" else {})) for _ in range(2)]
    for source, target in zip((x, constant), outputs, strict=True):
        inputs = [source, constant] if kind == "PRELU" else [source]
        builder.operator(kind, inputs, [target], **options)
    model = builder.build([x], outputs)
    return Case(model, [random_values(rng, (1, 6), dtype)], label=f"{kind} {dtype}")


def test_activations() -> None:
    rng = np.random.default_rng(1)
    kinds = ("RELU", "RELU6", "TANH", "LOGISTIC", "HARD_SWISH", "PRELU")
    cases = [constant_case(rng, kind, d) for kind in kinds for d in ("int8", "float32")]
    cases += [constant_case(rng, "SOFTMAX", d, beta=1.0) for d in ("int8", "float32")]
    check(cases, ulp=4)
