"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: rows of the table of operators."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_shape,
    require_type,
)
from edgepack.compiler.operators.moves import (
    TYPES,
    call_step,
    check_same,
    mapped,
    require_small_tables,
)
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Const, Lowered, LowerSpec, Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

BILINEAR_TYPES = ("int8", "float32", "uint8", "int16")
KERNELS = {DType.INT8: "s8", DType.INT16: "s16", DType.UINT8: "u8", DType.FLOAT32: "f32"}
LARGEST = 2**12  # pixels along a side: 1024 times as many and a half stay in int32


def check_resize(op: Operator, graph: Graph) -> None:
    """A constant size; one way at most to line the pixels up."""
    x, y = check_same(op, graph)
    require_rank(op, graph, x, 4, 4)
    if op.kind == "RESIZE_BILINEAR":
        require_type(op, graph, x, BILINEAR_TYPES)
    size = constant_ints(op, graph, 1)
    require(
        len(size) == 2 and all(0 < n <= LARGEST for n in (*size, *x.shape[1:3])),
        op,
        graph,
        f"resizes {list(x.shape[1:3])} to {list(size)}; both sides lie in 1 to {LARGEST}. "
        f"{RECONVERT}.",
    )
    require(
        not (op.option("align_corners") and op.option("half_pixel_centers")),
        op,
        graph,
        f"has align_corners and half_pixel_centers; only one of them may be. {RECONVERT}.",
    )
    require_small_tables(op, graph, y)
    require_shape(op, graph, y, (x.shape[0], *size, x.shape[3]))


def lower_nearest(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Tables of the nearest row and column."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    n, height, width, channels = x.shape
    rows = nearest(op, height, y.shape[1])
    columns = nearest(op, width, y.shape[2])
    return mapped(op, x, y, [range(n), rows, columns, range(channels)])


def nearest(op: Operator, size: int, count: int) -> list[int]:
    """The nearest of `size` places for each of `count` (TFLite's GetNearestNeighbor)."""
    corners, centers = op.option("align_corners"), op.option("half_pixel_centers")
    inner = corners and count > 1
    scale = np.float32(size - 1) / np.float32(count - 1) if inner else (
        np.float32(size) / np.float32(count)
    )  # fmt: skip
    found = []
    for place in range(count):
        real = float((np.float32(place) + np.float32(0.5 if centers else 0)) * np.float32(scale))
        whole = math.floor(real + 0.5) if corners else math.floor(real)
        found.append(max(0, min(whole, size - 1)))
    return found


def lower_bilinear(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """Four neighbours and their shares, as tables of rows and columns."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    n, height, width, channels = x.shape
    whole = x.dtype in (DType.INT8, DType.INT16)
    between = _between_whole if whole else _between_real
    places, shares = [], []
    for size, count, pitch in ((height, y.shape[1], width * channels),
                               (width, y.shape[2], channels)):  # fmt: skip
        ends, share = between(op, size, count)
        places.append(ends.reshape(-1) * pitch)
        shares.append(share.reshape(-1))
    fields = (
        ("batches", n),
        ("image", height * width * channels),
        ("height", y.shape[1]),
        ("width", y.shape[2]),
        ("channels", channels),
    )
    first = (
        Params("ep_resize_t", fields),
        Const("places", "uint32_t", np.concatenate(places).astype("<u4").tobytes(), "tables"),
        Const(
            "shares",
            "int32_t" if whole else "float",
            np.concatenate(shares).astype("<i4" if whole else "<f4").tobytes(),
            "tables",
        ),
    )
    kernel = f"ep_resize_bilinear_{KERNELS[x.dtype]}"
    return Lowered(steps=(call_step(op, kernel, "ep_resize_bilinear", first, (x,), y),))


def _between_whole(
    op: Operator, size: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two places and the second's share in 1/1024 (ComputeInterpolationValuesInteger)."""
    if op.option("align_corners") and count > 1:
        scale = (1024 * (size - 1) + (count - 1) // 2) // (count - 1)
    else:
        scale = (1024 * size + count // 2) // count
    at = np.arange(count, dtype=np.int64) * scale
    if op.option("half_pixel_centers"):
        at = at + scale // 2 - 512
    low = np.maximum(np.trunc(at / 1024).astype(np.int64), 0)
    high = np.minimum(np.trunc((at + 1023) / 1024).astype(np.int64), size - 1)
    return np.stack([np.minimum(low, size - 1), high], axis=1), at - 1024 * low


def _between_real(
    op: Operator, size: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Two places and the shares of both (ComputeInterpolationValues), in single precision."""
    one, half = np.float32(1), np.float32(0.5)
    if op.option("align_corners") and count > 1:
        scale = np.float32(size - 1) / np.float32(count - 1)
    else:
        scale = np.float32(size) / np.float32(count)
    at = np.arange(count, dtype=np.float32)
    at = (at + half) * scale - half if op.option("half_pixel_centers") else at * scale
    low = np.maximum(np.floor(at).astype(np.int64), 0)
    high = np.minimum(np.ceil(at).astype(np.int64), size - 1)
    far = at - low.astype(np.float32)
    return np.stack([np.minimum(low, size - 1), high], axis=1), np.stack([one - far, far], axis=1)


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="RESIZE_BILINEAR",
        code=23,
        options_type=15,
        options=(
            OptionField("align_corners", 2, "bool"),
            OptionField("half_pixel_centers", 3, "bool"),
        ),
        inputs=(2, 2),
        types=BILINEAR_TYPES,
        check=check_resize,
        lower=lower_bilinear,
    ),
    OperatorRow(
        kind="RESIZE_NEAREST_NEIGHBOR",
        code=97,
        options_type=74,
        options=(
            OptionField("align_corners", 0, "bool"),
            OptionField("half_pixel_centers", 1, "bool"),
        ),
        inputs=(2, 2),
        types=TYPES,
        check=check_resize,
        lower=lower_nearest,
    ),
)
