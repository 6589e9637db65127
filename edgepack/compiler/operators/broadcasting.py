"""Nested loops over tensors that broadcast, and the steps of kernels that run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgepack.compiler.operators import calls, checks
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Argument, FieldValue, Params, Step

RANK = 6  # of the loops: EP_BROADCAST_RANK, EP_SELECT_RANK
Fields = tuple[tuple[str, FieldValue], ...]


@dataclass(frozen=True, slots=True)
class NestedLoops:
    """Loops over the output, outermost first: sizes, and for each operand its steps."""

    sizes: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]

    @property
    def plain(self) -> bool:
        """Whether every operand is walked from end to end in one loop."""
        return all(steps == (1,) for steps in self.steps)


def nested_loops(*shapes: Sequence[int]) -> NestedLoops:
    """The fewest loops that walk these shapes broadcast against one another; one at least."""
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    dense = [1] * len(shapes)
    loops: list[tuple[int, tuple[int, ...]]] = []  # innermost first
    for axis in reversed(range(rank)):
        extents = [shape[axis] for shape in padded]
        size = max(extents)
        steps = tuple(s if n > 1 else 0 for s, n in zip(dense, extents, strict=True))
        dense = [s * n for s, n in zip(dense, extents, strict=True)]
        if size == 1:
            continue
        if loops and steps == tuple(s * loops[-1][0] for s in loops[-1][1]):
            loops[-1] = (loops[-1][0] * size, loops[-1][1])
        else:
            loops.append((size, steps))
    loops = loops or [(1, (1,) * len(shapes))]
    sizes = tuple(size for size, _ in reversed(loops))
    columns = zip(*(steps for _, steps in reversed(loops)), strict=True)
    return NestedLoops(sizes, tuple(columns))


def loop_fields(loops: NestedLoops, names: str) -> Fields:
    """The fields of `ep_broadcast_t` (names "ab") or `ep_select_t` ("cab")."""
    outer = RANK - len(loops.sizes)
    fields: list[tuple[str, FieldValue]] = [("sizes", (1,) * outer + loops.sizes)]
    for name, steps in zip(names, loops.steps, strict=True):
        fields.append((f"steps_{name}", (0,) * outer + steps))
    return tuple(fields)


def require_loops(op: Operator, graph: Graph, *shapes: Sequence[int]) -> None:
    """Refuse a broadcast that takes more than RANK nested loops."""
    count = len(nested_loops(*shapes).sizes)
    checks.require(
        count <= RANK,
        op,
        graph,
        f"its broadcast takes {count} nested loops; {RANK} is the limit. "
        "Reshape its inputs in the model.",
    )


def check_operands(op: Operator, graph: Graph, types: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Both operands: of one of these types, the same, that broadcast to the output's shape."""
    a, b = (checks.input_tensor(op, graph, place) for place in (0, 1))
    checks.require_type(op, graph, a, types)
    checks.require_same_type(op, graph, a, b)
    shape = checks.broadcast_shape(op, graph, a, b)
    checks.require_shape(op, graph, checks.output_tensor(op, graph), shape)
    require_loops(op, graph, a.shape, b.shape)
    return a, b


def broadcast_step(
    op: Operator,
    graph: Graph,
    kernel: str,
    source: str,
    operands: tuple[Tensor, Tensor],
    params: Params | None = None,
) -> Step:
    """The step of `kernel(params, loops, a, b, y)`; in place where the sizes of elements agree."""
    a, b = operands
    output = checks.output_tensor(op, graph)
    loops = Params("ep_broadcast_t", loop_fields(nested_loops(a.shape, b.shape), "ab"))
    head: tuple[Argument, ...] = (loops,) if params is None else (params, loops)
    inputs = calls.in_ram(a, b)
    return Step(
        operator=op.index,
        kernel=kernel,
        source=source,
        arguments=(*head, *calls.refs(a, b, output)),
        inputs=inputs,
        outputs=op.outputs,
        overlaps=calls.overlaps_in_place(graph, inputs, output),
    )
