"""Layers on floats with int8 weights (hybrid, dynamic range): their checks and lowering.

Their inputs are quantised at run time: each batch of a dense layer, each image of a convolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import calls, checks, scaling
from edgepack.compiler.operators.window import Window
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
    FieldValue,
    Lowered,
    Params,
    Scalar,
    Scratch,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_WEIGHT = (
    "A hybrid weight of -128 is taken as such; LiteRT on x86-64 takes it for 128 beside negative "
    "values."
)


def is_hybrid(op: Operator, graph: Graph) -> bool:
    """Whether the input at place 0 is float32 and the weights at place 1 are int8."""
    data, weights = (checks.input_tensor(op, graph, place) for place in (0, 1))
    return data.dtype.name == "FLOAT32" and weights.dtype.name == "INT8"


def check(op: Operator, graph: Graph, axis: int) -> None:
    """The weights' scales along `axis`, and that the sums fit; the rest is checked already."""
    weights = checks.input_tensor(op, graph, 1)
    checks.require_per_channel(op, graph, weights, axis)
    channels = weights.shape[axis]
    rows = np.moveaxis(weights.array(), axis, 0).reshape(channels, -1).astype(np.int64)
    ends = np.zeros(channels, np.int64)
    scaling.require_int32(op, graph, scaling.sum_bounds(rows, ends, -255, 255))
    if op.kind == "DEPTHWISE_CONV_2D":
        assert weights.quantization is not None
        ratio = channels // checks.input_tensor(op, graph, 0).shape[3]
        checks.require(
            len(weights.quantization.scales) == channels and op.option("depth_multiplier") == ratio,
            op,
            graph,
            f"with float activations it needs a scale for each of its {channels} channels and a "
            f"depth multiplier of {ratio}, as TFLite reads them. {checks.RECONVERT}.",
        )


def lower_dense(op: Operator, graph: Graph) -> Lowered:
    """A dense layer; the option says whether the inputs' zero point is free."""
    data, weights = (checks.input_tensor(op, graph, place) for place in (0, 1))
    rows = weights.array()
    asymmetric = bool(op.options.get("asymmetric_quantize_inputs", False))
    params = _params(op, weights, rows.shape, asymmetric=asymmetric, weights_first=False)
    first = (params, Scalar("int32_t", data.elements // rows.shape[1]))
    flat = scaling.interleave(rows)
    middle = _tables(op, graph, weights, flat, rows if asymmetric else None)
    macs = data.elements * len(rows)
    return _step(op, "ep_dense_hybrid", first, (*middle, Scratch(rows.shape[1])), macs)


def lower_conv(op: Operator, graph: Graph, window: Window) -> Lowered:
    """A convolution: zero points are free where the weights have a scale a channel."""
    data, weights = (checks.input_tensor(op, graph, place) for place in (0, 1))
    assert weights.quantization is not None
    channels = weights.shape[0]
    rows = weights.array().reshape(channels, -1)
    groups = data.shape[3] // weights.shape[3]
    free = weights.quantization.per_channel
    shape = (channels // groups, rows.shape[1])
    params = _params(op, weights, shape, asymmetric=free, weights_first=free)
    first = (Params("ep_window_t", _window(window)), Scalar("int32_t", groups), params)
    flat = np.concatenate([scaling.interleave(part) for part in np.split(rows, groups)])
    middle = _tables(op, graph, weights, flat, rows if free else None)
    image = window.in_h * window.in_w * window.in_c
    scratch = Scratch(image + rows.shape[1])
    return _step(op, "ep_conv_2d_hybrid", first, (*middle, scratch), window.pixels * rows.size)


def lower_depthwise(op: Operator, graph: Graph, window: Window) -> Lowered:
    """A depthwise convolution."""
    weights = checks.input_tensor(op, graph, 1)
    rows = weights.array().reshape(-1, weights.shape[3]).T
    low, high = scaling.float_range(op.option("fused_activation_function"))
    first = (
        Params("ep_window_t", _window(window)),
        Scalar("int32_t", len(rows) // window.in_c),
        Params("ep_range_f32_t", (("low", low), ("high", high))),
    )
    weight, _, scales, bias = _tables(op, graph, weights, np.ascontiguousarray(rows), None)
    scratch = Scratch(window.in_h * window.in_w * window.in_c)
    macs = window.pixels * rows.size
    return _step(op, "ep_depthwise_hybrid", first, (weight, scales, bias, scratch), macs)


def _window(window: Window) -> tuple[tuple[str, FieldValue], ...]:
    return tuple((name, getattr(window, name)) for name in window.__dataclass_fields__)


def _params(
    op: Operator,
    weights: Tensor,
    shape: tuple[int, ...],
    *,
    asymmetric: bool,
    weights_first: bool,
) -> Params:
    """ep_hybrid_sums_t of rows [outputs, depth]."""
    assert weights.quantization is not None
    low, high = scaling.float_range(op.option("fused_activation_function"))
    return Params(
        "ep_hybrid_sums_t",
        (
            ("depth", shape[1]),
            ("outputs", shape[0]),
            ("channels", int(weights.quantization.per_channel)),
            ("weights_first", int(weights_first)),
            ("asymmetric", int(asymmetric)),
            ("low", low),
            ("high", high),
        ),
    )


def _tables(
    op: Operator,
    graph: Graph,
    weights: Tensor,
    flat: NDArray[np.generic],
    rows: NDArray[np.generic] | None,
) -> tuple[Argument, ...]:
    """Weights, sums of their rows where they are needed, scales, bias."""
    assert weights.quantization is not None
    channels = weights.shape[3 if op.kind == "DEPTHWISE_CONV_2D" else 0]
    bias = checks.optional_input(op, graph, 2)
    values = np.zeros(channels, "<f4") if bias is None else bias.array()
    totals = None
    if rows is not None:
        sums = rows.astype(np.int64).sum(axis=1).astype("<i4")
        totals = Const("totals", "int32_t", sums.tobytes(), "tables")
    scales = np.array(weights.quantization.scales, "<f4")
    return (
        Const("weights", "int8_t", flat.tobytes(), "weights"),
        totals,
        Const("scales", "float", scales.tobytes(), "tables"),
        Const("bias", "float", values.tobytes(), "weights"),
    )


def _step(
    op: Operator,
    kernel: str,
    first: tuple[Argument, ...],
    rest: tuple[Argument, ...],
    macs: int,
) -> Lowered:
    data, output = op.inputs[0], op.outputs[0]
    arguments = (*first, TensorRef(data), *rest, TensorRef(output))
    return calls.layer(op, kernel, arguments, macs)
