"""What a STRIDED_SLICE keeps: masks, negative indices and left-out dimensions resolved."""

from __future__ import annotations

from dataclasses import dataclass

from edgepack.compiler.operators.checks import (
    RECONVERT,
    constant_ints,
    input_tensor,
    require,
    require_shape,
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
    is 0, or nothing would be kept.
    """
    x = input_tensor(op, graph, 0)
    items = _items(op, graph, len(x.shape))
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
