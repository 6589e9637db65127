"""Layers by the DSP extension of Cortex-M4, M7 and M33."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants import dsp_dense, dsp_planes, dsp_sum, linear_sum
from edgepack.compiler.variants.dsp_rounding import (
    SUM_BOUND,
    added_twice,
    requantisation,
    shift_of,
    short_steps,
    stream_const,
)
from edgepack.compiler.variants.layers import ConvLayer, DenseLayer, SumLayer
from edgepack.program import Overlap, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.program import Argument, FieldValue, LowerSpec

    Fields = tuple[tuple[str, FieldValue], ...]
    Steps = NDArray[np.int64] | None  # of the short requantisation

BAND_BYTES = 4096  # the most that the copied lines of a convolution may take


def conv(layer: ConvLayer, spec: LowerSpec) -> Step | str:
    """The layer by chained pixels, or by planes where depthwise; why not, where neither can."""
    if layer.depthwise:
        return dsp_planes.depthwise(layer)
    if layer.bounds.max() >= SUM_BOUND:
        return "pixels are chained where sums are below 2^23"
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return "pixels are chained where multipliers are from 2^-17 to a half"
    window, (outputs, depth) = layer.window, layer.weights.shape
    groups = -(-depth // 4)
    rows = (outputs, groups, int(steps is None))
    fields: Fields = (("low", layer.low), ("high", layer.high))
    x, y = TensorRef(layer.input), TensorRef(layer.output)
    stream = stream_const("stream", chain_stream(layer, layer.weights, steps), layer)
    if is_pointwise(window):
        params = Params("ep_chain_1x1_t", (("rows", rows), ("depth", depth), *fields))
        pixels = Scalar("int32_t", window.pixels)
        scratch = Scratch((24 if depth % 4 == 0 else 28) * groups)
        return _step(layer, "ep_chain_1x1_s8", (params, pixels, x, stream, scratch, y))
    if _fuses(window):
        return _fused(layer, fields, steps)
    if _band_bytes(window) <= BAND_BYTES and window.dilation_h == window.dilation_w == 1:
        return _band(layer, fields, steps)
    beside = window.in_c if window.in_c % 4 == 0 else 16 * groups
    params = Params(
        "ep_chain_conv_t",
        (("rows", rows), ("window", window.fields), *fields, ("zero", layer.zero_in)),
    )
    scratch = Scratch(24 * groups + -(-beside // 4) * 4)
    return _step(layer, "ep_chain_conv_s8", (params, x, stream, scratch, y))


def _fuses(window: Window) -> bool:
    """Whether the layer may go over fused lines: see ep_fuse_conv_s8.h."""
    return (
        (window.kernel_w, window.stride_w, window.dilation_w, window.dilation_h) == (3, 1, 1, 1)
        and window.in_c % 4 == window.out_w % 4 == 0
        and window.pad_left <= 2
        and _fused_pitch(window) * window.kernel_h <= BAND_BYTES
    )


def _fused_pitch(window: Window) -> int:
    """Bytes of a fused line."""
    return 2 * window.in_c * (window.out_w + 1)


def _fused(layer: ConvLayer, fields: Fields, steps: Steps) -> Step:
    """The layer over lines of fused pixels."""
    window, (outputs, depth) = layer.window, layer.weights.shape
    pitch = _fused_pitch(window)
    params = Params(
        "ep_fuse_conv_t",
        (
            ("rows", (outputs, depth // 4, int(steps is None))),
            ("window", window.fields),
            ("fused", (window.kernel_h, 2 * window.in_c, pitch)),
            *fields,
            ("zero", layer.zero_in),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        stream_const("stream", chain_stream(layer, layer.weights, steps), layer),
        Scratch(6 * depth + pitch * window.kernel_h + window.in_c * (window.out_w + 2)),
        TensorRef(layer.output),
    )
    return _step(layer, "ep_fuse_conv_s8", arguments)


def _band(layer: ConvLayer, fields: Fields, steps: Steps) -> Step:
    """The layer over a band of copied lines."""
    window, outputs = layer.window, len(layer.weights)
    line = window.kernel_w * window.in_c
    rest = line % 4
    taps = np.arange(window.kernel_h * line).reshape(window.kernel_h, line)
    order = np.concatenate([taps[:, : line - rest].reshape(-1), taps[:, line - rest :].reshape(-1)])
    rests = -(-window.kernel_h * rest // 4)
    groups = window.kernel_h * (line // 4) + rests
    params = Params(
        "ep_chain_band_t",
        (
            ("rows", (outputs, groups, int(steps is None))),
            ("window", window.fields),
            ("whole", (line // 4, window.kernel_h, _pitch(window))),
            ("rest", rest),
            ("lines", _band_lines(window)),
            *fields,
            ("zero", layer.zero_in),
        ),
    )
    stream = chain_stream(layer, layer.weights[:, order], steps)
    arguments = (
        params,
        TensorRef(layer.input),
        stream_const("stream", stream, layer),
        Scratch(24 * groups + _band_bytes(window) + 16 * rests),
        TensorRef(layer.output),
    )
    return _step(layer, "ep_chain_band_s8", arguments)


def _pitch(window: Window) -> int:
    """Bytes of a line of the band: the image's and what windows see beside it."""
    seen = (window.out_w - 1) * window.stride_w + window.kernel_w
    pixels = max(seen, window.pad_left + window.in_w)
    return -(-pixels * window.in_c // 4) * 4


def _band_lines(window: Window) -> int:
    """Lines that four pixels in a row see, wherever they begin, and no more than there are."""
    crossings = min((window.out_w + 2) // window.out_w, window.out_h - 1)
    return window.kernel_h + crossings * window.stride_h


def _band_bytes(window: Window) -> int:
    return _pitch(window) * _band_lines(window)


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | None:
    """The layer by pairs of rows; None where it cannot."""
    return dsp_dense.dense(layer)


def total(layer: SumLayer, spec: LowerSpec) -> Step | None:
    """A sum with a table where no factors do; None where it does not pay, or cannot."""
    return linear_sum.linear_total(layer) or dsp_sum.total(layer, spec.optimize)


def is_pointwise(window: Window) -> bool:
    """Whether the window is a pixel and goes over all of them, and over nothing else."""
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and not window.leaves_input


def chain_stream(layer: ConvLayer, weights: NDArray[np.int8], steps: Steps) -> NDArray[np.uint32]:
    """[outputs / 2 rounded up, 6 or 7 + 2 * groups]: the stream of ep_chain.h.

    weights: the layer's, in the order of the chained values.
    """
    rows, depth = weights.shape
    pairs, groups = -(-rows // 2), -(-depth // 4)
    padded = np.zeros((pairs * 2, groups * 4), np.int8)
    padded[:rows, :depth] = weights
    starts = 257 * layer.bias - 128 * padded[:rows].astype(np.int64).sum(axis=1)
    # [pair, row, group, half, value of the half] to bytes {a0 b0 a2 b2} {a1 b1 a3 b3}
    quads = padded.reshape(pairs, 2, groups, 2, 2).transpose(0, 2, 4, 3, 1)
    words = np.ascontiguousarray(quads).reshape(pairs, -1).view("<u4")
    columns = (_in_pairs(starts), words.astype(np.int64), _scales(layer, steps))
    return np.concatenate([(column % 2**32).astype("<u4") for column in columns], axis=1)


def _scales(layer: ConvLayer, steps: Steps) -> NDArray[np.int64]:
    """[pairs of outputs, 4 or 5]: what requantises them."""
    if steps is not None:
        factors, nudges = (_in_pairs(values) for values in steps.T)
        return np.stack([factors, nudges], axis=2).reshape(-1, 4)
    mantissas, shifts = requantisation(layer.multipliers)
    added = _in_pairs(added_twice(layer.zero_out, shifts))
    mantissas, codes = _in_pairs(mantissas), _in_pairs(shifts + 6)
    code = codes @ np.array([[1], [256]])
    return np.concatenate([mantissas[:, :1], added[:, :1], code, mantissas[:, 1:], added[:, 1:]], 1)


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
