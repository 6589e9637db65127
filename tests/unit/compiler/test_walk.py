from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgepack.compiler.walk import broadcast_walk, make_walk, row_strides, walk_fields


def walked(fields: dict[str, object]) -> list[int]:
    """The places that ep_walk_next and its callers visit."""
    rank, counts, steps = fields["rank"], fields["count"], fields["step"]
    index, place, places = [0] * 5, fields["start"], []
    while True:
        places += [place + i * fields["inner_step"] for i in range(fields["inner"])]
        moved = 0
        while moved < rank:
            index[moved] += 1
            if index[moved] < counts[moved]:
                break
            index[moved] = 0
            moved += 1
        if moved == rank:
            return places
        place += steps[moved]


@given(st.data())
def test_visits_what_numpy_does(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    order = data.draw(st.permutations(range(len(shape))))
    places = np.arange(np.prod(shape)).reshape(shape)
    strides = row_strides(shape)
    walk = make_walk(0, [shape[a] for a in order], [strides[a] for a in order])
    assert walked(dict(walk_fields(walk))) == places.transpose(order).ravel().tolist()
    assert walk.contiguous == (places.transpose(order).ravel().tolist() == places.ravel().tolist())


@given(st.data())
def test_broadcasts_as_numpy_does(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    keep = data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    operand = [n if k else 1 for n, k in zip(shape, keep, strict=True)]
    places = np.broadcast_to(np.arange(np.prod(operand)).reshape(operand), shape)
    walk = broadcast_walk(shape, operand)
    assert walked(dict(walk_fields(walk))) == places.ravel().tolist()


def test_merges_what_lies_together() -> None:
    walk = make_walk(0, (1, 8, 4, 3), (96, 12, 3, 1))
    assert (walk.counts, walk.strides) == ((96,), (1,))
    walk = broadcast_walk((1, 8, 4, 3), (3,))
    assert (walk.counts, walk.strides) == ((3, 32), (1, 0))


def test_fields_take_a_prefix() -> None:
    names = [name for name, _ in walk_fields(make_walk(5, (2,), (3,)), "alpha.")]
    assert names[:3] == ["alpha.start", "alpha.inner", "alpha.inner_step"]
