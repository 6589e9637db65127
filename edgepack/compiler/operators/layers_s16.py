"""Convolutions and dense layers on int16 with int8 weights (16x8): their lowering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators import calls, checks, dense_scaling, scaling
from edgepack.compiler.operators.wide import wide_scale
from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants import dsp_wide
from edgepack.graph import Graph, Operator
from edgepack.program import (
    Argument,
    Const,
    Lowered,
    LowerSpec,
    Params,
    Scratch,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE, TWICE, QUICK = 0, 1, 2  # EP_SCALE_... of ep_scale_s16.h
TAPS = 512  # of a depthwise window
WIDE_SUM = 2**47  # where TFLite's 64-bit scaling ends
INT16 = (-(2**15), 2**15 - 1)


def interleave(weights: NDArray[np.generic]) -> NDArray[np.generic]:
    """Rows [n, depth] as ep_dots_s16 takes them, flat."""
    rows, depth = weights.shape
    fours = depth - depth % 4
    order = np.arange(fours).reshape(-1, 4)[:, [0, 2, 1, 3]]
    swapped = np.concatenate([weights[:, order.reshape(-1)], weights[:, fours:]], axis=1)
    whole = rows - rows % 4
    parts = []
    for block in swapped[:whole].reshape(-1, 4, depth):
        parts.append(block[:, :fours].reshape(4, -1, 4).transpose(1, 0, 2).reshape(-1))
        parts.append(block[:, fours:].T.reshape(-1))
    return np.concatenate([*parts, swapped[whole:].reshape(-1)])


def bounds_of(rows: NDArray[np.int64], bias: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest magnitude of each row's sum over any int16."""
    return scaling.sum_bounds(rows, bias, *INT16)


def require_wide(op: Operator, graph: Graph, bounds: NDArray[np.int64], limit: int) -> None:
    """Refuse the layer where a sum may leave what its scaling takes."""
    worst = int(bounds.argmax())
    checks.require(
        int(bounds[worst]) < limit,
        op,
        graph,
        f"the sums of output channel {worst} may reach {int(bounds[worst])}; {limit - 1} is the "
        "limit. Its bias or its weights are out of proportion: quantise the model again with "
        "representative data.",
    )


def _is_narrow(op: Operator, graph: Graph) -> bool:
    """Whether the sums are int32 in TFLite, as the bias is."""
    bias = checks.optional_input(op, graph, 2)
    return bias is not None and bias.dtype.name == "INT32"


def _scales(
    op: Operator, graph: Graph, reals: Sequence[float], bounds: NDArray[np.int64]
) -> tuple[tuple[Const, Const], int]:
    """Multipliers and shifts, one a channel, and the way of scaling (ep_scale_s16.h)."""
    narrow = _is_narrow(op, graph)
    require_wide(op, graph, bounds, 2**31 if narrow else WIDE_SUM)
    if narrow:
        way = TWICE
        pairs = [(m.mantissa, m.shift) for m in map(quantize_multiplier, reals)]
    else:
        way = WIDE
        pairs = [(s.factor, s.shift) for s in (wide_scale(op, graph, real) for real in reals)]
        if bounds.max() < 2**31 and all(shift > 16 for _, shift in pairs):
            way = QUICK
            pairs = [(factor << 16, shift - 16) for factor, shift in pairs]
    multipliers = np.array([pair[0] for pair in pairs], "<i4")
    shifts = np.array([pair[1] for pair in pairs], np.int8)
    tables = (
        Const("multipliers", "int32_t", multipliers.tobytes(), "tables"),
        Const("shifts", "int8_t", shifts.tobytes(), "tables"),
    )
    return tables, way


def _range(op: Operator, graph: Graph) -> tuple[int, int]:
    output = checks.output_tensor(op, graph)
    return scaling.activation_range(output, str(op.options["fused_activation_function"]))


def _weights(values: NDArray[np.generic]) -> Const:
    return Const("weights", "int8_t", values.astype(np.int8).tobytes(), "weights")


def _bias(values: NDArray[np.int64]) -> Const:
    return Const("bias", "int64_t", values.astype("<i8").tobytes(), "weights")


