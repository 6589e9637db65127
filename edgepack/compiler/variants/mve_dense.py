"""Dense layers on Helium: eight outputs at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.mve_scaling import LANES
from edgepack.program import Const, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import DenseLayer

BLOCK = 8
ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # of a block's biases


def dense(layer: DenseLayer) -> Step | None:
    """The layer's step; None for two roundings, a scale a row, or shifts to the left."""
    if not layer.once or len(layer.multipliers) != 1:
        return None
    (scale,) = layer.multipliers
    mantissa, shift = (scale.mantissa, scale.shift) if scale.mantissa else (0, -1)
    if not -31 <= shift <= -1:
        return None
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


def pack(weights: NDArray[np.int8], bias: NDArray[np.int64]) -> bytes:
    """[out, depth] and [out]: blocks of [steps][8][16] and 8 biases, then rows of bias, weights."""
    outputs, depth = weights.shape
    steps, whole = -(-depth // LANES), outputs - outputs % BLOCK
    rows = np.zeros((outputs, steps * LANES), np.int8)
    rows[:, :depth] = weights
    tiles = rows[:whole].reshape(-1, BLOCK, steps, LANES).transpose(0, 2, 1, 3)
    blocks = np.ascontiguousarray(tiles).reshape(whole // BLOCK, steps * BLOCK * LANES)
    starts = bias[:whole].reshape(-1, BLOCK)[:, ORDER]
    left = [bias[whole:, None], rows[whole:].view("<i4")]
    streams = ([blocks.view("<i4"), starts], left)
    return b"".join(np.concatenate(s, axis=1).astype("<i4").tobytes() for s in streams)
