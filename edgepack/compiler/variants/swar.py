"""Convolutions with two pixels in a word: the tables of ep_swar_s8.h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from edgepack.compiler.operators.window import Window, overlap_lead
from edgepack.compiler.variants.two_pieces import FITTING, TwoPieces, layer_pieces
from edgepack.program import Const, Overlap, Params, Scalar, Scratch, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument, FieldValue

BLOCK = 8  # outputs whose weights lie side by side
GROUPS = ((8, 1), (6, 1), (4, 1), (3, 2), (2, 2))  # depths a group, groups a turn of the loop
MOST_GROUPS = (1 << 12) - 1


def swar_conv(
    layer: ConvLayer, variant: Literal["thumb1", "thumb2", "rv32"], together: int = 1
) -> Step | None:
    """The layer by pairs of pixels; None where a precondition fails.

    `together` outputs side by side get the same groups.
    """
    outputs, depth = layer.weights.shape
    groups = groups_of(layer.weights, together)
    signed = layer.low < layer.zero_out
    pieces = layer_pieces(layer, signed=signed)
    if pieces is None or any(group is None for group in groups):
        return None
    kinds = [group for group in groups if group is not None]
    counts = [turns(depth, *kind) * kind[1] for kind in kinds]
    if max(counts) > MOST_GROUPS:
        return None
    length = max(n * size for n, (size, _) in zip(counts, kinds, strict=True))
    fields = (outputs, BLOCK * length, layer.low, layer.high - layer.low)
    x, y = TensorRef(layer.input), TensorRef(layer.output)
    rows = _rows(layer, pieces, counts, [size for size, _ in kinds], signed=signed)
    rows = np.concatenate([rows, *[rows[-1:]] * (-outputs % together)])
    constants = (
        Const("weights", "int8_t", _blocks(layer.weights, length).tobytes(), "weights"),
        Const("rows", "uint32_t", rows.tobytes(), "tables"),
    )
    suffix = "_signed_s8" if signed else "_s8"
    if is_pointwise(layer.window):
        names = ("outputs", "block", "low", "span")
        params = Params("ep_swar_t", tuple(zip(names, fields, strict=True)))
        scalars = (Scalar("int32_t", layer.window.pixels), Scalar("int32_t", depth))
        pointwise = (params, *scalars, x, *constants, Scratch(8 * length), y)
        return _step(layer, "ep_swar_1x1", suffix, variant, pointwise)
    named: tuple[tuple[str, FieldValue], ...] = (
        ("rows", fields),
        ("window", layer.window.fields),
        ("line", 8 * length),
        ("zero", layer.zero_in),
    )
    scratch = Scratch(8 * length + layer.window.in_c)
    arguments = (Params("ep_swar_conv_t", named), x, *constants, scratch, y)
    return _step(layer, "ep_swar_conv", suffix, variant, arguments)


def groups_of(weights: NDArray[np.int8], together: int) -> list[tuple[int, int] | None]:
    """The group of each output."""
    found: list[tuple[int, int] | None] = []
    for first in range(0, len(weights), together):
        rows = weights[first : first + together]
        found += [group_of(rows)] * len(rows)
    return found


def group_of(weights: NDArray[np.int8]) -> tuple[int, int] | None:
    """Depths a group and groups a turn of these rows, the fewest instructions.

    None where not even 2 fit.
    """
    depth, best, found = weights.shape[1], 0, None
    for size, double in GROUPS:
        count = turns(depth, size, double) * double
        padded = np.zeros((len(weights), count * size), np.int64)
        padded[:, :depth] = np.abs(weights.astype(np.int64))
        cost = count * (6 * size + 6) + 2 * count // double
        fits = padded.reshape(-1, size).sum(axis=1).max() <= FITTING
        if fits and (found is None or cost < best):
            best, found = cost, (size, double)
    return found


def turns(depth: int, size: int, double: int) -> int:
    """Turns of the loop over a row."""
    return -(-depth // (size * double))


def _rows(
    layer: ConvLayer,
    pieces: list[TwoPieces],
    counts: list[int],
    sizes: list[int],
    *,
    signed: bool,
) -> NDArray[np.uint32]:
    """The words of each output: see ep_swar_s8.h."""
    rows = [
        [
            bias if signed else bias + piece.move,
            piece.factor,
            piece.nudge << 8 | size << 3,
            piece.limit | count << 20,
            *([piece.move << 5 | piece.unit] if signed else []),
        ]
        for bias, piece, count, size in zip(layer.bias.tolist(), pieces, counts, sizes, strict=True)
    ]
    return (np.array(rows, np.int64) % 2**32).astype(np.uint32)


def _blocks(weights: NDArray[np.int8], length: int) -> NDArray[np.int8]:
    """[outputs / 8, length, 8], zeros behind the last depth and beside the last output."""
    outputs, depth = weights.shape
    padded = np.zeros((-(-outputs // BLOCK) * BLOCK, length), np.int8)
    padded[:outputs, :depth] = weights
    return np.ascontiguousarray(padded.reshape(-1, BLOCK, length).transpose(0, 2, 1))


def _step(
    layer: ConvLayer, stem: str, suffix: str, variant: str, arguments: tuple[Argument, ...]
) -> Step:
    first, outputs = layer.window.first_elements(), len(layer.weights)
    lead = overlap_lead(first, outputs, 4, in_step=False)
    if len(first) % 4 > 1:  # the last ones one by one
        lead = max(lead, overlap_lead(first, outputs, 1, in_step=False))
    return Step(
        operator=layer.operator,
        kernel=stem + suffix,
        source=f"{stem}_s8",
        arguments=arguments,
        inputs=(layer.input,),
        outputs=(layer.output,),
        overlaps=(Overlap(layer.input, layer.output, lead),),
        variant=variant,
        macs=layer.macs,
    )


def is_pointwise(window: Window) -> bool:
    """Whether the window is a pixel and goes over all of them, and over nothing else."""
    area = window.kernel_h * window.kernel_w * window.stride_h * window.stride_w
    return area == 1 and not window.leaves_input
