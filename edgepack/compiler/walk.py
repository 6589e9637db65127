"""The order in which a kernel walks over a tensor: as few dimensions as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from edgepack.program import FieldValue

RANK = 5  # EP_WALK_RANK of ep_words.h


@dataclass(frozen=True, slots=True)
class Walk:
    """Elements at start + sum of index * stride; dimensions from the innermost outwards."""

    start: int
    counts: tuple[int, ...]  # at least one; the first is the row's
    strides: tuple[int, ...]

    @property
    def contiguous(self) -> bool:
        """Whether the elements are one run in order."""
        return len(self.counts) == 1 and (self.strides[0] == 1 or self.counts[0] == 1)


def row_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Elements from one index to the next along each dimension of a dense tensor."""
    return tuple(accumulate(reversed((*shape[1:], 1)), mul))[::-1] if shape else ()


def make_walk(start: int, shape: Sequence[int], strides: Sequence[int]) -> Walk:
    """A walk in the order of `shape` (outermost first), dimensions dropped and merged."""
    counts: list[int] = []
    steps: list[int] = []
    for count, stride in zip(reversed(shape), reversed(strides), strict=True):
        if count == 1:
            continue
        if counts and stride == counts[-1] * steps[-1]:
            counts[-1] *= count
        else:
            counts.append(count)
            steps.append(stride)
    if not counts:
        counts, steps = [1], [1]
    return Walk(start, tuple(counts), tuple(steps))


def broadcast_walk(shape: Sequence[int], operand: Sequence[int]) -> Walk:
    """The walk over an operand of shape `operand` for each element of `shape`, in order."""
    padded = (1,) * (len(shape) - len(operand)) + tuple(operand)
    dense = row_strides(padded)
    strides = [0 if size == 1 else stride for size, stride in zip(padded, dense, strict=True)]
    return make_walk(0, shape, strides)


def walk_fields(walk: Walk, prefix: str = "") -> tuple[tuple[str, FieldValue], ...]:
    """The fields of `ep_walk_t`."""
    counts, strides = walk.counts[1:], walk.strides[1:]
    assert len(counts) <= RANK
    steps = []
    back = 0  # from the first row to the last along the dimensions further in
    for count, stride in zip(counts, strides, strict=True):
        steps.append(stride - back)
        back += (count - 1) * stride
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("start", walk.start),
        ("inner", walk.counts[0]),
        ("inner_step", walk.strides[0]),
        ("rank", len(counts)),
        ("count", counts or (0,)),
        ("step", tuple(steps) or (0,)),
    )
    return tuple((prefix + name, value) for name, value in fields)
