"""Kernels for Helium, the vector extension of Cortex-M55 and its kin.

Sums come from VMLADAV, 16 products an instruction; weights are stored in the order of use, so every
load goes on where the last one ended.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants import mve_dense, mve_depthwise, mve_total
from edgepack.compiler.variants.mve_scaling import LANES, shifts_right, stored, tied
from edgepack.program import (
    Argument,
    Const,
    Overlap,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer, SumLayer
    from edgepack.program import LowerSpec

BLOCK = 4  # outputs whose sums share a vector
WINDOW_BYTES = 640  # of windows in scratch, where that is more than two
POOL_AREA = 360  # EP_MVE_POOL_AREA
_TWINS = {"ep_average_pool_s8": "ep_mve_average_pool_s8"}
HELD_STEPS = 4  # ep_mve_pixels_s8: up to here, steps after the first are stored in reverse


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str:
    """The layer's step, or which of its scales or sizes want another kernel."""
    if layer.depthwise:
        step = mve_depthwise.depthwise(layer)
        return step or "no 3x3 window, an output a channel, or a scale or weights out of range"
    signs = layer.low < layer.zero_out
    if not shifts_right(layer.multipliers, signs):
        return "a scale above a half"
    return _pointwise(layer, signs) if _is_pointwise(layer) else _windows(layer, signs)


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | str:
    """The layer's step, or why its scales want another kernel."""
    return mve_dense.dense(layer) or "two roundings, or a scale above a half"


def total(layer: SumLayer, spec: LowerSpec) -> Step | str:
    """The step of a sum."""
    return mve_total.total(layer) or "the operand of the smaller scale is subtracted"


def twin(step: Step) -> Step | None:
    """The same step by a kernel of this module that takes the same arguments, if there is one."""
    kernel = _TWINS.get(step.kernel)
    if kernel is None or (step.kernel == "ep_average_pool_s8" and _pool_area(step) > POOL_AREA):
        return None
    return dataclasses.replace(step, kernel=kernel, source=kernel, variant="mve")


def _pool_area(step: Step) -> int:
    (params,) = (a for a in step.arguments if isinstance(a, Params))
    window = Window(*dict(params.fields)["window"])  # type: ignore[misc]
    return min(window.kernel_h, window.in_h) * min(window.kernel_w, window.in_w)


def _is_pointwise(layer: ConvLayer) -> bool:
    window = layer.window
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and not window.leaves_input


def _pointwise(layer: ConvLayer, signs: bool) -> Step:
    outputs, depth = layer.weights.shape
    first = layer.window.first_elements()
    scratch = Scratch(2 * LANES * _steps(depth)) if depth % LANES else None
    arguments = (
        Params("ep_mve_pixels_t", _pixel_fields(layer, depth, signs)),
        Scalar("int32_t", layer.window.pixels),
        TensorRef(layer.input),
        *_constants(layer),
        scratch,
        TensorRef(layer.output),
    )
    return _step(layer, "ep_mve_conv_1x1_s8", arguments, _lead_of_pairs(first, outputs))


def _windows(layer: ConvLayer, signs: bool) -> Step:
    outputs, depth = layer.weights.shape
    column = LANES * _steps(depth)
    together = 2 * max(1, WINDOW_BYTES // (2 * column))
    pixel_fields = tuple(value for _, value in _pixel_fields(layer, column, signs))
    params = Params(
        "ep_mve_conv_2d_t",
        (
            ("pixels", pixel_fields),
            ("window", layer.window.fields),
            ("together", together),
            ("zero", layer.zero_in),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        *_constants(layer),
        Scratch(together * column),
        TensorRef(layer.output),
    )
    lead = overlap_lead(layer.window.first_elements(), outputs, together, in_step=False)
    return _step(layer, "ep_mve_conv_2d_s8", arguments, lead)


def _lead_of_pairs(first_bytes: NDArray[np.int64], pixel_bytes: int) -> int:
    """How far pairs of outputs run ahead of inputs that stay in use until the pair is written."""
    pixels = len(first_bytes)
    ends = np.minimum(np.arange(2, pixels + 2, 2, dtype=np.int64), pixels)
    needed = np.minimum.accumulate(first_bytes[::-1])[::-1][::2]
    return max(0, int((ends * pixel_bytes - needed).max()))


def _step(layer: ConvLayer, kernel: str, arguments: tuple[Argument, ...], lead: int) -> Step:
    return Step(
        layer.operator,
        kernel,
        kernel,
        arguments,
        (layer.input,),
        (layer.output,),
        (Overlap(layer.input, layer.output, lead),),
        variant="mve",
        macs=layer.macs,
    )


def _pixel_fields(layer: ConvLayer, depth: int, signs: bool) -> tuple[tuple[str, int], ...]:
    outputs, row = layer.weights.shape
    return (
        ("steps", _steps(row)),
        ("depth", depth),
        ("outputs", outputs),
        ("zero", layer.zero_out),
        ("signs", int(signs)),
        ("low", layer.low),
        ("high", layer.high),
    )


def _steps(depth: int) -> int:
    return -(-depth // LANES)


def _constants(layer: ConvLayer) -> tuple[Const, Const]:
    weights = pack_rows(layer.weights, layer.bias)
    tables = pack_multipliers(layer.multipliers)
    return (
        Const("weights", "int32_t", weights, "weights"),
        Const("multipliers", "int32_t", tables, "tables"),
    )


def pack_rows(weights: NDArray[np.int8], bias: NDArray[np.int64], bits: int = 8) -> bytes:
    """[out, depth] and [out] as blocks of 4 outputs: [steps][4][16] weights, 4 biases.

    With fewer bits as many outputs share a byte: see ep_mve_pixels_s4.h and ep_mve_pixels_s2.h.
    """
    outputs, depth = weights.shape
    blocks, steps = -(-outputs // BLOCK), _steps(depth)
    rows = np.zeros((blocks * BLOCK, steps * LANES), np.int8)
    rows[:outputs, :depth] = weights
    order = [0, *range(steps - 1, 0, -1)] if steps <= HELD_STEPS else list(range(steps))
    tiles = rows.reshape(blocks, BLOCK, steps, LANES).transpose(0, 2, 1, 3)[:, order]
    tiles = tied(tiles, bits)
    ends = np.zeros(blocks * BLOCK, "<i4")
    ends[:outputs] = bias
    parts = [tiles.reshape(blocks, -1).view("<i4"), ends.reshape(blocks, BLOCK)]
    return np.concatenate(parts, axis=1).astype("<i4").tobytes()


def pack_multipliers(multipliers: tuple[Multiplier, ...]) -> bytes:
    """Blocks of 4 mantissas, then 4 bytes: minus the right shifts."""
    blocks = -(-len(multipliers) // BLOCK)
    words = np.zeros((blocks * BLOCK,), "<i4")
    shifts = np.zeros((blocks * BLOCK,), np.int8)
    words[: len(multipliers)], shifts[: len(multipliers)] = zip(
        *map(stored, multipliers), strict=True
    )
    parts = [words.reshape(blocks, BLOCK), shifts.reshape(blocks, BLOCK).view("<i4")]
    return np.concatenate(parts, axis=1).astype("<i4").tobytes()
