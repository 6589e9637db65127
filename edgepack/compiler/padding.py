"""Folds PAD and PADV2 into the windows behind them, which then pad by themselves."""

from __future__ import annotations

import dataclasses

from edgepack.compiler.operators.checks import window_padding
from edgepack.compiler.rewrite import consumers, with_operators
from edgepack.graph import DType, Graph, Operator

Padding = tuple[int, int, int, int]  # top, bottom, left, right
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})


def fold_padding(graph: Graph) -> Graph:
    """Each PAD whose readers are all windows that pad with the very value it writes is gone.

    The windows' option `padding` then holds four numbers: top, bottom, left, right.
    """
    uses = consumers(graph)
    for pad in graph.operators:
        if pad.kind not in ("PAD", "PADV2"):
            continue
        source, padded = pad.inputs[0], pad.outputs[0]
        paddings = _spatial_paddings(pad, graph)
        readers = uses.get(padded, [])
        if paddings is None or padded in graph.outputs or not readers:
            continue
        if not all(_accepts(reader, pad, paddings, graph) for reader in readers):
            continue
        folded = {
            id(reader): dataclasses.replace(
                reader,
                inputs=(source, *reader.inputs[1:]),
                options={**reader.options, "padding": _total(reader, paddings, graph)},
            )
            for reader in readers
        }
        kept = [op for op in graph.operators if op is not pad]
        return fold_padding(with_operators(graph, [folded.get(id(op), op) for op in kept]))
    return graph


def _spatial_paddings(pad: Operator, graph: Graph) -> Padding | None:
    """What a PAD adds to height and width; None where it pads anything else."""
    x, y, amounts = (graph.tensor(i) for i in (pad.inputs[0], pad.outputs[0], pad.inputs[1]))
    if len(x.shape) != 4 or amounts.data is None or x.data is not None:
        return None
    if x.dtype is not y.dtype or x.quantization != y.quantization:
        return None
    rows = [(int(low), int(high)) for low, high in amounts.array().reshape(4, 2)]
    if rows[0] != (0, 0) or rows[3] != (0, 0):
        return None
    return (*rows[1], *rows[2])


def _value(pad: Operator, graph: Graph) -> float:
    """The stored value that a PAD writes."""
    if pad.kind == "PADV2":
        return float(graph.tensor(pad.inputs[2]).array().ravel()[0])
    return float(graph.tensor(pad.outputs[0]).zero_point)


def _accepts(reader: Operator, pad: Operator, paddings: Padding, graph: Graph) -> bool:
    padded = graph.tensor(pad.outputs[0])
    if reader.inputs[0] != padded.index or padded.index in reader.inputs[1:]:
        return False
    if reader.kind in _CONVOLUTIONS:
        if padded.dtype not in (DType.INT8, DType.INT16, DType.FLOAT32):
            return False
        return _value(pad, graph) == padded.zero_point
    if reader.kind == "MAX_POOL_2D" and padded.dtype is DType.INT8:
        # Padding at the least value never wins, as long as each window has a value of its own.
        height, width = reader.option("filter_height"), reader.option("filter_width")
        inside = max(paddings[:2]) < height and max(paddings[2:]) < width
        return _value(pad, graph) == -128 and inside and reader.option("padding") == "VALID"
    return False


def _total(reader: Operator, paddings: Padding, graph: Graph) -> Padding:
    """The window's own padding on top of the PAD's."""
    padding = reader.option("padding")
    if isinstance(padding, tuple):
        own: tuple[int, ...] = padding
    else:
        own = (*_own(reader, graph, 0, padding), *_own(reader, graph, 1, padding))
    top, bottom, left, right = (a + b for a, b in zip(own, paddings, strict=True))
    return (top, bottom, left, right)


def _own(reader: Operator, graph: Graph, side: int, padding: str) -> tuple[int, int]:
    if padding == "VALID":
        return (0, 0)
    size = graph.tensor(reader.inputs[0]).shape[1 + side]
    kernel = graph.tensor(reader.inputs[1]).shape[1 + side]
    suffix = "hw"[side]
    stride = reader.option(f"stride_{suffix}")
    return window_padding(size, kernel, stride, reader.option(f"dilation_{suffix}_factor"), padding)
