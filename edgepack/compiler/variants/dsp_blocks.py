"""Layers whose weights are zero in whole blocks of four, which are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants import dsp, dsp_dense, zero_blocks
from edgepack.compiler.variants.dsp_rounding import (
    BIAS_BYTES,
    SUM_BOUND,
    added_twice,
    requantisation,
    shift_of,
    short_steps,
)
from edgepack.program import Const, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
    from edgepack.program import LowerSpec

    Columns = tuple[NDArray[np.int64], list[NDArray[np.uint8]]]  # words, bytes behind the places

LEAST = 0.25  # of the blocks, from which on leaving them out may pay
CHAIN_TURN, DENSE_TURN = 8, 16  # blocks a turn of the loops
MOST = CHAIN_TURN * 255  # that a row may have
LIMITS = "blocks are left out where sums are below 2^23, of rows of at most 8,160 weights"
CHAIN_WORDS = 13  # of a block's instructions


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by chained pixels, or by a dense layer's rows; why not, where some are zero."""
    found = zero_blocks.share(layer.weights)
    if layer.depthwise or not found:
        return ()
    if found < LEAST:
        return (too_few(found),)
    if layer.bounds.max() >= SUM_BOUND or layer.weights.shape[1] > zero_blocks.BLOCK * MOST:
        return (LIMITS,)
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return ("blocks are left out with multipliers from 2^-17 to a half",)
    packing = dsp.Packing("_blocks", _chain_const)
    ways = tuple(_with_work(step, found) for step in dsp.chained(layer, steps, packing))
    if dsp.is_pointwise(layer.window) and layer.window.pixels <= dsp.FEW:
        return (dsp.over_batches(layer, dense_twice), *ways)
    return ways


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | str | None:
    """The layer over the blocks of its rows; why not, where some are zero."""
    found = zero_blocks.share(layer.weights)
    if not found:
        return None
    if found < LEAST:
        return too_few(found)
    if not layer.once:
        return dense_twice(layer)
    if layer.bounds.max() >= SUM_BOUND or layer.weights.shape[1] > zero_blocks.BLOCK * MOST:
        return LIMITS
    if any(-m.shift not in dsp_dense.SHIFTS for m in layer.multipliers if m.mantissa):
        return "blocks are left out of dense layers with multipliers from 2^-16 to 32"
    if len(layer.multipliers) == 1:
        return _dense_step(layer, "ep_dense_blocks_s8", (np.zeros((0, 0), np.int64), []))
    mantissas = np.array([[m.mantissa] for m in layer.multipliers], np.int64)
    shifts = np.array([-m.shift if m.mantissa else 0 for m in layer.multipliers], np.int64)
    return _dense_step(layer, "ep_dense_blocks_s8", (mantissas, _bytes(shifts + 6)))


def dense_twice(layer: DenseLayer) -> Step | str:
    """The same with TFLite's two roundings."""
    if layer.bounds.max() >= SUM_BOUND or layer.weights.shape[1] > zero_blocks.BLOCK * MOST:
        return LIMITS
    if any(shift_of(m) is None for m in layer.multipliers):
        return "blocks are left out with multipliers from 2^-17 to a half"
    rows = np.arange(len(layer.weights)) % len(layer.multipliers)
    mantissas, shifts = (values[rows] for values in requantisation(layer.multipliers))
    words = np.stack([mantissas, added_twice(layer.zero_out, shifts)], axis=1)
    return _dense_step(layer, "ep_dense_blocks_twice_s8", (words, _bytes(shifts + 6)))


def too_few(found: float) -> str:
    """Why a layer's zero blocks stay where they are."""
    return (
        f"{100 * found:.0f} % of the blocks of four weights are zero; leaving them out may pay "
        f"from {100 * LEAST:.0f} % on"
    )


def _with_work(step: Step, found: float) -> Step:
    return replace(step, work=round(step.macs * (1 - found)))


def _bytes(values: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    return list(values.astype(np.uint8).reshape(-1, 1))


def _dense_step(layer: DenseLayer, kernel: str, columns: Columns) -> Step:
    outputs, depth = layer.weights.shape
    groups = -(-depth // zero_blocks.BLOCK)
    per_channel = int(len(columns[0]) > 0)
    only = layer.multipliers[0]
    scale = (0, 0) if per_channel else (only.mantissa, (-only.shift if only.mantissa else 0) + 6)
    params = Params(
        "ep_dense_wide_t",
        (
            ("rows", (outputs, groups, 2 * layer.zero_out + 1, *scale)),
            ("batches", layer.batches),
            ("depth", depth),
            ("per_channel", per_channel),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    step = Step(
        operator=layer.operator,
        kernel=kernel,
        source="ep_dense_blocks_s8",
        arguments=(
            params,
            TensorRef(layer.input),
            _dense_const(zero_blocks.rows_of(layer.weights), layer.bias, columns),
            Scratch(2 * BIAS_BYTES * groups),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        variant="dsp",
        macs=layer.batches * layer.weights.size,
    )
    return _with_work(step, zero_blocks.share(layer.weights))


def _chain_const(
    layer: ConvLayer, weights: NDArray[np.int8], steps: NDArray[np.int64] | None
) -> Const:
    """The stream of ep_chain_blocks.h."""
    starts = 257 * layer.bias - 128 * weights.astype(np.int64).sum(axis=1)
    if steps is not None:
        columns: Columns = (steps, [])
    else:
        mantissas, shifts = requantisation(layer.multipliers)
        words = np.stack([mantissas, added_twice(layer.zero_out, shifts)], axis=1)
        columns = (words, _bytes(shifts + 6))
    rows = zero_blocks.rows_of(weights)
    turns = [(CHAIN_WORDS * skipped, turns) for skipped, turns in _turns(rows, CHAIN_TURN)]
    return _const(rows, starts, columns, turns)


def _dense_const(
    rows: Sequence[zero_blocks.Row], bias: NDArray[np.int64], columns: Columns
) -> Const:
    """The stream of ep_blocks.h."""
    return _const(rows, 256 * bias, columns, [*_turns(rows, DENSE_TURN), (DENSE_TURN, 0)])


def _turns(rows: Sequence[zero_blocks.Row], together: int) -> list[tuple[int, int]]:
    """Of each row the blocks that its first turn passes over, and its turns."""
    counts = [len(row.gaps) for row in rows]
    return [(-count % together, -(-count // together)) for count in counts]


def _const(
    rows: Sequence[zero_blocks.Row],
    starts: NDArray[np.int64],
    columns: Columns,
    turns: Sequence[tuple[int, int]],
) -> Const:
    """{bytes to the places}, the words of each output, its turns and places, and what ends them."""
    words, ends = columns
    parts, places = [], []
    for number, row in enumerate(rows):
        parts.append((starts[number : number + 1] % 2**32).astype("<u4"))
        parts.append(np.ascontiguousarray(row.weights).view("<u4").reshape(-1))
        parts += [(line % 2**32).astype("<u4") for line in words[number : number + 1]]
        places += [np.array(turns[number], np.uint8), row.gaps]
        places += ends[number : number + 1]
    places += [np.array(pair, np.uint8) for pair in turns[len(rows) :]]
    body = np.concatenate(parts).astype("<u4").tobytes()
    data = np.uint32(BIAS_BYTES + len(body)).tobytes() + body + np.concatenate(places).tobytes()
    data += bytes(-len(data) % BIAS_BYTES)
    weights = sum(row.weights.size for row in rows) + BIAS_BYTES * len(rows)
    return Const("stream", "uint32_t", data, "weights", tables=len(data) - weights)
