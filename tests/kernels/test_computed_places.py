"""Slices and indices that the model computes: exact inside, and inside whatever is computed."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.mover_cases import mover, values
from tests.kernels.oracle_check import check, random_shape

DTYPES = ("int8", "float32", "int16", "int64", "bool")
FAR = [-(2**31), -1000, -7, -1, 0, 1, 1000, 2**31 - 1]


def box(rng: np.random.Generator, dtype: str) -> Case:
    x = values(rng, random_shape(rng, 1, 5, 5), dtype)
    size = [int(rng.integers(1, n + 1)) for n in x.shape]
    begin = [int(rng.integers(0, n - s + 1)) for n, s in zip(x.shape, size, strict=True)]
    kind = rng.choice(["int32", "int64"])
    inputs = [(x, False), (np.array(begin, kind), False), (np.array(size, kind), True)]
    return mover("SLICE", inputs, [size])


def one_index(rng: np.random.Generator, dtype: str) -> Case:
    """x[:, i] and x[i], the index counted from either end."""
    x = values(rng, random_shape(rng, 1, 4, 5), dtype)
    shrinks = [bool(rng.random() < 0.6) for _ in x.shape]
    shrinks[int(rng.integers(0, x.ndim))] = True
    last = max(d for d, shrink in enumerate(shrinks) if shrink) + 1
    begin = [int(rng.integers(-n, n)) for n in x.shape[:last]]
    end = [b + 1 for b in begin]
    masks = sum(1 << d for d in range(last) if not shrinks[d])
    made = [n for n, shrink in zip(x.shape, shrinks, strict=True) if not shrink]
    inputs = [
        (x, False),
        (np.array(begin, np.int32), False),
        (np.array(end, np.int32), bool(rng.random() < 0.5)),
        (np.ones(last, np.int32), True),
    ]
    return mover(
        "STRIDED_SLICE",
        inputs,
        [made],
        begin_mask=masks,
        end_mask=masks,
        shrink_axis_mask=sum(1 << d for d in range(last) if shrinks[d]),
    )


@pytest.mark.parametrize("make", [box, one_index])
def test_random(make, case_count: int) -> None:
    rng = np.random.default_rng(2)
    check([make(rng, DTYPES[n % len(DTYPES)]) for n in range(case_count // 2)])


def test_a_gather_never_reads_outside() -> None:
    x = np.arange(5, dtype=np.int32) * 10
    places = np.array(FAR, np.int32)
    ((answer,),) = run_cases([mover("GATHER", [(x, False), (places, False)], [(8,)], axis=0)])
    assert answer.tolist() == x[np.clip(places, 0, 4)].tolist()


def test_a_gather_with_wide_indices_never_reads_outside() -> None:
    x = np.arange(5, dtype=np.int8)
    places = np.array([-(2**63), -(2**32), 2**32 + 1, 2**63 - 1, 3], np.int64)
    ((answer,),) = run_cases([mover("GATHER", [(x, False), (places, False)], [(5,)], axis=0)])
    assert answer.tolist() == [0, 0, 4, 4, 3]


def test_a_gather_nd_never_reads_outside() -> None:
    x = np.arange(12, dtype=np.int8).reshape(3, 4)
    places = np.array([[a, b] for a in FAR for b in FAR], np.int32)
    ((answer,),) = run_cases([mover("GATHER_ND", [(x, False), (places, False)], [(64,)])])
    assert answer.tolist() == x[places[:, 0].clip(0, 2), places[:, 1].clip(0, 3)].tolist()


def test_a_slice_is_moved_inside() -> None:
    x = np.arange(12, dtype=np.int16).reshape(3, 4)
    size = (np.array([2, 2], np.int32), True)
    for row in FAR:
        inputs = [(x, False), (np.array([row, 1], np.int32), False), size]
        ((answer,),) = run_cases([mover("SLICE", inputs, [(2, 2)])])
        top = min(max(row, 0), 1)
        assert answer.tolist() == x[top : top + 2, 1:3].tolist()


def test_a_slice_whose_shape_would_be_computed_is_refused() -> None:
    x = np.zeros((4, 4), np.float32)
    places = [(np.array([0, 0], np.int32), False) for _ in range(2)]
    case = mover("STRIDED_SLICE", [(x, False), *places, (np.ones(2, np.int32), True)], [(2, 2)])
    with pytest.raises(ModelError) as caught:
        read_model(case.model)
    assert str(caught.value) == (
        "op 0 STRIDED_SLICE 't4': begins where tensor 1 't1' int32[2] says, which the model "
        "computes; supported so: each dimension either one index (x[i]) or whole (x[:]). Slice "
        "with constants instead."
    )


@pytest.mark.parametrize("computed", [True, False])
@pytest.mark.parametrize("stride", [-1, -3])
def test_an_index_taken_backwards_is_refused(computed: bool, stride: int) -> None:
    """LiteRT keeps the elements from i to i + 1: backwards, that is none."""
    x = np.arange(12, dtype=np.int8).reshape(3, 4)
    inputs = [
        (x, False),
        (np.array([1, 0], np.int32), not computed),
        (np.array([2, 0], np.int32), True),
        (np.array([stride, 1], np.int32), True),
    ]
    masks = {"begin_mask": 2, "end_mask": 2, "shrink_axis_mask": 1}
    with pytest.raises(ModelError) as caught:
        read_model(mover("STRIDED_SLICE", inputs, [(4,)], **masks).model)
    assert f"takes one index (x[i]) by a stride of {stride}; it must be 1 or more" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("kind", "places", "words"),
    [
        ("GATHER", [0, 5], "holds 0 to 5; they must lie in 0 to 4"),
        ("GATHER", [-1, 2], "holds -1 to 2; they must lie in 0 to 4"),
        ("GATHER_ND", [[5]], "holds 5 to 5 for dimension 0; they must lie in 0 to 4"),
    ],
)
def test_constant_indices_outside_are_refused(kind: str, places: list, words: str) -> None:
    x = np.zeros(5, np.float32)
    array = np.array(places, np.int32)
    options = {"axis": 0} if kind == "GATHER" else {}
    made = array.shape[:1]
    with pytest.raises(ModelError) as caught:
        read_model(mover(kind, [(x, False), (array, True)], [made], **options).model)
    assert words in str(caught.value)


def test_a_computed_shape_is_the_one_in_the_file() -> None:
    x = np.arange(6, dtype=np.int8).reshape(2, 3)
    case = mover("RESHAPE", [(x, False), (np.array([3, 2], np.int32), False)], [(3, 2)])
    check([case])
