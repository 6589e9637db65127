"""A kernel call that copies a tensor, or a part of one."""

from __future__ import annotations

from edgepack.graph import Graph
from edgepack.program import Overlap, Params, Step, TensorRef


def copy_step(operator: int, graph: Graph, source: int, target: int, start: int = 0) -> Step:
    """A step that copies a tensor's bytes from `start` on, in place where the planner likes."""
    in_ram = graph.tensor(source).data is None
    in_place = graph.tensor(source).in_arena and graph.tensor(target).in_arena
    size = graph.tensor(target).bytes
    fields = (
        ("rows", 1),
        ("bytes", size),
        ("x_start", start),
        ("x_pitch", size),
        ("y_start", 0),
        ("y_pitch", size),
    )
    return Step(
        operator=operator,
        kernel="ep_copy",
        source="ep_copy",
        arguments=(Params("ep_copy_t", fields), TensorRef(source), TensorRef(target)),
        inputs=(source,) if in_ram else (),
        outputs=(target,),
        overlaps=(Overlap(source, target),) if in_place else (),
    )
