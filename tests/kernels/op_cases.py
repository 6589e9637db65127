"""Models of one operator for the tests: arrays in, a case out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_values
from tests.tflite_builder import ModelBuilder

Array = NDArray[np.generic]
Quant = tuple[float, int]
QUANTIZED = ("int8", "uint8", "int16")


def op_case(
    kind: str,
    inputs: Sequence[Array],
    outputs: Sequence[tuple[Sequence[int], str]],
    *,
    quants: Sequence[Quant | None] = (),
    constants: Mapping[int, Array] | None = None,
    version: int = 1,
    **options: Any,
) -> Case:
    """One operator on whole arrays (no batch of samples).

    `quants` are those of the inputs, then of the outputs; `constants` says which places of the
    operator's inputs are constants, the others are `inputs` in order.
    """
    builder = ModelBuilder()
    constants = dict(constants or {})
    count = len(inputs) + len(constants)
    padded = [*quants, *[None] * (count + len(outputs) - len(quants))]
    free = iter(inputs)
    places, given, values = [], [], []
    for place in range(count):
        data = constants.get(place)
        array = data if data is not None else next(free)
        quant = padded[place]
        scale, point = quant if quant else (None, 0)
        index = builder.tensor(
            array.shape, str(array.dtype), scale=scale, zero_point=point, data=data
        )
        places.append(index)
        if data is None:
            given.append(index)
            values.append(array)
    results = []
    for (shape, dtype), quant in zip(outputs, padded[count:], strict=True):
        scale, point = quant if quant else (None, 0)
        results.append(builder.tensor(shape, dtype, scale=scale, zero_point=point))
    builder.operator(kind, places, results, version=version, **options)
    label = f"{kind} {[a.shape for a in inputs]} {outputs} {quants} {sorted(constants)} {options}"
    return Case(builder.build(given, results), values, label=label)


def small_values(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> Array:
    """Values that often meet one another: few integers, of floats a few halves as well."""
    if rng.random() < 0.5:
        return random_values(rng, shape, dtype)
    if dtype == "bool":
        return random_values(rng, shape, dtype)
    whole = rng.integers(0 if dtype.startswith("u") else -4, 5, shape)
    return (whole / 2 if dtype == "float32" else whole).astype(dtype)


def random_quant(rng: np.random.Generator, dtype: str, low: float = -3, high: float = 0.5) -> Quant:
    """A scale whose logarithm is uniform, and a zero point that the type takes."""
    scale = float(np.float32(10.0 ** rng.uniform(low, high)))
    if dtype == "int16":
        return scale, 0
    info = np.iinfo(dtype)
    return scale, int(rng.choice([info.min, info.max, *rng.integers(info.min, info.max, 4)]))
