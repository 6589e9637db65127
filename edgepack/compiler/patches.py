"""Layers by patches of rows: fewer bytes at a time, the same bits.

A rewrite of the graph. The operators between two cuts run once a patch, each on the rows that the
patch's rows behind the second cut need; what is behind it reads the patches as one tensor. Rows
that two patches need are kept from one to the next, or made again, which takes less memory and more
MACs. Where the input is streamed, each patch begins when its rows have come.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgepack.compiler.operators.checks import window_padding
from edgepack.compiler.rewrite import consumers
from edgepack.graph import DType, Graph, Operator, OptionValue, Tensor
from edgepack.program import Chunk, Patching

HELPER = -1  # the index of an operator that stands for none of the file's
WINDOWS = {
    "CONV_2D": None,
    "DEPTHWISE_CONV_2D": None,
    "MAX_POOL_2D": "filter_height",
    "AVERAGE_POOL_2D": "filter_height",
}
UNARY = ("RELU", "RELU6", "RELU_N1_TO_1", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "TANH")
POINTWISE = frozenset(
    (*UNARY, "QUANTIZE", "DEQUANTIZE", "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU")
)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Which rows of its input an operator's rows need."""

    stride: int
    before: int  # rows of padding above
    rows: int  # of a window
    size: int  # rows of the input

    def first(self, row: int) -> int:
        return min(self.size, max(0, row * self.stride - self.before))

    def end(self, rows: int) -> int:
        """One behind the last row that the first `rows` rows need."""
        return min(self.size, max(0, (rows - 1) * self.stride - self.before + self.rows))

    def padding(self, first: int, end: int) -> tuple[int, int]:
        """Rows of padding above and below the input of the rows from `first` to `end`."""
        top, bottom = first * self.stride - self.before, (end - 1) * self.stride - self.before
        return max(0, -top), max(0, bottom + self.rows - self.size)


def cuts(graph: Graph) -> list[int]:
    """How many operators may lie before a cut: there, one tensor leads on and nothing else."""
    if len(graph.inputs) != 1:
        return []
    made, found = {graph.inputs[0]}, []
    for number, source in enumerate(_sources(graph)):
        made.add(source)
        later = {tensor for other in graph.operators[number:] for tensor in other.inputs}
        if made & (later | set(graph.outputs)) == {source}:
            found.append(number)
    return found


def regions(graph: Graph) -> list[tuple[int, int]]:
    """Places of operators, start and end, between which patches are possible."""
    ends = cuts(graph)
    sources = _sources(graph)
    splits = [_splits(operator, graph) for operator in graph.operators]
    return [
        (start, end)
        for start in ends
        for end in ends
        if start < end
        and all(splits[start:end])
        and len(graph.tensor(sources[start]).shape) == 4
        and graph.tensor(sources[end]).shape[1] > 1
    ]


def _sources(graph: Graph) -> list[int]:
    """What the operator at each place continues from, were there a cut before it."""
    return [*graph.inputs, *(t for operator in graph.operators for t in operator.outputs[:1])]


def split(graph: Graph, patching: Patching, *, stream: bool = False) -> tuple[Graph, list[Chunk]]:
    """The graph with operators by patches, and the input's parts where it is streamed.

    A chunk's step is not known before the graph is lowered.
    """
    region = _Region(graph, patching, stream)
    for patch in range(patching.patches):
        region.add(patch)
    return region.graph(), region.chunks


