"""Folds SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND into one dilated convolution.

TensorFlow computes a dilated convolution by taking the image apart, so that neighbours in each
part lie a block apart in the image; a converter that does not see through it leaves all three.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from edgepack.compiler.operators.blocks import batch_block, batch_ends
from edgepack.compiler.rewrite import consumers, single_consumer, with_operators
from edgepack.graph import DType, Graph, Operator

_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
Uses = Mapping[int, list[Operator]]


def fold_dilation(graph: Graph) -> Graph:
    """Each such triple as one convolution, whose option `padding` holds four numbers.

    The same products are added in the same order, so every output keeps its bits: what is padded
    is the zero point, which adds nothing.
    """
    uses = consumers(graph)
    for apart in graph.operators:
        triple = _triple(apart, graph, uses)
        folded = _dilated(*triple, graph) if triple else None
        if triple is None or folded is None:
            continue
        _, conv, together = triple
        kept = [
            folded if op is together else op
            for op in graph.operators
            if op is not apart and op is not conv
        ]
        return fold_dilation(with_operators(graph, kept))
    return graph


def _triple(
    apart: Operator, graph: Graph, uses: Uses
) -> tuple[Operator, Operator, Operator] | None:
    if apart.kind != "SPACE_TO_BATCH_ND" or not single_consumer(graph, uses, apart.outputs[0]):
        return None
    (conv,) = uses[apart.outputs[0]]
    if conv.kind not in _CONVOLUTIONS or conv.inputs[0] != apart.outputs[0]:
        return None
    if not single_consumer(graph, uses, conv.outputs[0]):
        return None
    (together,) = uses[conv.outputs[0]]
    return (apart, conv, together) if together.kind == "BATCH_TO_SPACE_ND" else None


def _dilated(apart: Operator, conv: Operator, together: Operator, graph: Graph) -> Operator | None:
    ends = [(graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])) for op in (apart, together)]
    (x, _), (_, y) = ends
    if len(x.shape) != 4 or x.dtype not in (DType.INT8, DType.FLOAT32):
        return None
    if any(a.quantization != b.quantization for a, b in ends):
        return None
    block = batch_block(apart, graph)
    plain = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    if batch_block(together, graph) != block or conv.option("padding") != "VALID":
        return None
    if any(conv.option(name) != 1 for name in plain):
        return None
    kernel = graph.tensor(conv.inputs[1]).shape[1:3]
    padding = []
    for side, (padded, cropped) in enumerate(
        zip(batch_ends(apart, graph), batch_ends(together, graph), strict=True)
    ):
        before = padded[0] - cropped[0]
        reach = y.shape[1 + side] + (kernel[side] - 1) * block[side]
        behind = reach - before - x.shape[1 + side]
        if before < 0 or behind < 0:
            return None
        padding += [before, behind]
    options = {
        **conv.options,
        "padding": tuple(padding),
        "dilation_h_factor": block[0],
        "dilation_w_factor": block[1],
    }
    inputs = (apart.inputs[0], *conv.inputs[1:])
    return dataclasses.replace(conv, inputs=inputs, outputs=together.outputs, options=options)
