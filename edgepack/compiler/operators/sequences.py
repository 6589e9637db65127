"""How a recurrent layer goes over the steps of its sequence."""

from __future__ import annotations

from dataclasses import dataclass

from edgepack.compiler.operators import checks
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import FieldValue


@dataclass(frozen=True, slots=True)
class Walk:
    """Sequences of vectors, forwards or backwards, and where each step's output goes."""

    batches: int
    steps: int
    time_major: bool = False
    backwards: bool = False
    width: int = 0  # elements of a step of the output tensor; 0: the layer's own outputs
    offset: int = 0  # of the layer's outputs among those

    def fields(self, inputs: int, outputs: int) -> tuple[tuple[str, FieldValue], ...]:
        """The strides and starts of `ep_lstm_t` and `ep_rnn_t`, in elements."""
        widths = {"x": inputs, "y": self.width or outputs}
        starts = {"x": 0, "y": self.offset}
        strides: dict[str, int] = {}
        for name, width in widths.items():
            step = width * self.batches if self.time_major else width
            strides[f"batch_{name}"] = width if self.time_major else width * self.steps
            strides[f"step_{name}"] = -step if self.backwards else step
            strides[f"start_{name}"] = starts[name] + (self.steps - 1) * step * self.backwards
        names = ("batch_x", "batch_y", "step_x", "step_y", "start_x", "start_y")
        return tuple((name, strides[name]) for name in names)


def walk_of(data: Tensor, time_major: bool) -> Walk:
    """Forwards over [batches, steps, n], or [steps, batches, n]; [batches, n] is one step."""
    if len(data.shape) == 2:
        return Walk(data.shape[0], 1)
    first, second = data.shape[:2]
    return Walk(second, first, True) if time_major else Walk(first, second)


def require_joined(op: Operator, graph: Graph, data: Tensor, widths: tuple[int, int]) -> None:
    """A two-way layer has an output of both widths, or two, as its option says."""
    if op.option("merge_outputs"):
        checks.require(
            len(op.outputs) == 1,
            op,
            graph,
            f"it joins its outputs, and has {len(op.outputs)}. {checks.RECONVERT}.",
        )
        wanted = [(*data.shape[:2], sum(widths))]
    else:
        checks.require(
            len(op.outputs) == 2,
            op,
            graph,
            f"it has {len(op.outputs)} outputs; it must have 2, one a direction. "
            f"{checks.RECONVERT}.",
        )
        wanted = [(*data.shape[:2], width) for width in widths]
    for place, shape in enumerate(wanted):
        output = checks.output_tensor(op, graph, place)
        checks.require_same_type(op, graph, data, output)
        checks.require_shape(op, graph, output, shape)


def walks_of(op: Operator, data: Tensor, widths: tuple[int, int]) -> tuple[Walk, Walk]:
    """The ways forwards and backwards of a two-way layer."""
    one = walk_of(data, op.option("time_major"))
    joined = bool(op.option("merge_outputs"))
    width = sum(widths) if joined else 0
    ahead = Walk(one.batches, one.steps, one.time_major, False, width)
    return ahead, Walk(one.batches, one.steps, one.time_major, True, width, widths[0] * joined)
