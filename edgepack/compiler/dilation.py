"""Folds SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND into one dilated convolution.

TensorFlow computes a dilated convolution by taking the image apart, so that neighbours in each
part lie a block apart in the image; a converter that does not see through it leaves all three.
A convolution along a line has a change of shape on either side of it besides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepack.compiler.operators.blocks import batch_block, batch_ends
from edgepack.compiler.operators.joins import SAME_BYTES
from edgepack.compiler.rewrite import consumers, single_consumer, with_operators
from edgepack.graph import DType, Graph, Operator, Tensor

_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
Uses = Mapping[int, list[Operator]]


@dataclass(frozen=True, slots=True)
class _Chain:
    """The operators in their order; the views are there where the image is a line."""

    apart: Operator
    conv: Operator
    together: Operator
    views: tuple[Operator, ...]  # none, or before and behind the convolution
    side: int  # the image's dimension (0 height, 1 width) that the line is; 0 without views


def fold_dilation(graph: Graph) -> Graph:
    """Each such chain as one convolution, whose option `padding` holds four numbers.

    The same products are added in the same order, so every output keeps its bits: what is padded
    is the zero point, which adds nothing.
    """
    uses = consumers(graph)
    for apart in graph.operators:
        chain = _chain(apart, graph, uses)
        folded = _folded(chain, graph) if chain else None
        if folded is not None:
            return fold_dilation(folded)
    return graph


def _chain(apart: Operator, graph: Graph, uses: Uses) -> _Chain | None:
    if apart.kind != "SPACE_TO_BATCH_ND":
        return None
    found = [apart]
    while found[-1].kind != "BATCH_TO_SPACE_ND":
        output = found[-1].outputs[0]
        if len(found) > 4 or not single_consumer(graph, uses, output):
            return None
        (reader,) = uses[output]
        if reader.inputs[0] != output:
            return None
        found.append(reader)
    kinds = [op.kind for op in found]
    if len(found) == 3 and kinds[1] in _CONVOLUTIONS:
        return _Chain(apart, found[1], found[2], (), 0)
    if len(found) == 5 and kinds[2] in _CONVOLUTIONS and {kinds[1], kinds[3]} <= SAME_BYTES:
        line, image = (graph.tensor(op.outputs[0]).shape for op in found[:2])
        for side in (0, 1):
            if len(line) == 3 and image == _image(line, side):
                return _Chain(apart, found[2], found[4], (found[1], found[3]), side)
    return None


def _image(line: tuple[int, ...], side: int) -> tuple[int, ...]:
    n, length, channels = line
    return (n, 1, length, channels) if side else (n, length, 1, channels)


def _folded(chain: _Chain, graph: Graph) -> Graph | None:
    apart, conv, together = chain.apart, chain.conv, chain.together
    x, y = graph.tensor(apart.inputs[0]), graph.tensor(together.outputs[0])
    same = [(x, graph.tensor(apart.outputs[0])), (graph.tensor(conv.outputs[0]), y)]
    if x.dtype not in (DType.INT8, DType.FLOAT32):
        return None
    if any(a.quantization != b.quantization for a, b in same) or _strides_or_pads(conv):
        return None
    shapes = [t.shape if not chain.views else _image(t.shape, chain.side) for t in (x, y)]
    block = _turned(batch_block(apart, graph), chain.side)
    ends = [_turned(batch_ends(op, graph), chain.side) for op in (apart, together)]
    if len(shapes[0]) != 4 or batch_block(together, graph) != batch_block(apart, graph):
        return None
    kernel = graph.tensor(conv.inputs[1]).shape[1:3]
    padding: list[int] = []
    for side in (0, 1):
        before = ends[0][side][0] - ends[1][side][0]
        reach = shapes[1][1 + side] + (kernel[side] - 1) * block[side]
        padding += [before, reach - before - shapes[0][1 + side]]
    if min(padding) < 0:
        return None
    options = {
        **conv.options,
        "padding": tuple(padding),
        "dilation_h_factor": block[0],
        "dilation_w_factor": block[1],
    }
    return _with_chain(chain, dataclasses.replace(conv, options=options), shapes, graph)


def _strides_or_pads(conv: Operator) -> bool:
    plain = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    return conv.option("padding") != "VALID" or any(conv.option(name) != 1 for name in plain)


def _turned(pair: tuple[Any, Any], side: int) -> tuple[Any, Any]:
    """What `batch_block` and `batch_ends` say of a line stands first: put it to its side."""
    return (pair[1], pair[0]) if side else pair


def _with_chain(
    chain: _Chain, conv: Operator, shapes: list[tuple[int, ...]], graph: Graph
) -> Graph:
    source, target = chain.apart.inputs[0], chain.together.outputs[0]
    tensors = list(graph.tensors)
    new: dict[int, Operator] = {}
    if chain.views:
        before, behind = chain.views
        for view, end, shape in ((before, before.outputs[0], shapes[0]),
                                 (behind, behind.inputs[0], shapes[1])):  # fmt: skip
            tensors[end] = _shaped(tensors[end], shape)
            ends = (source, end) if view is before else (end, target)
            options = {"new_shape": tensors[ends[1]].shape}
            new[id(view)] = Operator(view.index, "RESHAPE", ends[:1], ends[1:], options)
        new[id(chain.conv)] = conv
    else:
        inputs = (source, *conv.inputs[1:])
        new[id(chain.conv)] = dataclasses.replace(conv, inputs=inputs, outputs=(target,))
    gone = (id(chain.apart), id(chain.together))
    kept = [new.get(id(op), op) for op in graph.operators if id(op) not in gone]
    return with_operators(dataclasses.replace(graph, tensors=tuple(tensors)), kept)


def _shaped(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    return dataclasses.replace(tensor, shape=shape)
