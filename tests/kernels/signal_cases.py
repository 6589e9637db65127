"""Random models of one operator of the signal library, and streams of samples for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from tests.tflite_builder import ModelBuilder

Values = NDArray[np.generic]
Spec = tuple[tuple[int, ...], str]


def signal_model(
    kind: str,
    inputs: Sequence[Spec],
    outputs: Sequence[Spec],
    constants: Sequence[Values] = (),
    **options: float,
) -> bytes:
    """The operator behind these inputs, its constants after them."""
    b = ModelBuilder()
    given = [b.tensor(shape, dtype) for shape, dtype in inputs]
    fixed = [b.tensor(c.shape, str(c.dtype), data=c) for c in constants]
    made = [b.tensor(shape, dtype) for shape, dtype in outputs]
    b.operator(kind, [*given, *fixed], made, custom=bytes(flexbuffers.Dumps(options)))
    return b.build(given, made)


def samples(rng: np.random.Generator, shape: tuple[int, ...], dtype: str = "int16") -> Values:
    """Values of a random loudness, some at the very ends of the type."""
    if dtype == "float32":
        return (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4)).astype(np.float32)
    info = np.iinfo(dtype)
    bits = int(rng.integers(1, info.bits))
    values = rng.integers(max(info.min, -(2**bits)), min(info.max, 2**bits - 1) + 1, shape)
    ends = rng.choice(np.array([info.min, info.max], dtype), shape)
    return np.where(rng.random(shape) < 0.02, ends, values.astype(dtype))
