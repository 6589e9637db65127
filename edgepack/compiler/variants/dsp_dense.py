"""Dense layers whose weights are read as 16-bit numbers that hold two rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    added_twice,
    requantisation,
    shift_of,
    stream_const,
)
from edgepack.compiler.variants.dsp_triple import triple_starts, triples
from edgepack.program import Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import DenseLayer
    from edgepack.program import Level

SHIFTS = range(-5, 16)  # right shifts that ep_pairs.S takes
TOGETHER = 4  # rows


def dense(layer: DenseLayer, level: Level) -> Step | str | tuple[Step, ...]:
    """The layer by pairs of rows, before it by chained rows where flash may go for speed; why not,
    where a precondition of ep_pairs.h fails.
    """
    if not layer.once:
        return rounded_twice(layer)
    if layer.bounds.max() >= SUM_BOUND:
        return "dense layers take sums below 2^23"
    if any(-m.shift not in SHIFTS for m in layer.multipliers if m.mantissa):
        return "dense layers take multipliers from 2^-16 to 32"
    numbers = fused(layer)
    steps = []
    if level == "speed":
        chained = triples(layer.weights)
        if chained is not None:
            words = np.ascontiguousarray(chained.astype("<i2")).reshape(len(chained), -1)
            starts = (triple_starts(layer.bias) % 2**32).astype("<u4")
            steps.append(step(layer, "ep_dense_triples_s8", starts, words.view("<u4")))
    if numbers.min() >= -(2**15):
        steps.append(step(layer, "ep_dense_pairs_s8", _starts(layer), _words(numbers)))
    return tuple(steps) or "256 * one row's weight + another's leaves 16 bits"


def rounded_twice(layer: DenseLayer) -> Step | str:
    """The layer by pairs of rows with TFLite's two roundings; why not, likewise."""
    if layer.bounds.max() >= SUM_BOUND:
        return "rows in pairs take sums below 2^23"
    if any(shift_of(m) is None for m in layer.multipliers):
        return "rows in pairs take multipliers from 2^-17 to a half"
    numbers = fused(layer)
    if numbers.min() < -(2**15):
        return "256 * one row's weight + another's leaves 16 bits"
    return step(layer, "ep_dense_twice_s8", _starts(layer), _words(numbers), scales_twice(layer))


def scales_twice(layer: DenseLayer) -> NDArray[np.uint32]:
    """[rows / 4, 9]: what two roundings need: see ep_pairs_twice."""
    mantissas, shifts = requantisation(layer.multipliers)
    rows = np.arange(len(layer.weights)) % len(mantissas)
    added = rows_of(added_twice(layer.zero_out, shifts)[rows]).reshape(-1, TOGETHER)
    scales = _scales(mantissas[rows].tolist(), shifts[rows].tolist()).astype(np.int64)
    columns = np.concatenate([scales[:, :TOGETHER], added, scales[:, TOGETHER:]], axis=1)
    return (columns % 2**32).astype("<u4")


def step(
    layer: DenseLayer,
    kernel: str,
    starts: NDArray[np.uint32],
    words: NDArray[np.uint32],
    scales: NDArray[np.uint32] | None = None,
    bits: int = 8,
) -> Step:
    """The step of a kernel of ep_dense_wide.h. starts, words: [rows / 4, ...], what four rows' sums
    begin with and their weights, of so many bits; scales: where they are not those of one rounding.
    """
    multipliers = layer.multipliers
    outputs, depth = layer.weights.shape
    groups = -(-depth // 4)
    shifts = [-m.shift if m.mantissa else 0 for m in multipliers]
    per_channel = scales is not None or len(multipliers) > 1
    rows = (
        outputs,
        groups,
        2 * layer.zero_out + 1,
        0 if per_channel else multipliers[0].mantissa,
        0 if per_channel else shifts[0] + 6,
    )
    params = Params(
        "ep_dense_wide_t",
        (
            ("rows", rows),
            ("batches", layer.batches),
            ("depth", depth),
            ("per_channel", int(per_channel)),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    columns = [starts, words]
    if scales is not None:
        columns.append(scales)
    elif per_channel:
        columns.append(_scales([m.mantissa for m in multipliers], shifts))
    arguments = (
        params,
        TensorRef(layer.input),
        stream_const("stream", np.concatenate(columns, axis=1), layer, bits),
        Scratch(8 * groups),
        TensorRef(layer.output),
    )
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        variant="dsp",
        macs=layer.batches * layer.weights.size,
    )


def fused(layer: DenseLayer) -> NDArray[np.int64]:
    """[pairs of rows, depth]: 256 * second row + first row; pairs even, depth a multiple of 4."""
    outputs, depth = layer.weights.shape
    padded = np.zeros((-(-outputs // TOGETHER) * TOGETHER, -(-depth // 4) * 4), np.int64)
    padded[:outputs, :depth] = layer.weights
    numbers: NDArray[np.int64] = 256 * padded[1::2] + padded[::2]
    return numbers


def _words(numbers: NDArray[np.int64]) -> NDArray[np.uint32]:
    """[rows / 4, depth]: the weights of each 4 rows as ep_pairs.h orders them."""
    blocks = numbers.astype("<i2").reshape(len(numbers) // 2, 2, -1, 2, 2)
    ordered = np.ascontiguousarray(blocks.transpose(0, 2, 1, 4, 3))
    return ordered.reshape(len(blocks), -1).view("<u4")


def _starts(layer: DenseLayer) -> NDArray[np.uint32]:
    bias = rows_of(layer.bias).reshape(-1, 2, 2)
    starts = np.stack([bias[..., 0], 256 * bias[..., 1] + bias[..., 0]], axis=-1)
    return (starts.reshape(-1, TOGETHER) % 2**32).astype("<u4")


def _scales(mantissas: list[int], shifts: list[int]) -> NDArray[np.uint32]:
    """[rows / 4, 5]: four mantissas, and four shifts + 6 in a word."""
    codes = rows_of(np.array(shifts, np.int64)) + 6
    packed = codes.astype(np.uint8).view("<u4").reshape(-1, 1)
    return np.concatenate([rows_of(np.array(mantissas)).astype("<u4").reshape(-1, 4), packed], 1)


def rows_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values, and zeros up to a multiple of four rows."""
    return np.append(values, np.zeros(-len(values) % TOGETHER, np.int64))