def lower_conv(
    op: Operator,
    graph: Graph,
    window: Window,
    rows: NDArray[np.generic],
    bias: NDArray[np.int64],
    reals: Sequence[float],
    spec: LowerSpec,
) -> Lowered:
    """A convolution, grouped or not; rows: [out, taps], reals: a scale each."""
    outputs, depth = rows.shape
    depth_c = depth // (window.kernel_h * window.kernel_w)
    groups = window.in_c // depth_c
    bounds = bounds_of(rows.astype(np.int64), bias)
    tables, way = _scales(op, graph, reals, bounds)
    low, high = _range(op, graph)
    each = outputs // groups
    params = Params(
        "ep_conv_2d_s16_t",
        (
            ("window", window.fields),
            ("depth", depth),
            ("outputs", each),
            ("depth_c", depth_c),
            ("groups", groups),
            ("way", way),
            ("low", low),
            ("high", high),
        ),
    )
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        _weights(np.concatenate([interleave(part) for part in np.split(rows, groups)])),
        _bias(bias),
        *tables,
        Scratch(2 * depth),
        TensorRef(op.outputs[0]),
    )
    lead = overlap_lead(2 * window.first_elements(), 2 * outputs, 1, in_step=False)
    macs = window.pixels * rows.size
    lowered = calls.layer(op, "ep_conv_2d_s16", arguments, macs, lead if groups == 1 else None)
    lowered = for_core(lowered, spec)
    fits = way != WIDE and int(bounds.max()) < 2**31 and groups == 1
    return dsp_wide.conv(lowered, window, rows, bias) if fits and "dsp" in spec.isa else lowered


def lower_depthwise(
    op: Operator,
    graph: Graph,
    window: Window,
    rows: NDArray[np.generic],
    bias: NDArray[np.int64],
    reals: Sequence[float],
    lead: int,
) -> Lowered:
    """A depthwise convolution; rows: [out, taps]."""
    taps = rows.shape[1]
    checks.require(
        taps < TAPS,
        op,
        graph,
        f"its windows have {taps} taps; {TAPS - 1} is the limit on int16. Split the layer in the "
        "model.",
    )
    tables, way = _scales(op, graph, reals, bounds_of(rows.astype(np.int64), bias))
    low, high = _range(op, graph)
    params = Params(
        "ep_depthwise_s16_t",
        (
            ("window", window.fields),
            ("multiplier", len(rows) // window.in_c),
            ("way", way),
            ("low", low),
            ("high", high),
        ),
    )
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        _weights(rows),
        _bias(bias),
        *tables,
        TensorRef(op.outputs[0]),
    )
    return calls.layer(op, "ep_depthwise_s16", arguments, window.pixels * rows.size, lead)


def lower_dense(
    op: Operator,
    graph: Graph,
    rows: NDArray[np.generic],
    bias: NDArray[np.int64],
    reals: Sequence[float],
    batches: int,
    spec: LowerSpec,
) -> Lowered:
    """A dense layer with LiteRT's numbers: each sum scaled in double precision, rounded once."""
    outputs, depth = rows.shape
    bounds = bounds_of(rows.astype(np.int64), bias)
    require_wide(op, graph, bounds, 2**dense_scaling.DOUBLE_BITS)
    split, tables = _dense_scales(reals, bounds)
    low, high = _range(op, graph)
    params = Params(
        "ep_dense_s16_t",
        (
            ("batches", batches),
            ("depth", depth),
            ("outputs", outputs),
            ("split", split),
            ("per_channel", int(len(reals) > 1)),
            ("low", low),
            ("high", high),
        ),
    )
    arguments: tuple[Argument, ...] = (
        params,
        TensorRef(op.inputs[0]),
        _weights(interleave(rows)),
        _bias(bias),
        *tables,
        TensorRef(op.outputs[0]),
    )
    kernel = "ep_dense_s16" if split else "ep_dense_double_s16"
    return for_core(calls.layer(op, kernel, arguments, batches * rows.size, None), spec)


def _dense_scales(
    reals: Sequence[float], bounds: NDArray[np.int64]
) -> tuple[int, tuple[Const, Const, Const]]:
    """The tables of ep_dense_s16 and its split; those of ep_dense_double_s16 and 0 where no
    fixed-point scale serves an output.
    """
    worst = max(1, int(bounds.max()))
    limits = bounds.tolist() if len(reals) > 1 else [worst]
    if worst >= 2**dense_scaling.WIDE_BITS:
        return 0, dense_scaling.double_tables(reals)
    split, high_bits = dense_scaling.wide_split(worst)
    scales = []
    for real, limit in zip(reals, limits, strict=True):
        scale = dense_scaling.matching_wide(real, limit, split, high_bits)
        if scale is None:
            return 0, dense_scaling.double_tables(reals)
        scales.append(scale)
    highs = np.array([mantissa >> split for mantissa, _ in scales], "<u4")
    lows = np.array([mantissa & ((1 << split) - 1) for mantissa, _ in scales], "<u4")
    shifts = np.array([shift for _, shift in scales], np.int8)
    return split, (
        Const("highs", "uint32_t", highs.tobytes(), "tables"),
        Const("lows", "uint32_t", lows.tobytes(), "tables"),
        Const("shifts", "int8_t", shifts.tobytes(), "tables"),
    )


def for_core(lowered: Lowered, spec: LowerSpec) -> Lowered:
    """With the products of ep_dots_s16 by the instruction set; its code is no longer, so at every
    level.
    """
    if "dsp" not in spec.isa:
        return lowered
    return replace(lowered, steps=tuple(replace(s, variant="dsp") for s in lowered.steps))
