"""Layers by the DSP extension of Cortex-M4, M7 and M33."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants import (
    dsp_band,
    dsp_dense,
    dsp_few,
    dsp_planes,
    dsp_sum,
    dsp_taps,
    dsp_triple,
    linear_sum,
)
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

    from edgepack.program import Argument, Const, LowerSpec

    Steps = NDArray[np.int64] | None  # of the short requantisation

PIXELS = 4  # that are chained
FEW = 3  # pixels that are batches of a dense layer
VALUE_BYTES = 24  # of a group of their values


@dataclasses.dataclass(frozen=True, slots=True)
class Packing:
    """How weights lie in the stream of chained pixels."""

    infix: str  # of the kernels' names
    stream: Callable[[ConvLayer, NDArray[np.int8], Steps], Const]
    """Of a layer whose weights come in the order of the chained values."""
    scratch: int = 0  # bytes that the kernels take more


def conv(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """The layer by planes or taps where depthwise; else by chained pixels, and before them by
    chained weights where flash may go for speed. Why not, where a precondition fails.
    """
    if layer.depthwise:
        return (*dsp_planes.depthwise(layer), dsp_taps.depthwise(layer))
    if is_pointwise(layer.window) and layer.window.pixels <= FEW:
        return (over_batches(layer, dsp_dense.rounded_twice), *_over_pixels(layer, spec))
    return _over_pixels(layer, spec)


def over_batches(layer: ConvLayer, dense: Callable[[DenseLayer], Step | str]) -> Step | str:
    """A 1x1 layer whose pixels are batches of a dense one."""
    step = dense(
        DenseLayer(
            operator=layer.operator,
            input=layer.input,
            output=layer.output,
            batches=layer.window.pixels,
            weights=layer.weights,
            bias=layer.bias,
            bounds=layer.bounds,
            multipliers=layer.multipliers,
            once=False,
            zero_out=layer.zero_out,
            low=layer.low,
            high=layer.high,
        )
    )
    if isinstance(step, str):
        return step
    overlap = Overlap(layer.input, layer.output, tile_lead(layer, 1))
    return dataclasses.replace(step, overlaps=(overlap,))


def _over_pixels(layer: ConvLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    if layer.bounds.max() >= SUM_BOUND:
        return ("four sums come out of three where they are below 2^23",)
    steps = short_steps(layer)
    if steps is None and any(shift_of(m) is None for m in layer.multipliers):
        return ("requantisation takes multipliers from 2^-17 to a half",)
    ways = chained(layer, steps)
    if spec.optimize != "speed":
        return ways
    few = dsp_few.few_pointwise(layer, steps) if is_pointwise(layer.window) else None
    if few is not None:
        return (_step(layer, *few, 1), *ways)
    if is_pointwise(layer.window):
        found = dsp_triple.pointwise(layer, steps)
    else:
        found = dsp_triple.band(layer, steps)
    if isinstance(found, str):
        return (*ways, found)
    in_less_flash = ways[-2:]  # the band, where there is one, and what has the least scratch
    return (_step(layer, *found, dsp_triple.PIXELS), *in_less_flash)


def chained(layer: ConvLayer, steps: Steps, packing: Packing | None = None) -> tuple[Step, ...]:
    """The layer by chained pixels, the fastest way first; the last has the least scratch."""
    packing = packing or Packing("", _whole)
    window, (outputs, depth) = layer.window, layer.weights.shape
    if is_pointwise(window):
        return (_pointwise(layer, steps, packing),)
    ways = [_fused(layer, steps, packing)] if _fuses(window) else []
    if dsp_band.fits(window, PIXELS):
        ways.append(_band(layer, steps, packing))
    groups = -(-depth // 4)
    beside = window.in_c if window.in_c % 4 == 0 else 16 * groups
    params = Params(
        "ep_chain_conv_t",
        (
            ("rows", (outputs, groups, int(steps is None))),
            ("window", window.fields),
            ("low", layer.low),
            ("high", layer.high),
            ("zero", layer.zero_in),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        packing.stream(layer, layer.weights, steps),
        Scratch(packing.scratch + VALUE_BYTES * groups + -(-beside // 4) * 4),
        TensorRef(layer.output),
    )
    return (*ways, _step(layer, f"ep_chain_conv{packing.infix}_s8", arguments))


def _pointwise(layer: ConvLayer, steps: Steps, packing: Packing) -> Step:
    outputs, depth = layer.weights.shape
    groups = -(-depth // 4)
    params = Params(
        "ep_chain_pixels_t",
        (
            ("rows", (outputs, groups, int(steps is None))),
            ("depth", depth),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    arguments = (
        params,
        Scalar("int32_t", layer.window.pixels),
        TensorRef(layer.input),
        packing.stream(layer, layer.weights, steps),
        Scratch(packing.scratch + (VALUE_BYTES if depth % 4 == 0 else VALUE_BYTES + 4) * groups),
        TensorRef(layer.output),
    )
    return _step(layer, f"ep_chain_1x1{packing.infix}_s8", arguments)


def _fuses(window: Window) -> bool:
    """Whether the layer may go over fused lines: see ep_fuse_conv_s8.h."""
    return (
        (window.kernel_w, window.stride_w, window.dilation_w, window.dilation_h) == (3, 1, 1, 1)
        and window.in_c % 4 == window.out_w % 4 == 0
        and window.pad_left <= 2
        and _fused_pitch(window) * window.kernel_h <= dsp_band.BAND_BYTES
    )


def _fused_pitch(window: Window) -> int:
    """Bytes of a fused line."""
    return 2 * window.in_c * (window.out_w + 1)


def _fused(layer: ConvLayer, steps: Steps, packing: Packing) -> Step:
    """The layer over lines of fused pixels."""
    window, (outputs, depth) = layer.window, layer.weights.shape
    pitch = _fused_pitch(window)
    params = Params(
        "ep_fuse_conv_t",
        (
            ("rows", (outputs, depth // 4, int(steps is None))),
            ("window", window.fields),
            ("fused", (window.kernel_h, 2 * window.in_c, pitch)),
            ("zero", layer.zero_in),
            ("low", layer.low),
            ("high", layer.high),
        ),
    )
    arguments = (
        params,
        TensorRef(layer.input),
        packing.stream(layer, layer.weights, steps),
        Scratch(
            packing.scratch + 6 * depth + pitch * window.kernel_h + window.in_c * (window.out_w + 2)
        ),
        TensorRef(layer.output),
    )
    return _step(layer, f"ep_fuse_conv{packing.infix}_s8", arguments)


def _band(layer: ConvLayer, steps: Steps, packing: Packing) -> Step:
    """The layer over a band of copied lines."""
    weights = layer.weights[:, dsp_band.value_order(layer.window)]
    arguments = (
        dsp_band.band_params(layer, PIXELS, twice=steps is None),
        TensorRef(layer.input),
        packing.stream(layer, weights, steps),
        Scratch(packing.scratch + dsp_band.scratch_bytes(layer.window, PIXELS, VALUE_BYTES)),
        TensorRef(layer.output),
    )
    return _step(layer, f"ep_chain_band{packing.infix}_s8", arguments)


def dense(layer: DenseLayer, spec: LowerSpec) -> Step | str | tuple[Step, ...]:
    """The layer by rows that share 16-bit numbers; why not, where it cannot."""
    return dsp_dense.dense(layer, spec.optimize)


def total(layer: SumLayer, spec: LowerSpec) -> tuple[Step | str, ...]:
    """A sum by two factors; with a table where no factors do, and it pays."""
    weighted = dsp_sum.weighted(layer)
    if not isinstance(weighted, str):
        return (weighted,)
    found = linear_sum.linear_total(layer) or dsp_sum.total(layer, spec.optimize)
    return (weighted,) if found is None else (found, weighted)


def is_pointwise(window: Window) -> bool:
    """Whether the window is a pixel and goes over all of them, and over nothing else."""
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and not window.leaves_input


def _whole(layer: ConvLayer, weights: NDArray[np.int8], steps: Steps) -> Const:
    return stream_const("stream", chain_stream(layer, weights, steps), layer)


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


def _step(
    layer: ConvLayer, kernel: str, arguments: tuple[Argument, ...], pixels: int = PIXELS
) -> Step:
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source=kernel,
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, tile_lead(layer, pixels)),),
        variant="dsp",
        macs=layer.macs,
    )


def tile_lead(layer: ConvLayer, pixels: int) -> int:
    """So many pixels are read before one is written, the last ones one by one."""
    first, outputs = layer.window.first_elements(), len(layer.weights)
    lead = overlap_lead(first, outputs, pixels, in_step=False)
    if len(first) % pixels < 2:
        return lead
    return max(lead, overlap_lead(first, outputs, 1, in_step=False))
