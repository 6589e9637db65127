"""Depthwise 3x3 convolutions on RV32IM: one channel's plane at a time, in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.rv_steps import conv_steps
from edgepack.program import Const, Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from edgepack.compiler.operators.window import Window
    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import FieldValue


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of an image: along a line, or from line to line."""

    outputs: int
    stride: int
    pad: int
    size: int
    x_step: int  # bytes in the image
    y_step: int

    @property
    def seen(self) -> int:
        """Of a plane: what the windows see."""
        return (self.outputs - 1) * self.stride + 3

    @property
    def inside(self) -> int:
        """How much of the image they see."""
        return max(0, min(self.size, self.seen - self.pad))


def depthwise(layer: ConvLayer) -> Step | None:
    """The layer's step; None for other windows, outputs a channel or scales."""
    window, channels = layer.window, len(layer.weights)
    if not is_plain(window) or channels != window.in_c:
        return None
    lines, columns = sides(window)
    scratch = -(-lines.seen * columns.seen // 4) * 4
    steps = conv_steps(layer)
    if columns.stride > 2 or steps is None:
        return None
    across = window.out_h > window.out_w
    square = layer.weights.reshape(channels, 3, 3)
    rows = (square.transpose(0, 2, 1) if across else square).reshape(channels, 9)
    bias = (layer.bias + steps.moves).astype("<i4")
    fits = window.out_h * window.out_w <= window.in_h * window.in_w
    kernel = "ep_planar_3x3_signed_s8" if steps.signed else "ep_planar_3x3_s8"
    return Step(
        operator=layer.operator,
        kernel=kernel,
        source="ep_planar_3x3_s8",
        arguments=(
            Params("ep_planar_t", _fields(layer, lines, columns, scratch)),
            TensorRef(layer.input),
            Const("weights", "int8_t", np.ascontiguousarray(rows).tobytes(), "weights"),
            Const("bias", "int32_t", bias.tobytes(), "weights"),
            Const("steps", "uint32_t", steps.table.tobytes(), "tables"),
            Scratch(scratch),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, exact=True),) if fits else (),
        variant="rv32",
        macs=layer.macs,
    )


def is_plain(window: Window) -> bool:
    """Whether it is 3x3 neighbours."""
    kernel = (window.kernel_h, window.kernel_w)
    return kernel == (3, 3) and (window.dilation_h, window.dilation_w) == (1, 1)


def sides(window: Window) -> tuple[Side, Side]:
    """From line to line, and along a line: which is the longer side, as lines cost."""
    rows = Side(
        window.out_h,
        window.stride_h,
        window.pad_top,
        window.in_h,
        window.in_w * window.in_c,
        window.out_w * window.in_c,
    )
    columns = Side(
        window.out_w, window.stride_w, window.pad_left, window.in_w, window.in_c, window.in_c
    )
    return (columns, rows) if rows.outputs > columns.outputs else (rows, columns)


def _fields(
    layer: ConvLayer, lines: Side, columns: Side, scratch: int
) -> tuple[tuple[str, FieldValue], ...]:
    window, pitch = layer.window, columns.seen
    plane = (
        lines.outputs,
        columns.outputs,
        pitch,
        lines.stride * pitch,
        columns.stride,
        lines.y_step,
        columns.y_step,
        layer.low,
        layer.high,
    )
    return (
        ("plane", plane),
        ("batches", window.batches),
        ("channels", window.in_c),
        ("x_batch", window.in_h * window.in_w * window.in_c),
        ("y_batch", window.out_h * window.out_w * window.in_c),
        ("x_line", lines.x_step),
        ("x_column", columns.x_step),
        ("in_lines", lines.inside),
        ("in_columns", columns.inside),
        ("first", lines.pad * pitch + columns.pad),
        ("bytes", scratch),
        ("zero", layer.zero_in),
    )
