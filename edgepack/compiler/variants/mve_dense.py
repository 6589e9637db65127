"""Dense layers on Helium: eight outputs at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.mve_scaling import LANES, stored, tied
from edgepack.program import Const, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import DenseLayer

BLOCK = 8
ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # of a block's biases


def dense(layer: DenseLayer) -> Step | None:
    """The layer's step; None for two roundings, or shifts to the left."""
    scales = [stored(multiplier) for multiplier in layer.multipliers]
    if not layer.once or not all(-31 <= shift <= -1 for _, shift in scales):
        return None
    each = len(scales) > 1
    mantissa, shift = (0, -1) if each else scales[0]
    tables = Const("multipliers", "int32_t", pack_scales(scales), "tables") if each else None
    outputs, depth = layer.weights.shape
    steps = -(-depth // LANES)
    params = Params(
        "ep_mve_rows_t",
        (
            ("steps", steps),
            ("outputs", outputs),
            ("mantissa", mantissa),
            ("shift", shift),
            ("zero", layer.zero_out),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    arguments = (
        params,
        Scalar("int32_t", layer.batches),
        Scalar("int32_t", depth),
        TensorRef(layer.input),
        Const("weights", "int32_t", pack(layer.weights, layer.bias), "weights"),
        tables,
        Scratch(LANES * steps) if depth % LANES else None,
        TensorRef(layer.output),
    )
    kernel = "ep_mve_dense_s8"
    return Step(
        layer.operator,
        kernel,
        kernel,
        arguments,
        (layer.input,),
        (layer.output,),
        variant="mve",
        macs=layer.batches * layer.weights.size,
    )


def pack(weights: NDArray[np.int8], bias: NDArray[np.int64], bits: int = 8) -> bytes:
    """[out, depth] and [out]: blocks of [steps][8][16] and 8 biases, then rows of bias, weights.

    With fewer bits as many outputs of a block share a byte: see ep_mve_rows_s4.h, ep_mve_rows_s2.h.
    """
    outputs, depth = weights.shape
    steps, whole = -(-depth // LANES), outputs - outputs % BLOCK
    rows = np.zeros((outputs, steps * LANES), np.int8)
    rows[:, :depth] = weights
    tiles = rows[:whole].reshape(-1, BLOCK, steps, LANES).transpose(0, 2, 1, 3)
    size = steps * BLOCK * LANES * bits // 8
    blocks = np.ascontiguousarray(tied(tiles, bits)).reshape(whole // BLOCK, size)
    starts = bias[:whole].reshape(-1, BLOCK)[:, ORDER]
    left = [bias[whole:, None], rows[whole:].view("<i4")]
    streams = ([blocks.view("<i4"), starts], left)
    return b"".join(np.concatenate(s, axis=1).astype("<i4").tobytes() for s in streams)


def pack_scales(scales: list[tuple[int, int]]) -> bytes:
    """[out]: blocks of 8 mantissas and 8 bytes, the shifts; then a mantissa and a shift each."""
    pairs = np.array(scales, np.int64)
    whole = len(pairs) - len(pairs) % BLOCK
    mantissas, shifts = pairs[:whole].reshape(-1, BLOCK, 2)[:, ORDER].transpose(2, 0, 1)
    words = np.ascontiguousarray(shifts.astype(np.int8)).view("<i4")
    blocks = np.concatenate([mantissas, words], axis=1)
    return blocks.astype("<i4").tobytes() + pairs[whole:].astype("<i4").tobytes()
