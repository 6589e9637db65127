"""Models of one operator that moves data, for every type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgepack import oracle
from tests.kernels.harness import Case, run_cases
from tests.kernels.op_cases import QUANTIZED
from tests.kernels.oracle_check import random_values
from tests.tflite_builder import ModelBuilder, pack, unpack

Values = NDArray[np.generic]


def given(dtype: str, scale: float = 0.5, zero_point: int = 0) -> dict[str, float]:
    """A quantisation for the types that have one."""
    if dtype not in QUANTIZED:
        return {}
    return {"scale": scale, "zero_point": 0 if dtype == "int16" else zero_point}


def values(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Values:
    """Random values of any type, float16 included."""
    if dtype == "float16":
        return rng.standard_normal(shape).astype(np.float16)
    if dtype in ("int64", "uint32"):  # int32 may stand in for them
        return rng.integers(0, 2**31, shape).astype(dtype)
    return random_values(rng, shape, dtype)


def mover(
    kind: str,
    inputs: Sequence[tuple[Values, bool]],
    outputs: Sequence[Sequence[int]],
    *,
    dtype: str | None = None,
    zero_point: int = 0,
    version: int = 1,
    label: str = "",
    **options: object,
) -> Case:
    """A model of one operator. Each input: its values, and whether it is a constant."""
    builder = ModelBuilder()
    places, sources, arrays = [], [], []
    for array, constant in inputs:
        own = str(array.dtype)
        index = builder.tensor(
            array.shape, own, data=array if constant else None, **given(own, zero_point=zero_point)
        )
        places.append(index)
        if not constant:
            sources.append(index)
            arrays.append(array)
    made = dtype or str(inputs[0][0].dtype)
    targets = [builder.tensor(s, made, **given(made, zero_point=zero_point)) for s in outputs]
    builder.operator(kind, places, targets, version=version, **options)
    text = f"{kind} {[(a.shape, str(a.dtype), c) for a, c in inputs]} to {outputs} {options} "
    small = [a.tolist() for a, c in inputs if c and a.size < 20]
    return Case(builder.build(sources, targets), arrays, label=f"{text}{small} {label}")


STANDS_IN = {
    "bool": "int32",
    "int16": "int32",
    "uint16": "int32",
    "uint32": "int32",
    "float16": "float32",
    "int64": "int32",
}


def check_stand_in(cases: Sequence[Case], dtype: str) -> None:
    """Compare cases of a type that the reference has no kernel for with the same in another.

    What only moves elements gives the same values in every type that holds them.
    """
    other = STANDS_IN[dtype]
    stood_in = [retyped(case, dtype, other) for case in cases]
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in stood_in])
    for case, answers, reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), f"{case.label}: {reference}"
        for answer, expected in zip(answers, reference.outputs, strict=True):
            assert answer.size == expected.size, case.label
            wide = answer.reshape(expected.shape).astype(expected.dtype)
            np.testing.assert_array_equal(wide, expected, err_msg=case.label)


def retyped(case: Case, dtype: str, other: str) -> Case:
    """The same model and inputs with every tensor of one type in another."""
    model = unpack(case.model)
    numbers = [getattr(schema.TensorType, name.upper()) for name in (dtype, other)]
    for tensor in model.subgraphs[0].tensors:
        if tensor.type != numbers[0]:
            continue
        tensor.type, tensor.quantization = numbers[1], None
        buffer = model.buffers[tensor.buffer]
        if tensor.buffer:
            raw = np.asarray(buffer.data, np.uint8).tobytes()
            wide = np.frombuffer(raw, dtype).astype(other)
            buffer.data = np.frombuffer(wide.tobytes(), np.uint8)
    inputs = [x.astype(other) if str(x.dtype) == dtype else x for x in case.inputs]
    return Case(pack(model), inputs, label=case.label)
