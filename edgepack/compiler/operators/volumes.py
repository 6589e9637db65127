"""Convolutions over volumes (CONV_3D): a row of the table of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import calls, checks, scaling
from edgepack.compiler.operators.row import ACTIVATION, PADDING, OperatorRow, OptionField
from edgepack.compiler.operators.window import LIMIT, Window
from edgepack.graph import Graph, Operator
from edgepack.program import Const, Lowered, LowerSpec, Params, Scratch, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA, WEIGHTS, BIAS = range(3)  # places of the inputs
Side = tuple[int, int, int, int]  # size, window, stride, dilation


def _sides(op: Operator, graph: Graph) -> tuple[Side, ...]:
    """Depth, height and width."""
    data, weights = (checks.input_tensor(op, graph, place) for place in (DATA, WEIGHTS))
    strides = (op.option(f"stride_{letter}") for letter in "dhw")
    dilations = (op.option(f"dilation_{letter}_factor") for letter in "dhw")
    return tuple(zip(data.shape[1:4], weights.shape[:3], strides, dilations, strict=True))


def _check(op: Operator, graph: Graph) -> None:
    data, weights = checks.input_tensor(op, graph, DATA), checks.require_constant(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("float32",))
    checks.require_same_type(op, graph, data, weights, output)
    for tensor in (data, weights):
        checks.require_rank(op, graph, tensor, 5, 5)
    names = [name for letter in "dhw" for name in (f"stride_{letter}", f"dilation_{letter}_factor")]
    checks.require_positive(op, graph, *names, limit=LIMIT)
    checks.require(
        weights.shape[3] == data.shape[4],
        op,
        graph,
        f"{checks.tensor_text(weights)} does not fit the {data.shape[4]} input channels; its "
        f"fourth dimension must be as many. {checks.RECONVERT}.",
    )
    sides, padding, channels = _sides(op, graph), op.option("padding"), weights.shape[4]
    outputs = tuple(checks.window_output(*side, padding) for side in sides)
    checks.require_shape(op, graph, output, (data.shape[0], *outputs, channels))
    pads = [checks.window_padding(*side, padding)[0] for side in sides]
    checks.require(
        max(*weights.shape[:3], *pads) <= LIMIT,
        op,
        graph,
        f"a side of its window or its padding is above {LIMIT}. Split the layer in the model.",
    )
    if checks.optional_input(op, graph, BIAS) is not None:
        bias = checks.require_constant(op, graph, BIAS)
        checks.require_type(op, graph, bias, ("float32",))
        checks.require_shape(op, graph, bias, (channels,))


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, weights = (checks.input_tensor(op, graph, place) for place in (DATA, WEIGHTS))
    output = checks.output_tensor(op, graph)
    channels = weights.shape[4]
    rows = weights.array().reshape(-1, channels).T
    low, high = scaling.float_range(op.option("fused_activation_function"))
    depth, *plane = _sides(op, graph)
    pads = [checks.window_padding(*side, op.option("padding"))[0] for side in (depth, *plane)]
    (in_h, kernel_h, stride_h, dilation_h), (in_w, kernel_w, stride_w, dilation_w) = plane
    window = Window(
        data.shape[0],
        in_h,
        in_w,
        data.shape[4],
        output.shape[2],
        output.shape[3],
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        pads[1],
        pads[2],
    )
    params = Params(
        "ep_conv_3d_f32_t",
        (
            ("window", window.fields),
            ("in_d", depth[0]),
            ("out_d", output.shape[1]),
            ("kernel_d", depth[1]),
            ("stride_d", depth[2]),
            ("dilation_d", depth[3]),
            ("pad_front", pads[0]),
            ("depth", rows.shape[1]),
            ("outputs", channels),
            ("low", low),
            ("high", high),
        ),
    )
    arguments = (
        params,
        TensorRef(data.index),
        _const("weights", scaling.interleave(rows)),
        _const("bias", _bias(op, graph, channels)),
        Scratch(4 * rows.shape[1]),
        TensorRef(output.index),
    )
    macs = output.elements * rows.shape[1]
    return calls.layer(op, "ep_conv_3d_f32", arguments, macs, None)


def _bias(op: Operator, graph: Graph, channels: int) -> NDArray[np.generic]:
    bias = checks.optional_input(op, graph, BIAS)
    return np.zeros(channels, "<f4") if bias is None else bias.array()


def _const(stem: str, values: NDArray[np.generic]) -> Const:
    return Const(stem, "float", np.ascontiguousarray(values).tobytes(), "weights")


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="CONV_3D",
        code=132,
        options_type=106,
        options=(
            OptionField("padding", 0, "int8", 0, PADDING),
            OptionField("stride_d", 1, "int32"),
            OptionField("stride_w", 2, "int32"),
            OptionField("stride_h", 3, "int32"),
            OptionField("fused_activation_function", 4, "int8", 0, ACTIVATION),
            OptionField("dilation_d_factor", 5, "int32", 1),
            OptionField("dilation_w_factor", 6, "int32", 1),
            OptionField("dilation_h_factor", 7, "int32", 1),
        ),
        inputs=(2, 3),
        optional=frozenset({BIAS}),
        types=("float32",),
        check=_check,
        lower=_lower,
        notes="Weights and bias must be constants.",
    ),
)
