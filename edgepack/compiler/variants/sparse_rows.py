"""Layers by portable kernels whose weights are stored by what they have in common.

Zero blocks, zeros anywhere, at most one or two of four, at most sixteen or four values: on every
core, for flash; where most weights are zero, for time as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import zero_blocks
from edgepack.compiler.variants.portable_rows import conv_step, dense_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec, Step

MORE = 255  # of a count: another one follows
LEAST_ZEROS = 0.5  # of weights that are stored with their places, two bytes each
LEAST_BLOCKS = 0.2  # of blocks, which take a byte more than their weights
BOOKS = ((16, 4, "book"), (4, 2, "few"))  # values, bits of a place
Packed = tuple[str, bytes, float]  # kind, bytes, of the weights those that are multiplied


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step, ...]:
    """The layer by each way of storing that takes less than its weights."""
    del spec
    if layer.depthwise:
        return ()
    return tuple(
        conv_step(layer, *_names(kind, "conv"), data, round(share * layer.macs))
        for kind, data, share in packed(layer.weights)
    )


def dense(layer: DenseLayer, spec: LowerSpec) -> tuple[Step, ...]:
    """The layer likewise, with one rounding."""
    del spec
    if not layer.once:
        return ()
    return tuple(
        dense_step(layer, *_names(kind, "dense"), data, round(share * layer.macs))
        for kind, data, share in packed(layer.weights)
    )


def _names(kind: str, layer: str) -> tuple[str, str]:
    """The kernel and its source."""
    return f"ep_sparse_{kind}_{layer}_s8", f"ep_sparse_{kind}_s8"


def packed(weights: NDArray[np.int8]) -> Iterator[Packed]:
    """Each way of storing rows [out, depth] that takes less than they do."""
    zeros = float((weights == 0).mean())
    if weights.shape[1] >= zero_blocks.BLOCK and zero_blocks.share(weights) >= LEAST_BLOCKS:
        yield "blocks", blocks(weights), 1 - zero_blocks.share(weights)
    if zeros >= LEAST_ZEROS:
        yield "single", single(weights), 1 - zeros
    for count in (1, 2):
        if fits_of_four(weights, count):
            yield "nm", of_four(weights, count), count / 4
            break
    values = np.unique(weights)
    for most, bits, kind in BOOKS:
        half = 2 ** (bits - 1)
        if len(values) <= most and not (-half <= values[0] and values[-1] < half):
            yield kind, book(weights, bits), 1.0


def blocks(weights: NDArray[np.int8]) -> bytes:
    """The weights of ep_sparse_blocks_s8.h."""
    whole = weights.shape[1] - weights.shape[1] % zero_blocks.BLOCK
    parts = []
    for row, rest in zip(zero_blocks.rows_of(weights, whole), weights[:, whole:], strict=True):
        entries = np.concatenate([row.gaps.reshape(-1, 1), row.weights.view(np.uint8)], axis=1)
        parts += [_counted(entries), rest.tobytes()]
    return b"".join(parts)


def single(weights: NDArray[np.int8]) -> bytes:
    """The weights of ep_sparse_single_s8.h."""
    parts = []
    for row in weights:
        places = zero_blocks.reachable(np.flatnonzero(row))
        gaps = zero_blocks.gaps(places)
        parts.append(_counted(np.stack([gaps, row[places].view(np.uint8)], axis=1)))
    return b"".join(parts)


def fits_of_four(weights: NDArray[np.int8], count: int) -> bool:
    """Whether of every four weights at most `count` are not zero, and places fill their bytes."""
    outputs, depth = weights.shape
    if depth % (16 // count):
        return False
    return bool((weights.reshape(outputs, -1, 4) != 0).sum(axis=2).max() <= count)


def of_four(weights: NDArray[np.int8], count: int) -> bytes:
    """The weights of ep_sparse_nm_s8.h."""
    fours = weights.reshape(-1, 4)
    places = np.argsort(fours == 0, axis=1, kind="stable")[:, :count]
    values = np.take_along_axis(fours, places, axis=1).reshape(-1, 4)
    codes = (places.reshape(-1, 4) << np.array([0, 2, 4, 6])).sum(axis=1).astype(np.uint8)
    entries = np.concatenate([codes.reshape(-1, 1), values.view(np.uint8)], axis=1)
    return bytes([count]) + entries.tobytes()


def book(weights: NDArray[np.int8], bits: int) -> bytes:
    """The weights of ep_sparse_book_s8.h, or with two bits of ep_sparse_few_s8.h."""
    values, places = np.unique(weights, return_inverse=True)
    outputs, depth = weights.shape
    each = 8 // bits
    padded = np.zeros((outputs, -(-depth // each) * each), np.uint8)
    padded[:, :depth] = places.reshape(weights.shape)
    shifts = bits * np.arange(each)
    codes = (padded.reshape(outputs, -1, each) << shifts).sum(axis=2).astype(np.uint8)
    return bytes(np.resize(values, 2**bits).tobytes()) + bytes(codes.tobytes())


def _counted(entries: NDArray[np.uint8]) -> bytes:
    """Entries [n, bytes] with their number before them, in pieces where a byte does not hold it."""
    parts = []
    while True:
        part = entries[:MORE]
        parts += [bytes([len(part)]), part.tobytes()]
        entries = entries[MORE:]
        if len(part) < MORE:
            return b"".join(parts)
