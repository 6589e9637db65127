"""Layers by the DSP extension of Cortex-M4, M7 and M33."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants import dsp_dense, dsp_planes
from edgepack.compiler.variants.dsp_rounding import requantisation, shift_of
from edgepack.compiler.variants.layers import ConvLayer, DenseLayer
from edgepack.program import Const, Overlap, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.program import Argument, FieldValue, LowerSpec

CHAIN_BOUND = 2**23  # below it four sums come out of three (ep_chain.S)


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | None:
    """The layer by chained pixels, or by planes where depthwise; None where neither can."""
    if layer.depthwise:
        return dsp_planes.depthwise(layer)
    if not chains(layer):
        return None
    window, (outputs, depth) = layer.window, layer.weights.shape
    groups = -(-depth // 4)
    rows = (outputs, groups, 2 * layer.zero_out + 1)
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("is_signed", int(layer.low < layer.zero_out)),
        ("low", layer.low),
        ("high", layer.high),
    )
    x, y = TensorRef(layer.input), TensorRef(layer.output)
    stream = Const("stream", "uint32_t", chain_stream(layer).tobytes(), "weights")
    if is_pointwise(window):
        params = Params("ep_chain_1x1_t", (("rows", rows), ("depth", depth), *fields))
        pixels = Scalar("int32_t", window.pixels)
        scratch = Scratch((24 if depth % 4 == 0 else 28) * groups)
        return _step(layer, "ep_chain_1x1_s8", (params, pixels, x, stream, scratch, y))
    beside = window.in_c if window.in_c % 4 == 0 else 16 * groups
    params = Params(
        "ep_chain_conv_t",
        (("rows", rows), ("window", window.fields), *fields, ("zero", layer.zero_in)),
    )
    scratch = Scratch(24 * groups + -(-beside // 4) * 4)
    return _step(layer, "ep_chain_conv_s8", (params, x, stream, scratch, y))


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | None:
    """The layer by pairs of rows; None where it cannot."""
    return dsp_dense.dense(layer)


def chains(layer: ConvLayer) -> bool:
    """Whether pixels of the layer may be chained: see ep_chain.h."""
    return int(layer.bounds.max()) < CHAIN_BOUND and all(
        shift_of(m) is not None for m in layer.multipliers
    )


def is_pointwise(window: Window) -> bool:
    """Whether the window is a pixel and goes over all of them, and over nothing else."""
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and not window.leaves_input


def chain_stream(layer: ConvLayer) -> NDArray[np.uint32]:
    """[outputs / 2 rounded up, 5 + 2 * groups]: the stream of ep_chain.h."""
    rows, depth = layer.weights.shape
    pairs, groups = -(-rows // 2), -(-depth // 4)
    padded = np.zeros((pairs * 2, groups * 4), np.int8)
    padded[:rows, :depth] = layer.weights
    starts = 257 * layer.bias - 128 * padded[:rows].astype(np.int64).sum(axis=1)
    # [pair, row, group, half, value of the half] to bytes {a0 b0 a2 b2} {a1 b1 a3 b3}
    quads = padded.reshape(pairs, 2, groups, 2, 2).transpose(0, 2, 4, 3, 1)
    words = np.ascontiguousarray(quads).reshape(pairs, -1).view("<u4")
    mantissas, shifts = requantisation(layer.multipliers)
    by_pair = [_in_pairs(values) for values in (starts % 2**32, mantissas, shifts + 6)]
    starts_of, mantissas_of, codes_of = by_pair
    codes_word = codes_of @ np.array([[1], [256]])
    columns = (starts_of, words, mantissas_of[:, :1], codes_word, mantissas_of[:, 1:])
    return np.concatenate([column.astype("<u4") for column in columns], axis=1)


def _in_pairs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(values, np.zeros(len(values) % 2, np.int64)).reshape(-1, 2)


def _step(layer: ConvLayer, kernel: str, arguments: tuple[Argument, ...]) -> Step:
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, tile_lead(layer)),),
        variant="dsp",
        macs=layer.macs,
    )


def tile_lead(layer: ConvLayer) -> int:
    """Four pixels are read before one is written, the last ones one by one."""
    first, outputs = layer.window.first_elements(), len(layer.weights)
    lead = overlap_lead(first, outputs, 4, in_step=False)
    if len(first) % 4 < 2:
        return lead
    return max(lead, overlap_lead(first, outputs, 1, in_step=False))
