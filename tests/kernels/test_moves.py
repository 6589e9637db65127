"""Operators that move data, in every type, against the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case
from tests.kernels.mover_cases import STANDS_IN, check_stand_in, mover, values
from tests.kernels.oracle_check import check, random_shape

Rng = np.random.Generator
I32 = np.int32


def ints(rng: Rng, data: object) -> np.ndarray:
    return np.asarray(data, rng.choice(["int32", "int64"]))


def pack(rng: Rng, dtype: str) -> Case:
    shape = random_shape(rng, 0, 4, 4)
    axis = int(rng.integers(0, len(shape) + 1))
    count = int(rng.integers(1, 5))
    inputs = [(values(rng, shape, dtype), bool(rng.random() < 0.3 and i)) for i in range(count)]
    made = (*shape[:axis], count, *shape[axis:])
    axis = axis if rng.random() < 0.5 else axis - len(shape) - 1
    return mover("PACK", inputs, [made], axis=axis, values_count=count)


def unpack(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 4), dtype)
    axis = int(rng.integers(0, x.ndim))
    made = (*x.shape[:axis], *x.shape[axis + 1 :])
    count = x.shape[axis]
    axis = axis if rng.random() < 0.5 else axis - x.ndim
    return mover("UNPACK", [(x, False)], [made] * count, axis=axis, num=count)


def cut(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 6), dtype)
    begin = [int(rng.integers(0, n)) for n in x.shape]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(x.shape, begin, strict=True)]
    stated = [
        -1 if b + s == n and rng.random() < 0.5 else s
        for b, s, n in zip(begin, size, x.shape, strict=True)
    ]
    kind = rng.choice(["int32", "int64"])
    both = [(np.array(v, kind), True) for v in (begin, stated)]
    return mover("SLICE", [(x, False), *both], [size])


def split(rng: Rng, dtype: str) -> Case:
    count = int(rng.integers(1, 4))
    shape = list(random_shape(rng, 1, 5, 4))
    axis = int(rng.integers(0, len(shape)))
    part = list(shape)
    shape[axis] *= count
    sign = axis if rng.random() < 0.5 else axis - len(shape)
    inputs = [(np.array(sign, I32), True), (values(rng, shape, dtype), False)]
    return mover("SPLIT", inputs, [part] * count, dtype=dtype, num_splits=count)


def split_v(rng: Rng, dtype: str) -> Case:
    sizes = [int(n) for n in rng.integers(1, 4, int(rng.integers(1, 5)))]
    shape = list(random_shape(rng, 1, 5, 4))
    axis = int(rng.integers(0, len(shape)))
    shape[axis] = sum(sizes)
    parts = [[*shape[:axis], n, *shape[axis + 1 :]] for n in sizes]
    stated = list(sizes)
    if rng.random() < 0.4:
        stated[int(rng.integers(0, len(sizes)))] = -1
    sign = axis if rng.random() < 0.5 else axis - len(shape)
    inputs = [
        (values(rng, shape, dtype), False),
        (ints(rng, stated), True),
        (np.array(sign, I32), True),
    ]
    return mover("SPLIT_V", inputs, parts, num_splits=len(sizes))


def transpose(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 6, 4), dtype)
    order = rng.permutation(x.ndim)
    made = [x.shape[a] for a in order]
    written = np.where(rng.random(x.ndim) < 0.3, order - x.ndim, order)
    return mover("TRANSPOSE", [(x, False), (written.astype(I32), True)], [made])


def tile(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 3), dtype)
    times = rng.integers(1, 4, x.ndim)
    made = [n * int(m) for n, m in zip(x.shape, times, strict=True)]
    return mover("TILE", [(x, False), (ints(rng, times), True)], [made])


def broadcast_to(rng: Rng, dtype: str) -> Case:
    made = random_shape(rng, 1, 7, 3)
    shape = [n if rng.random() < 0.5 else 1 for n in made][int(rng.integers(0, len(made))) :]
    x = values(rng, shape, dtype)
    return mover("BROADCAST_TO", [(x, False), (ints(rng, made), True)], [made], version=3)


def fill(rng: Rng, dtype: str) -> Case:
    made = random_shape(rng, 1, 4, 5)
    x = values(rng, (), dtype)
    return mover("FILL", [(ints(rng, made), True), (x, False)], [made], dtype=dtype)


def reverse(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 4), dtype)
    first = int(rng.integers(0, x.ndim))
    last = int(rng.integers(first + 1, x.ndim + 1))
    axes = np.arange(first, last, dtype=I32)
    return mover("REVERSE_V2", [(x, False), (axes, True)], [x.shape])


def mirror_pad(rng: Rng, dtype: str) -> Case:
    mode = int(rng.integers(0, 2))
    x = values(rng, random_shape(rng, 1, 4, 5), dtype)
    pads = np.array([[rng.integers(0, n + mode) for _ in range(2)] for n in x.shape])
    made = [n + int(a + b) for n, (a, b) in zip(x.shape, pads, strict=True)]
    return mover("MIRROR_PAD", [(x, False), (ints(rng, pads), True)], [made], mode=mode)


def pad(rng: Rng, dtype: str) -> Case:
    point = int(rng.integers(0, 128)) - (128 if dtype == "int8" else 0)
    x = values(rng, random_shape(rng, 1, 5, 4), dtype)
    pads = rng.integers(0, 3, (x.ndim, 2))
    made = [n + int(a + b) for n, (a, b) in zip(x.shape, pads, strict=True)]
    return mover("PAD", [(x, False), (ints(rng, pads), True)], [made], zero_point=point)


def pad_value(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 4), dtype)
    pads = rng.integers(0, 3, (x.ndim, 2))
    made = [n + int(a + b) for n, (a, b) in zip(x.shape, pads, strict=True)]
    inputs = [(x, False), (ints(rng, pads), True), (values(rng, (1,), dtype), True)]
    return mover("PADV2", inputs, [made])


def depth_to_space(rng: Rng, dtype: str) -> Case:
    n, h, w, c = (int(v) for v in rng.integers(1, 4, 4))
    block = int(rng.integers(1, 4))
    x = values(rng, (n, h, w, c * block * block), dtype)
    made = (n, h * block, w * block, c)
    return mover("DEPTH_TO_SPACE", [(x, False)], [made], block_size=block)


def space_to_depth(rng: Rng, dtype: str) -> Case:
    n, h, w, c = (int(v) for v in rng.integers(1, 4, 4))
    block = int(rng.integers(1, 4))
    x = values(rng, (n, h * block, w * block, c), dtype)
    return mover("SPACE_TO_DEPTH", [(x, False)], [(n, h, w, c * block**2)], block_size=block)


def blocks(rng: Rng) -> tuple[list[int], list[int], np.ndarray, np.ndarray]:
    """Parts along each dimension, blocks, and ends."""
    rank = int(rng.integers(1, 3))
    block = rng.integers(1, 4, rank)
    parts = rng.integers(1, 4, rank)
    whole = [int(p * b) for p, b in zip(parts, block, strict=True)]
    ends = np.array([[rng.integers(0, (n + 1) // 2) for _ in range(2)] for n in whole])
    return [int(p) for p in parts], whole, block, ends


def space_to_batch(rng: Rng, dtype: str) -> Case:
    parts, whole, block, ends = blocks(rng)
    n, c = (int(v) for v in rng.integers(1, 4, 2))
    inside = [w - int(e.sum()) for w, e in zip(whole, ends, strict=True)]
    x = values(rng, (n, *inside, c), dtype)
    made = (n * int(block.prod()), *parts, c)
    inputs = [(x, False), (block.astype(I32), True), (ends.astype(I32), True)]
    return mover("SPACE_TO_BATCH_ND", inputs, [made], zero_point=9)


def batch_to_space(rng: Rng, dtype: str) -> Case:
    parts, whole, block, ends = blocks(rng)
    n, c = (int(v) for v in rng.integers(1, 4, 2))
    x = values(rng, (n * int(block.prod()), *parts, c), dtype)
    made = (n, *(w - int(e.sum()) for w, e in zip(whole, ends, strict=True)), c)
    inputs = [(x, False), (block.astype(I32), True), (ends.astype(I32), True)]
    return mover("BATCH_TO_SPACE_ND", inputs, [made])


def resize(kind: str) -> Callable[[Rng, str], Case]:
    def case(rng: Rng, dtype: str) -> Case:
        n, h, w, c = (int(v) for v in rng.integers(1, 7, 4))
        size = rng.integers(1, 12, 2)
        corners, centers = [(0, 0), (1, 0), (0, 1)][int(rng.integers(0, 3))]
        x = values(rng, (n, h, w, c), dtype)
        return mover(
            kind,
            [(x, False), (size.astype(I32), True)],
            [(n, int(size[0]), int(size[1]), c)],
            version=3,
            align_corners=bool(corners),
            half_pixel_centers=bool(centers),
        )

    return case


def gather(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 4, 5), dtype)
    axis = int(rng.integers(0, x.ndim))
    batch = int(rng.integers(0, axis + 1)) if rng.random() < 0.4 else 0
    tail = random_shape(rng, 0, 2, 3)
    places = rng.integers(0, x.shape[axis], (*x.shape[:batch], *tail))
    if rng.random() < 0.2 and not batch and x.shape[axis] > 2:
        places = np.arange(0, x.shape[axis], 2)
        tail = places.shape
    made = (*x.shape[:axis], *tail, *x.shape[axis + 1 :])
    sign = axis if rng.random() < 0.5 else axis - x.ndim
    inputs = [(x, False), (ints(rng, places), bool(rng.random() < 0.5))]
    return mover("GATHER", inputs, [made], axis=sign, batch_dims=batch)


def gather_nd(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 4, 5), dtype)
    depth = int(rng.integers(1, x.ndim + 1))
    head = random_shape(rng, 1, 2, 3)
    places = np.stack([rng.integers(0, n, head) for n in x.shape[:depth]], axis=-1)
    made = (*head, *x.shape[depth:])
    inputs = [(x, False), (ints(rng, places), bool(rng.random() < 0.5))]
    return mover("GATHER_ND", inputs, [made])


def one_hot(rng: Rng, dtype: str) -> Case:
    depth = int(rng.integers(1, 6))
    places = rng.integers(-1, depth + 1, random_shape(rng, 1, 3, 4))
    axis = int(rng.integers(0, places.ndim + 1))
    made = (*places.shape[:axis], depth, *places.shape[axis:])
    inputs = [
        (ints(rng, places), False),
        (np.array(depth, I32), True),
        (values(rng, (), dtype), bool(rng.random() < 0.5)),
        (values(rng, (), dtype), bool(rng.random() < 0.5)),
    ]
    axis = -1 if axis == places.ndim and rng.random() < 0.5 else axis
    return mover("ONE_HOT", inputs, [made], dtype=dtype, axis=axis)


def update(rng: Rng, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 4, 5), dtype)
    shape = [int(rng.integers(1, n + 1)) for n in x.shape]
    starts = rng.integers(-2, 6, x.ndim)
    inputs = [
        (x, bool(rng.random() < 0.2)),
        (values(rng, shape, dtype), False),
        (ints(rng, starts), bool(rng.random() < 0.3)),
    ]
    return mover("DYNAMIC_UPDATE_SLICE", inputs, [x.shape], version=2)


TYPES = (
    "int8",
    "float32",
    "uint8",
    "int16",
    "int32",
    "int64",
    "bool",
    "float16",
    "uint16",
    "uint32",
)
MOVERS: dict[str, Callable[[Rng, str], Case]] = {
    "PACK": pack,
    "UNPACK": unpack,
    "SLICE": cut,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "TRANSPOSE": transpose,
    "TILE": tile,
    "BROADCAST_TO": broadcast_to,
    "FILL": fill,
    "REVERSE_V2": reverse,
    "MIRROR_PAD": mirror_pad,
    "PAD": pad,
    "PADV2": pad_value,
    "DEPTH_TO_SPACE": depth_to_space,
    "SPACE_TO_DEPTH": space_to_depth,
    "SPACE_TO_BATCH_ND": space_to_batch,
    "BATCH_TO_SPACE_ND": batch_to_space,
    "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR"),
    "GATHER": gather,
    "GATHER_ND": gather_nd,
    "ONE_HOT": one_hot,
    "DYNAMIC_UPDATE_SLICE": update,
}
REFUSED = {  # by LiteRT's kernel: there, the same model in another type is the oracle
    "PACK": ("bool", "float16", "uint16"),
    "UNPACK": ("int64", "uint16", "uint32"),
    "SPLIT": ("bool", "float16", "uint16", "uint32"),
    "SPLIT_V": ("bool", "float16", "uint16", "uint32"),
    "REVERSE_V2": ("uint16", "uint32"),
    "PAD": ("uint16", "uint32"),
    "PADV2": ("uint16", "uint32"),
    "DEPTH_TO_SPACE": ("int16", "bool", "float16", "uint16", "uint32"),
    "SPACE_TO_DEPTH": ("int16", "bool", "float16", "uint16", "uint32"),
    "RESIZE_NEAREST_NEIGHBOR": ("int64",),
    "GATHER": ("uint16", "uint32"),
    "GATHER_ND": ("uint16", "uint32"),
    "ONE_HOT": ("int16", "float16", "uint16", "uint32"),
}


@pytest.mark.parametrize("kind", MOVERS)
def test_random(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(sum(kind.encode()))
    types = [dtype for dtype in TYPES if dtype not in REFUSED.get(kind, ())]
    count = max(case_count // 3, len(types))
    check([MOVERS[kind](rng, types[n % len(types)]) for n in range(count)])


@pytest.mark.parametrize("dtype", STANDS_IN)
def test_types_that_the_reference_refuses(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    kinds = [kind for kind, types in REFUSED.items() if dtype in types]
    count = max(3, case_count // 10)
    check_stand_in([MOVERS[kind](rng, dtype) for kind in kinds for _ in range(count)], dtype)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float32"])
def test_resize_bilinear(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(5)
    make = resize("RESIZE_BILINEAR")
    check([make(rng, dtype) for _ in range(max(10, case_count // 2))])


@pytest.mark.parametrize(
    "board", ["mps2-an385-m0", pytest.param("riscv-virt", marks=pytest.mark.long)]
)
def test_on_a_board(board: str) -> None:
    """Cores that cannot read a word across its alignment."""
    rng = np.random.default_rng(9)
    kinds = [kind for kind in MOVERS if "float32" not in REFUSED.get(kind, ())]
    cases = [MOVERS[kind](rng, str(rng.choice(["int8", "float32", "int32"]))) for kind in kinds]
    cases += [MOVERS["GATHER"](rng, "int64"), MOVERS["TRANSPOSE"](rng, "int64")]
    cases += [resize("RESIZE_BILINEAR")(rng, dtype) for dtype in ("int8", "int16", "float32")]
    check_on_board(board, cases)
