"""Graphs whose tensors lie within one another: joins of joins, parts of parts, reshapes of both."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder

UNARY = ("RELU", "RELU6", "HARD_SWISH", "RELU_N1_TO_1")


class Web:
    """A model of tensors [1, n, 4] that grows by one random operator at a time."""

    def __init__(self, rng: np.random.Generator, dtype: str) -> None:
        self.rng = rng
        self.builder = ModelBuilder()
        self.given = {"scale": 0.05, "zero_point": -3} if dtype == "int8" else {}
        self.dtype = dtype
        self.source = self.tensor(8)
        self.sizes = {self.source: 8}

    def tensor(self, size: int) -> int:
        return self.builder.tensor((1, size, 4), self.dtype, **self.given)

    def add(self, size: int) -> int:
        index = self.tensor(size)
        self.sizes[index] = size
        return index

    def pick(self) -> int:
        recent = list(self.sizes)[-5:]
        return int(self.rng.choice(recent))

    def grow(self) -> None:
        (self.unary, self.unary, self.join, self.part, self.reshape, self.slice)[
            int(self.rng.integers(0, 6))
        ]()

    def unary(self) -> None:
        x = self.pick()
        self.builder.operator(str(self.rng.choice(UNARY)), [x], [self.add(self.sizes[x])])

    def join(self) -> None:
        parts = [self.pick() for _ in range(int(self.rng.integers(2, 4)))]
        total = sum(self.sizes[p] for p in parts)
        if total <= 64:
            self.builder.operator("CONCATENATION", parts, [self.add(total)], axis=1)

    def part(self) -> None:
        x = self.pick()
        if self.sizes[x] % 2 == 0:
            axis = self.builder.tensor((), "int32", data=1)
            halves = [self.add(self.sizes[x] // 2) for _ in range(2)]
            self.builder.operator("SPLIT", [axis, x], halves, num_splits=2)

    def reshape(self) -> None:
        x = self.pick()
        shape = self.builder.tensor((3,), "int32", data=[1, -1, 4])
        self.builder.operator("RESHAPE", [x, shape], [self.add(self.sizes[x])])

    def slice(self) -> None:
        x = self.pick()
        if self.sizes[x] > 1:
            begin, end, step = (
                self.builder.tensor((3,), "int32", data=v)
                for v in ([0, 1, 0], [1, self.sizes[x], 4], [1, 1, 1])
            )
            y = self.add(self.sizes[x] - 1)
            self.builder.operator("STRIDED_SLICE", [x, begin, end, step], [y])

    def model(self) -> bytes:
        outputs = [t for t in list(self.sizes)[-4:] if t != self.source]
        return self.builder.build([self.source], outputs)


def web_case(rng: np.random.Generator, dtype: str) -> Case:
    web = Web(rng, dtype)
    for _ in range(int(rng.integers(3, 16))):
        web.grow()
    web.unary()
    x = random_values(rng, (1, 8, 4), dtype)
    return Case(web.model(), [x], label=f"{len(web.sizes)} tensors {dtype}")


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_random_webs(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = [web_case(rng, dtype) for _ in range(2 * case_count)]
    programs = [lower(read_model(case.model, "m"), LowerSpec()) for case in cases]
    shared = [a for p in programs for a in p.aliases if a.offset_bytes]
    assert len(shared) > case_count  # the webs hold what they are made for
    check(cases)
