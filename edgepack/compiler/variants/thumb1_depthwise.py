"""Depthwise 3x3 convolutions on ARMv6-M and ARMv7-M: two outputs in a word, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from edgepack.compiler.variants.rv_planar import Side, is_plain, sides
from edgepack.compiler.variants.two_pieces import FITTING, layer_pieces
from edgepack.program import Const, Overlap, Params, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import FieldValue

GROUPS = (((0, 3), (3, 6), (6, 9)), ((0, 2), (2, 4), (4, 6), (6, 8), (8, 9)))  # by kind


def depthwise(layer: ConvLayer, variant: Literal["thumb1", "thumb2"]) -> Step | None:
    """The layer's step; None for other windows, outputs a channel or scales."""
    window, channels = layer.window, len(layer.weights)
    if not is_plain(window) or channels != window.in_c or layer.low < layer.zero_out:
        return None
    lines, columns = sides(window)
    pairs = -(-lines.outputs // 2)
    plane_lines = (pairs - 1) * lines.stride + 3
    scratch = 4 * plane_lines * columns.seen
    square = layer.weights.reshape(channels, 3, 3)
    across = window.out_h > window.out_w
    weights = (square.transpose(0, 2, 1) if across else square).reshape(channels, 9)
    pieces, kinds = layer_pieces(layer, signed=False), [kind_of(row) for row in weights]
    if pieces is None or any(kind is None for kind in kinds):
        return None
    rows = [
        [bias + piece.move, piece.factor, piece.nudge << 8 | (kind or 0), piece.limit]
        for bias, piece, kind in zip(layer.bias.tolist(), pieces, kinds, strict=True)
    ]
    table = (np.array(rows, np.int64) % 2**32).astype(np.uint32)
    fits = window.out_h * window.out_w <= window.in_h * window.in_w
    return Step(
        operator=layer.operator,
        kernel="ep_paired_3x3_s8",
        source="ep_paired_3x3_s8",
        arguments=(
            Params("ep_paired_t", _fields(layer, lines, columns, pairs, plane_lines)),
            TensorRef(layer.input),
            Const("weights", "int8_t", np.ascontiguousarray(weights).tobytes(), "weights"),
            Const("rows", "uint32_t", table.tobytes(), "tables"),
            Scratch(scratch),
            TensorRef(layer.output),
        ),
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, exact=True),) if fits else (),
        variant=variant,
        macs=layer.macs,
    )


def kind_of(weights: NDArray[np.int8]) -> int | None:
    """How the taps are grouped; None where not even two neighbours fit."""
    sizes = np.abs(weights.astype(np.int64))
    for kind, groups in enumerate(GROUPS):
        if all(sizes[first:end].sum() <= FITTING for first, end in groups):
            return kind
    return None


def _fields(
    layer: ConvLayer, lines: Side, columns: Side, pairs: int, plane_lines: int
) -> tuple[tuple[str, FieldValue], ...]:
    window, pitch, below = layer.window, 4 * columns.seen, lines.outputs - pairs
    pairs_fields = (
        pairs,
        columns.outputs,
        pitch,
        lines.stride * pitch,
        4 * columns.stride,
        lines.y_step,
        columns.y_step,
        below * lines.y_step,
        layer.low,
        layer.high - layer.low,
    )
    return (
        ("pairs", pairs_fields),
        ("batches", window.batches),
        ("channels", window.in_c),
        ("x_batch", window.in_h * window.in_w * window.in_c),
        ("y_batch", window.out_h * window.out_w * window.in_c),
        ("x_line", lines.x_step),
        ("x_column", columns.x_step),
        ("in_lines", lines.size),
        ("in_columns", columns.inside),
        ("plane_lines", plane_lines),
        ("pad_line", lines.pad),
        ("pad_column", columns.pad),
        ("apart", below * lines.stride),
        ("bytes", pitch * plane_lines),
        ("zero", layer.zero_in),
    )
