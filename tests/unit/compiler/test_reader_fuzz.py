"""Random damage: the reader refuses it, or what it returns holds together."""

from __future__ import annotations

import math
import random
import time

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph
from edgepack.oracle import Case, ReferenceRun, run_cases
from tests.models.mutants import damaged
from tests.unit.compiler.mutation import BYTES

ROUNDS = 2000


def assert_consistent(graph: Graph) -> None:
    """What every later stage takes for granted, checked without the validator's own code."""
    count = len(graph.tensors)
    assert [t.index for t in graph.tensors] == list(range(count))
    assert graph.inputs and graph.outputs and graph.operators
    there = set(graph.inputs)
    used = {*graph.inputs, *graph.outputs}
    for op in graph.operators:
        assert op.outputs or op.kind == "ASSIGN_VARIABLE"
        for index in op.inputs:
            if index == ABSENT:
                continue
            assert index in there or graph.tensors[index].data is not None
        for index in op.outputs:
            assert index not in there and graph.tensors[index].data is None
            there.add(index)
        used |= ({*op.inputs} - {ABSENT}) | {*op.outputs}
    constants = {t.index for t in graph.tensors if t.data is not None}
    assert set(graph.outputs) <= there | constants
    for index in used:
        tensor = graph.tensors[index]
        assert all(size > 0 for size in tensor.shape)
        assert tensor.bytes <= 2**31
        if tensor.data is not None:
            assert len(tensor.data) == tensor.bytes
        if tensor.quantization is not None:
            scales, points = tensor.quantization.scales, tensor.quantization.zero_points
            assert len(scales) == len(points) > 0
            assert all(math.isfinite(s) and s > 0 for s in scales)


@pytest.mark.parametrize("base", sorted(BYTES))
def test_damaged_files_are_refused_or_read_as_graphs_that_hold_together(base):
    rng = random.Random(base)
    slowest, refused = 0.0, 0
    for _ in range(ROUNDS):
        data = damaged(BYTES[base], rng)
        began = time.perf_counter()
        try:
            assert_consistent(read_model(data, base))
        except ModelError as error:
            refused += 1
            assert str(error).isascii() and "\n" not in str(error)
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 2
    assert refused > ROUNDS // 5


@pytest.mark.parametrize("base", sorted(BYTES))
def test_what_the_reader_accepts_the_reference_interpreter_survives(base):
    rng = random.Random(base + "!")
    cases = []
    for _ in range(400):
        data = damaged(BYTES[base], rng)
        try:
            graph = read_model(data, base)
        except ModelError:
            continue
        inputs = (graph.tensors[i] for i in graph.inputs)
        cases.append(Case(data, tuple(np.zeros(t.shape, t.dtype.numpy) for t in inputs)))
    results = run_cases(cases)
    died = [str(r) for r in results if not isinstance(r, ReferenceRun) and "died" in str(r)]
    assert died == []
