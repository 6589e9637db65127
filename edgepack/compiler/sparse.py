"""Constants that a file stores sparse, as plain dense ones.

TFLite's format walks a tensor's dimensions, blocks of them last, in an order of its own; along each
level all indices are there (dense), or those that segments of a list name (compressed).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.flatbuffer import Scalar, Table
from edgepack.compiler.operators.checks import tensor_text
from edgepack.errors import ModelError
from edgepack.graph import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MAX_LEVELS = 16
KINDS: dict[int, Scalar] = {1: "int32", 2: "uint16", 3: "uint8"}


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the walk: `size` indices, or `segments` of `indices`."""

    size: int
    segments: Ints | None = None
    indices: Ints | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How the stored elements lie in the dense tensor."""

    order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]


def read_layout(table: Table) -> Layout:
    """The layout of one tensor, as the file has it."""
    levels = []
    for level in table.tables(2, "dim_metadata", "level", MAX_LEVELS):
        if level.integer(0, "int8", "format") == 0:
            levels.append(Level(level.integer(1, "int32", "dense_size")))
        else:
            segments, indices = (_numbers(level, slot) for slot in (2, 4))
            levels.append(Level(0, segments, indices))
    order, blocks = (table.integers(n, "int32", w) for n, w in ((0, "order"), (1, "block_map")))
    return Layout(order, blocks, tuple(levels))


def _numbers(level: Table, slot: int) -> Ints:
    kind = level.integer(slot, "uint8", "index type")
    values = level.table(slot + 1, "indices")
    if kind not in KINDS or values is None:
        level.source.damaged(level.where, f"its indices are of type {kind}; 1, 2 and 3 are known")
    return np.array(values.numbers(0, KINDS[kind], "values"), np.int64)


def dense_bytes(tensor: Tensor, layout: Layout, stored: bytes) -> bytes:
    """The constant's bytes, zeros where none is stored; ModelError where the layout is broken."""
    values = np.frombuffer(stored, tensor.dtype.numpy)
    try:
        places = _places(tensor.shape, layout)
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"{tensor_text(tensor)}: it is stored sparse, in a layout that contradicts itself "
            f"({error}). The file is damaged: download or convert it again."
        ) from error
    if len(places) != len(values):
        raise ModelError(
            f"{tensor_text(tensor)}: it is stored sparse, in {len(values)} elements, and its "
            f"layout has {len(places)}; they must be as many. Convert the model again."
        )
    dense = np.zeros(prod(tensor.shape), tensor.dtype.numpy)
    dense[places] = values
    return dense.tobytes()


def _places(shape: tuple[int, ...], layout: Layout) -> Ints:
    """Where each stored element lies, by its number in the dense tensor."""
    rank, order = len(shape), layout.order
    if sorted(order) != list(range(len(order))) or len(order) != rank + len(layout.block_map):
        raise ValueError("its order of dimensions is none")
    if len(layout.levels) != len(order) or not set(layout.block_map) <= set(range(rank)):
        raise ValueError("its levels are not as many as its dimensions")
    at = np.zeros(1, np.int64)
    walked: list[Ints] = []
    for level in layout.levels:
        rows, index, at = _step(level, at, prod(shape))
        walked = [column[rows] for column in walked] + [index]
    places: list[Ints] = [np.zeros(len(at), np.int64)] * rank
    for column, dimension in zip(walked[:rank], order[:rank], strict=True):
        if dimension >= rank:
            raise ValueError("blocks come before the dimensions")
        places[dimension] = column
    for level, column, dimension in zip(
        layout.levels[rank:], walked[rank:], order[rank:], strict=True
    ):
        whole = layout.block_map[dimension - rank]
        places[whole] = places[whole] * level.size + column
    return np.ravel_multi_index(tuple(places), shape) if rank else np.zeros(len(at), np.int64)


def _step(level: Level, at: Ints, most: int) -> tuple[Ints, Ints, Ints]:
    """One level further: for each new place the row it comes from, its index, its number."""
    if level.segments is None or level.indices is None:
        if level.size <= 0 or len(at) * level.size > most:
            raise ValueError("it has more elements than the tensor")
        rows = np.repeat(np.arange(len(at)), level.size)
        index = np.tile(np.arange(level.size), len(at))
        return rows, index, at[rows] * level.size + index
    starts, ends = level.segments[at], level.segments[at + 1]
    counts = ends - starts
    if (counts < 0).any() or counts.sum() > most or (starts < 0).any():
        raise ValueError("its segments overlap")
    rows = np.repeat(np.arange(len(at)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    number = starts[rows] + np.arange(len(rows)) - first
    return rows, level.indices[number], number
