"""Sparse constants against LiteRT's DENSIFY, and layouts that contradict themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgepack import oracle
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.tflite_builder import ModelBuilder, pack

F = "float32"


def layout(order: list[int], blocks: list[int], levels: list[Any]) -> Any:
    """A level is its size, or (segments, indices, the type of both)."""
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap, sparsity.dimMetadata = order, blocks, []
    for level in levels:
        found = schema.DimensionMetadataT()
        if isinstance(level, int):
            found.format, found.denseSize = 0, level
        else:
            segments, indices, kind = level
            found.format = 1
            made = []
            for values in (segments, indices):
                vector = getattr(schema, kind + "T")()
                vector.values = values
                made.append(vector)
            found.arraySegments, found.arrayIndices = made
            number = getattr(schema.SparseIndexVector, kind)
            found.arraySegmentsType = found.arrayIndicesType = number
        sparsity.dimMetadata.append(found)
    return sparsity


def model(shape: tuple[int, ...], stored: list[float], sparsity: Any) -> bytes:
    b = ModelBuilder()
    weights, dense = b.tensor(shape, F, data=np.float32(stored)), b.tensor(shape, F)
    x, y = b.tensor(shape, F), b.tensor(shape, F)
    b.operator("DENSIFY", [weights], [dense])
    b.operator("ADD", [x, dense], [y])
    b.tensors[weights].sparsity = sparsity
    return pack(b.model([x], [y]))


def csr(rng: np.random.Generator, rows: int, columns: int, kind: str) -> tuple[Any, int]:
    segments, indices = [0], []
    for _ in range(rows):
        indices += sorted(rng.choice(columns, int(rng.integers(0, columns + 1)), replace=False))
        segments.append(len(indices))
    return (segments, [int(i) for i in indices], kind), len(indices)


@pytest.mark.parametrize("kind", ["Int32Vector", "Uint16Vector", "Uint8Vector"])
@pytest.mark.parametrize("way", ["rows", "columns", "blocks"])
def test_a_sparse_constant_is_what_litert_makes_of_it(way: str, kind: str) -> None:
    rng = np.random.default_rng(len(way) + len(kind))
    shape = (8, 6)
    if way == "blocks":  # of 4 rows by 1 column
        level, count = csr(rng, 2, 6, kind)
        sparsity, count = layout([0, 1, 2], [0], [2, level, 4]), 4 * count
    else:
        order = [0, 1] if way == "rows" else [1, 0]
        level, count = csr(rng, shape[order[0]], shape[order[1]], kind)
        sparsity = layout(order, [], [shape[order[0]], level])
    data = model(shape, list(rng.standard_normal(count)), sparsity)
    graph = optimise(read_model(data))
    dense = graph.tensor(graph.operators[0].inputs[1]).array()
    reference = oracle.run_reference(data, [np.zeros(shape, np.float32)])
    np.testing.assert_array_equal(dense, reference.outputs[0])
    assert [op.kind for op in graph.operators] == ["ADD"]


@pytest.mark.parametrize(
    ("order", "blocks", "levels", "text"),
    [
        ([0, 0], [], [2, 2], "order of dimensions"),
        ([0, 1], [], [2], "levels are not as many"),
        ([0, 1, 2], [7], [2, 2, 2], "levels are not as many"),
        ([0, 1], [], [2, 2**20], "more elements"),
        ([0, 1], [], [2, ([0, 3, 1], [0, 1, 0], "Int32Vector")], "segments overlap"),
        ([0, 1], [], [2, ([0, 1], [0], "Int32Vector")], "contradicts itself"),
        ([0, 1], [], [2, ([0, 1, 9], [0, 1], "Int32Vector")], "segments overlap|contradicts"),
        ([0, 1], [], [2, ([0, 1, 2], [0, 5], "Int32Vector")], "contradicts itself"),
        ([0, 1], [], [2, ([0, 1, 1], [0], "Int32Vector")], "must be as many"),
        ([2, 0, 1], [0], [1, 2, 2], "blocks come before"),
    ],
)
def test_a_broken_layout_is_refused(order: Any, blocks: Any, levels: Any, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        read_model(model((2, 2), [1.0, 2.0], layout(order, blocks, levels)))