def live_bytes(graph: Graph, patching: Patching, *, stream: bool = False) -> int:
    """About how many bytes the tensors of the region take at the most, rows kept.

    It grants each operator that its new rows lie over those it reads for the last time.
    """
    region = _Region(graph, patching, stream)
    source, cut = region.order[0], region.cut
    row_bytes = {t: graph.tensor(t).bytes // graph.tensor(t).shape[1] for t in region.order}
    region.done[source] = 0 if stream else graph.tensor(source).shape[1]
    peak = 0
    for patch in range(patching.patches):
        goals = region.goals(patch)
        region.done[source] = goals[source]
        for tensor in region.order:
            region.done[tensor] = goals[tensor]
            lows = {t: 0 if t == cut else region.needed(t) for t in region.order}
            live = sum(max(0, region.done[t] - lows[t]) * row_bytes[t] for t in region.order)
            peak = max(peak, live)
    return peak


def _splits(operator: Operator, graph: Graph) -> bool:
    """Whether rows of the operator's output depend on some rows of its inputs alone."""
    if not operator.outputs:
        return False
    y = graph.tensor(operator.outputs[0])
    if len(y.shape) != 4 or y.shape[0] != 1 or len(operator.outputs) != 1:
        return False
    sources = [graph.tensor(i) for i in operator.inputs if i >= 0]
    if operator.kind in WINDOWS:
        return len(sources[0].shape) == 4 and sources[0].data is None
    if operator.kind not in POINTWISE:
        return False
    return all(
        tensor.shape == y.shape if tensor.data is None else ((1, 1, *tensor.shape)[-3] == 1)
        for tensor in sources
    )


def reach(operator: Operator, graph: Graph) -> _Reach:
    """The reach of an operator that splits."""
    size = graph.tensor(operator.inputs[0]).shape[1]
    if operator.kind not in WINDOWS:
        return _Reach(1, 0, 1, graph.tensor(operator.outputs[0]).shape[1])
    option = WINDOWS[operator.kind]
    taps = operator.option(option) if option else graph.tensor(operator.inputs[1]).shape[1]
    stride, dilation = operator.option("stride_h"), _dilation(operator, "h")
    above = _own_padding(operator, size, taps, "h")[0]
    return _Reach(stride, above, (taps - 1) * dilation + 1, size)


def _own_padding(operator: Operator, size: int, taps: int, side: str) -> tuple[int, int]:
    padding = operator.option("padding")
    if isinstance(padding, tuple):
        return padding[:2] if side == "h" else padding[2:]
    stride = operator.option(f"stride_{side}")
    return window_padding(size, taps, stride, _dilation(operator, side), padding)


def _dilation(operator: Operator, side: str) -> int:
    name = f"dilation_{side}_factor"
    return int(operator.option(name)) if name in operator.options else 1


@dataclass(slots=True)
class _Rows:
    """Rows of a tensor that lie in memory: `tensor` holds those from `first` to `end`."""

    tensor: int
    first: int
    end: int


@dataclass
class _Region:
    """The patches of a region of a graph, one added after the other."""

    source: Graph
    patching: Patching
    stream: bool
    operators: list[Operator] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    def __post_init__(self) -> None:
        graph, start, end = self.source, self.patching.start, self.patching.end
        self.tensors = list(graph.tensors)
        self.region = graph.operators[start:end]
        self.cut = self.region[-1].outputs[0]
        self.reaches = {op.outputs[0]: reach(op, graph) for op in self.region}
        inside = dataclasses.replace(graph, operators=self.region)
        self.readers = {
            tensor: {op.outputs[0]: op for op in ops} for tensor, ops in consumers(inside).items()
        }
        whole = _sources(graph)[start]
        self.order = (whole, *(op.outputs[0] for op in self.region))
        self.done = dict.fromkeys(self.order, 0)  # rows that were made, from the first on
        self.held: dict[int, _Rows] = {}
        if not self.stream:
            self.held[whole] = _Rows(whole, 0, graph.tensor(whole).shape[1])
        self.parts: list[int] = []

    def goals(self, patch: int) -> dict[int, int]:
        """How many rows of each tensor there are behind a patch."""
        rows = self.source.tensor(self.cut).shape[1]
        goals = {self.cut: rows * (patch + 1) // self.patching.patches}
        for tensor in reversed(self.order[:-1]):
            ends = [self.reaches[t].end(goals[t]) for t in self.readers[tensor] if goals[t] > 0]
            goals[tensor] = max([self.done[tensor], *ends])
        return goals

    def needed(self, tensor: int) -> int:
        """The first row that is needed after what was done."""
        return min(self.reaches[t].first(self.done[t]) for t in self.readers[tensor])

    def add(self, patch: int) -> None:
        """The operators of one patch."""
        goals = self.goals(patch)
        starts = self._starts(goals)
        if self.stream:
            self._receive(goals, starts)
        for operator in self.region:
            target = operator.outputs[0]
            if goals[target] > starts[target]:
                made = self._made(operator, starts[target], goals[target])
                self._hold(target, _Rows(made, starts[target], goals[target]))
        self.done = goals

    def _starts(self, goals: Mapping[int, int]) -> dict[int, int]:
        """The first row to be made of each tensor."""
        if self.patching.halo == "keep":
            return dict(self.done)
        starts = {self.cut: self.done[self.cut]}
        for tensor in reversed(self.order[:-1]):
            readers = [t for t in self.readers[tensor] if goals[t] > starts[t]]
            firsts = [self.reaches[t].first(starts[t]) for t in readers]
            starts[tensor] = min(firsts, default=goals[tensor])
        return {**starts, self.order[0]: self.done[self.order[0]]}

    def _receive(self, goals: Mapping[int, int], starts: Mapping[int, int]) -> None:
        """The rows of the input that come before the patch, behind those that it reads again."""
        whole = self.order[0]
        first, goal = self.done[whole], goals[whole]
        if goal <= first:
            return
        made = self._tensor(whole, goal - first, f"rows_{first}")
        self.chunks.append(Chunk(made, first, goal - first))
        self._join_held(whole, _Rows(made, first, goal), self._read_again(goals, starts))

    def _read_again(self, goals: Mapping[int, int], starts: Mapping[int, int]) -> int:
        """The first row of the streamed input that this patch or one behind it reads."""
        whole = self.order[0]
        readers = self.readers[whole]
        if self.patching.halo == "keep":
            return self.needed(whole)
        if all(goals[t] > starts[t] for t in readers):
            return min(self.reaches[t].first(starts[t]) for t in readers)
        return self.held[whole].first if whole in self.held else 0

    def _hold(self, tensor: int, new: _Rows) -> None:
        """New rows of a tensor, behind those that are still needed."""
        if tensor == self.cut:
            self.parts.append(new.tensor)
        elif tensor in self.held and self.patching.halo == "keep":
            self._join_held(tensor, new, self.needed(tensor))
        else:
            self.held[tensor] = new

    def _join_held(self, tensor: int, new: _Rows, first: int) -> None:
        """Hold new rows together with those held from `first` on."""
        old = self.held.get(tensor)
        if old is not None and first < old.end == new.first:
            kept = self._cut_out(old, first, old.end)
            new = _Rows(self._join(tensor, [kept, new.tensor], new.end - first), first, new.end)
        self.held[tensor] = new

    def _made(self, operator: Operator, first: int, end: int) -> int:
        """A tensor with those rows of the operator's output."""
        target = operator.outputs[0]
        needs = self.reaches[target]
        inputs = [
            self._cut_out(self.held[t], needs.first(first), needs.end(end)) if t in self.held else t
            for t in operator.inputs
        ]
        options = dict(operator.options)
        if operator.kind in WINDOWS:
            options["padding"] = (*needs.padding(first, end), *self._sides(operator))
        made = self._tensor(target, end - first, f"rows_{first}")
        self.operators.append(
            dataclasses.replace(operator, inputs=tuple(inputs), outputs=(made,), options=options)
        )
        return made

    def _sides(self, operator: Operator) -> tuple[int, int]:
        """Padding on the left and on the right."""
        width = self.source.tensor(operator.inputs[0]).shape[2]
        taps = (
            operator.option("filter_width")
            if WINDOWS[operator.kind]
            else self.source.tensor(operator.inputs[1]).shape[2]
        )
        return _own_padding(operator, width, taps, "w")

    def _cut_out(self, rows: _Rows, first: int, end: int) -> int:
        """A tensor with some of the rows."""
        assert rows.first <= first < end <= rows.end, (first, end, rows)
        if (first, end) == (rows.first, rows.end):
            return rows.tensor
        whole = self.tensors[rows.tensor]
        made = self._tensor(rows.tensor, end - first, f"from_{first}")
        begin, stop = [0, first - rows.first, 0, 0], [*whole.shape]
        stop[1] = end - rows.first
        places = [self._constant(values) for values in (begin, stop, [1, 1, 1, 1])]
        masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
        options: dict[str, OptionValue] = {**dict.fromkeys(masks, 0), "offset": False}
        inputs = (rows.tensor, *places)
        self.operators.append(Operator(HELPER, "STRIDED_SLICE", inputs, (made,), options))
        return made

    def _join(self, tensor: int, parts: Sequence[int], rows: int, name: str = "rows") -> int:
        made = self._tensor(tensor, rows, name)
        self._concatenate(parts, made)
        return made

    def _concatenate(self, parts: Sequence[int], target: int) -> None:
        options: dict[str, OptionValue] = {"axis": 1, "fused_activation_function": "NONE"}
        self.operators.append(Operator(HELPER, "CONCATENATION", tuple(parts), (target,), options))

    def _tensor(self, like: int, rows: int, name: str) -> int:
        """A new tensor of that many rows."""
        old, index = self.tensors[like], len(self.tensors)
        shape = (1, rows, *old.shape[2:])
        new = dataclasses.replace(old, index=index, name=f"{old.name}_{name}", shape=shape)
        self.tensors.append(new)
        return index

    def _constant(self, values: Sequence[int]) -> int:
        index, data = len(self.tensors), np.array(values, "<i4").tobytes()
        self.tensors.append(Tensor(index, "rows", (len(values),), DType.INT32, None, data))
        return index

    def graph(self) -> Graph:
        """The whole graph, the patches put together."""
        self._concatenate(self.parts, self.cut)
        operators, patching = self.source.operators, self.patching
        before, after = operators[: patching.start], operators[patching.end :]
        return dataclasses.replace(
            self.source,
            tensors=tuple(self.tensors),
            operators=(*before, *self.operators, *after),
        )
