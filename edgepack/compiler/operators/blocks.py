"""Space to depth, space to batch, and back: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_shape,
    tensor_text,
)
from edgepack.compiler.operators.moves import TYPES, check_same, gather, move_step, same_bytes
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.walk import make_walk
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Lowered, LowerSpec, Params, Scalar


def check_depth(op: Operator, graph: Graph) -> None:
    """A block that divides the image, or whose square divides the channels."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 4, 4)
    block = op.option("block_size")
    n, h, w, c = x.shape
    require(0 < block <= 2**10, op, graph, f"block_size is {block}; it must be above 0. "
            f"{RECONVERT}.")  # fmt: skip
    if op.kind == "SPACE_TO_DEPTH":
        fits, shape = h % block == w % block == 0, (n, h // block, w // block, c * block * block)
    else:
        fits, shape = c % (block * block) == 0, (n, h * block, w * block, c // (block * block))
    require(fits, op, graph, f"{tensor_text(x)} does not divide by blocks of {block}. {RECONVERT}.")
    require_shape(op, graph, y, shape)


def lower_space_to_depth(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk: [n, h, w, row of the block, column, c]."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    block = op.option("block_size")
    _, height, width, c = x.shape
    n, h, w, _ = y.shape
    line = width * c
    strides = (height * line, block * line, block * c, line, c, 1)
    return gather(op, x, y, make_walk(0, (n, h, w, block, block, c), strides), spec)


def lower_depth_to_space(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """A walk: [n, h, row of the block, w, column, c]."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    block = op.option("block_size")
    n, h, w, depth = x.shape
    c = y.shape[3]
    strides = (h * w * depth, w * depth, block * c, depth, c, 1)
    return gather(op, x, y, make_walk(0, (n, h, block, w, block, c), strides), spec)


def check_batch(op: Operator, graph: Graph) -> None:
    """A constant block of 1 or 2 dimensions, and what is padded or cropped."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 3, 4)
    block, ends = batch_block(op, graph), batch_ends(op, graph)
    require(
        min(block) > 0 and max(block) <= 2**10 and min(min(pair) for pair in ends) >= 0,
        op,
        graph,
        f"takes blocks of {list(block)} with {[list(pair) for pair in ends]} at the ends; blocks "
        f"are 1 or more, ends 0 or more. {RECONVERT}.",
    )
    require(
        y.dtype.name != "INT16" or y.zero_point == 0,
        op,
        graph,
        f"{tensor_text(y)} has zero point {y.zero_point}; in int16 it must be 0. {RECONVERT}.",
    )
    dims = _image(x)[1:3]
    if op.kind == "SPACE_TO_BATCH_ND":
        whole = [n + low + high for n, (low, high) in zip(dims, ends, strict=True)]
        fits = all(n % size == 0 for n, size in zip(whole, block, strict=True))
        made = [n // size for n, size in zip(whole, block, strict=True)]
        batch = x.shape[0] * block[0] * block[1]
    else:
        made = [n * b - low - high for n, b, (low, high) in zip(dims, block, ends, strict=True)]
        batch, rest = divmod(x.shape[0], block[0] * block[1])
        fits = rest == 0 and min(made) > 0
    require(
        fits,
        op,
        graph,
        f"{tensor_text(x)} does not divide by blocks of {list(block)} with "
        f"{[list(pair) for pair in ends]} at the ends. {RECONVERT}.",
    )
    require_shape(op, graph, y, (batch, *made[: len(x.shape) - 2], x.shape[-1]))


def _image(tensor: Tensor) -> tuple[int, int, int, int]:
    """[n, h, w, c]; a line [n, h, c] is one column."""
    n, h, *rest = tensor.shape
    return n, h, rest[0] if len(rest) == 2 else 1, rest[-1]


def batch_block(op: Operator, graph: Graph) -> tuple[int, int]:
    """The block's rows and columns."""
    x = input_tensor(op, graph, 0)
    values = constant_ints(op, graph, 1)
    require_shape(op, graph, input_tensor(op, graph, 1), (len(x.shape) - 2,))
    return values[0], values[1] if len(values) == 2 else 1


def batch_ends(op: Operator, graph: Graph) -> tuple[tuple[int, int], tuple[int, int]]:
    """What is padded or cropped: (above, below), (left, right)."""
    x = input_tensor(op, graph, 0)
    values = constant_ints(op, graph, 2)
    require_shape(op, graph, input_tensor(op, graph, 2), (len(x.shape) - 2, 2))
    return (values[0], values[1]), (values[2], values[3]) if len(values) == 4 else (0, 0)


def lower_batch(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Pixels to their places."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    block, ends = batch_block(op, graph), batch_ends(op, graph)
    if block == (1, 1) and not any(map(any, ends)):
        return same_bytes(op, x, y)
    forth = op.kind == "SPACE_TO_BATCH_ND"
    (images, height, width, c), part = (_image(t) for t in ((x, y) if forth else (y, x)))
    fields = (
        ("images", images),
        ("height", height),
        ("width", width),
        ("run", c * x.dtype.bytes),
        ("block_height", block[0]),
        ("block_width", block[1]),
        ("part_height", part[1]),
        ("part_width", part[2]),
        ("top", ends[0][0]),
        ("left", ends[1][0]),
    )
    params = Params("ep_batch_space_t", fields)
    if not forth:
        step = move_step(op, "ep_batch_to_space", "ep_batch_space", params, x, y)
        return Lowered(steps=(step,))
    fill = Scalar("uint8_t", y.zero_point % 256 if y.dtype.bytes == 1 else 0)
    step = move_step(op, "ep_space_to_batch", "ep_batch_space", params, x, y, fill)
    return Lowered(steps=(step,))


_BATCH_NOTES = "Of 3 or 4 dimensions, as TFLite."

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SPACE_TO_DEPTH",
        code=26,
        options_type=19,
        options=(OptionField("block_size", 0, "int32"),),
        inputs=(1, 1),
        types=TYPES,
        check=check_depth,
        lower=lower_space_to_depth,
    ),
    OperatorRow(
        kind="DEPTH_TO_SPACE",
        code=5,
        options_type=94,
        options=(OptionField("block_size", 0, "int32"),),
        inputs=(1, 1),
        types=TYPES,
        check=check_depth,
        lower=lower_depth_to_space,
    ),
    OperatorRow(
        kind="SPACE_TO_BATCH_ND",
        code=38,
        options_type=25,
        inputs=(3, 3),
        types=TYPES,
        check=check_batch,
        lower=lower_batch,
        notes=_BATCH_NOTES,
    ),
    OperatorRow(
        kind="BATCH_TO_SPACE_ND",
        code=37,
        options_type=24,
        inputs=(3, 3),
        types=TYPES,
        check=check_batch,
        lower=lower_batch,
        notes=_BATCH_NOTES,
    ),
)
