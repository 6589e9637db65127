"""What a STRIDED_SLICE keeps: masks, negative indices and left-out dimensions resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    require,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.graph import Graph, Operator

_MAX_RANK = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Along each dimension of the input: the first index, how many, and from one to the next."""

    begin: tuple[int, ...]
    count: tuple[int, ...]
    step: tuple[int, ...]
    shape: tuple[int, ...]  # of the output


@dataclass(frozen=True, slots=True)
class _Item:
    """One place of the slice's specification."""

    begin: int | None  # None: from the end that the step comes from
    end: int | None
    step: int
    shrink: bool = False


_ALL = _Item(None, None, 1)


def strided_slice_of(op: Operator, graph: Graph) -> Part:
    """The part of input 0 that the operator keeps.

    Raises ModelError where begin, end and strides are not constants of the same length, a stride
    is 0, one index is taken by a stride below 1, or nothing would be kept.
    """
    x = input_tensor(op, graph, 0)
    items = _items(op, graph, len(x.shape))
    _require_forward(op, graph, [item.step for item in items if item is not None and item.shrink])
    begins, counts, steps, shape = [], [], [], []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            continue
        begin, count = _resolve(item, x.shape[axis], op.option("offset"))
        require(
            count > 0 and 0 <= begin < x.shape[axis],
            op,
            graph,
            f"keeps nothing along dimension {axis} of {tensor_text(x)}; at least 1 must be kept. "
            f"{RECONVERT}.",
        )
        begins.append(begin)
        counts.append(count)
        steps.append(item.step)
        if not item.shrink:
            shape.append(count)
        axis += 1
    return Part(tuple(begins), tuple(counts), tuple(steps), tuple(shape))


@dataclass(frozen=True, slots=True)
class ComputedPart:
    """A box of the input: how many along each dimension, and which begin where it is computed."""

    count: tuple[int, ...]
    computed: int  # bit d: dimension d begins where the model says, else at 0
    shape: tuple[int, ...]  # of the output


def computed_slice_of(op: Operator, graph: Graph) -> ComputedPart:
    """The part of input 0 that begins where the model computes it.

    Raises ModelError unless each dimension either shrinks to one index, by a stride of 1 or more,
    or is kept whole, for only then is the output's shape known.
    """
    x, begins = input_tensor(op, graph, 0), input_tensor(op, graph, 1)
    require_type(op, graph, begins, ("int32", "int64"))
    steps = constant_ints(op, graph, 3)
    places = len(steps)
    require_shape(op, graph, begins, (places,))
    shrinks = op.option("shrink_axis_mask")
    whole = op.option("begin_mask") & op.option("end_mask")
    bits = range(min(places, 31))
    require(
        not op.option("ellipsis_mask")
        and not op.option("new_axis_mask")
        and places <= len(x.shape)
        and all(shrinks >> i & 1 or (whole >> i & 1 and steps[i] == 1) for i in bits),
        op,
        graph,
        f"begins where {tensor_text(begins)} says, which the model computes; supported so: each "
        "dimension either one index (x[i]) or whole (x[:]). Slice with constants instead.",
    )
    _require_forward(op, graph, [steps[i] for i in bits if shrinks >> i & 1])
    computed = [i for i in bits if shrinks >> i & 1 and not op.option("begin_mask") >> i & 1]
    single = [i for i in bits if shrinks >> i & 1]
    count = tuple(1 if i in single else n for i, n in enumerate(x.shape))
    shape = tuple(n for i, n in enumerate(x.shape) if i not in single)
    return ComputedPart(count, sum(1 << i for i in computed), shape)


def _require_forward(op: Operator, graph: Graph, steps: Sequence[int]) -> None:
    """Strides of dimensions that shrink: backwards, the reference writes nothing."""
    require(
        min(steps, default=1) > 0,
        op,
        graph,
        f"takes one index (x[i]) by a stride of {min(steps, default=1)}; it must be 1 or more. "
        f"{RECONVERT}.",
    )


def _items(op: Operator, graph: Graph, rank: int) -> list[_Item | None]:
    """One item a dimension of the input, and None for each new axis, in order."""
    begins, ends, steps = (constant_ints(op, graph, place) for place in (1, 2, 3))
    for place in (1, 2, 3):
        require_shape(op, graph, input_tensor(op, graph, place), (len(begins),))
    masks = {name: op.option(f"{name}_mask") for name in ("ellipsis", "new_axis")}
    require(
        0 not in steps,
        op,
        graph,
        f"steps by {list(steps)}; a step cannot be 0. {RECONVERT}.",
    )
    ellipses = [i for i in range(len(begins)) if masks["ellipsis"] >> i & 1]
    fresh = [i for i in range(len(begins)) if masks["new_axis"] >> i & 1 and i not in ellipses]
    named = len(begins) - len(ellipses) - len(fresh)
    require(
        len(ellipses) <= 1 and named <= rank and rank + len(fresh) <= _MAX_RANK,
        op,
        graph,
        f"slices {named} dimensions, adds {len(fresh)} and has {len(ellipses)} ellipses, on an "
        f"input of {rank}; supported: one ellipsis, {_MAX_RANK} dimensions in all. {RECONVERT}.",
    )
    rest: list[_Item | None] = [_ALL] * (rank - named)
    items: list[_Item | None] = []
    for i in range(len(begins)):
        if i in ellipses:
            items += rest
        elif i in fresh:
            items.append(None)
        else:
            items.append(_item(op, i, begins[i], ends[i], steps[i]))
    return items if ellipses else items + rest


def _item(op: Operator, place: int, begin: int, end: int, step: int) -> _Item:
    def masked(name: str) -> bool:
        return bool(op.option(f"{name}_mask") >> place & 1)

    return _Item(
        None if masked("begin") else begin,
        None if masked("end") else end,
        step,
        masked("shrink_axis"),
    )


def _resolve(item: _Item, size: int, offset: bool) -> tuple[int, int]:
    """The first index and the count along a dimension of `size`."""
    low, high = (0, size) if item.step > 0 else (-1, size - 1)
    begin = item.begin
    if begin is None:
        begin = 0 if item.step > 0 else size - 1
    begin = max(low, min(high, begin + size if begin < 0 else begin))
    if item.shrink:
        return begin, 1
    if item.end is None:
        end = high if item.step > 0 else low
    elif offset:
        end = begin + item.end  # counted from the first index, and never from the back
    else:
        end = item.end + size if item.end < 0 else item.end
    return begin, -((begin - max(low, min(high, end))) // item.step)
