"""What rows make calls of kernels from: names of types, pointers, inputs in RAM, overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Argument, Lowered, Overlap, Step, TensorRef

SUFFIX: Mapping[DType, str] = {
    DType.BOOL: "bool",
    DType.INT8: "s8",
    DType.UINT8: "u8",
    DType.INT16: "s16",
    DType.UINT16: "u16",
    DType.INT32: "s32",
    DType.UINT32: "u32",
    DType.INT64: "s64",
    DType.FLOAT16: "f16",
    DType.FLOAT32: "f32",
}
"""How the names of kernels end that read elements of these types."""


def refs(*tensors: Tensor) -> tuple[TensorRef, ...]:
    """Pointers to these tensors."""
    return tuple(TensorRef(tensor.index) for tensor in tensors)


def in_ram(*tensors: Tensor) -> tuple[int, ...]:
    """The numbers of those tensors that are no constants, each once."""
    return tuple(dict.fromkeys(t.index for t in tensors if t.data is None))


def overlaps_in_place(graph: Graph, inputs: Sequence[int], output: Tensor) -> tuple[Overlap, ...]:
    """The inputs that the output may lie over: of its shape and its elements' size."""
    return tuple(
        Overlap(index, output.index)
        for index in inputs
        if graph.tensor(index).shape == output.shape
        and graph.tensor(index).dtype.bytes == output.dtype.bytes
    )


def layer(
    op: Operator,
    kernel: str,
    arguments: tuple[Argument, ...],
    macs: int,
    lead: int | None = None,
) -> Lowered:
    """One call that makes the output of input 0, which it may run over with a lead of bytes."""
    x, y = op.inputs[0], op.outputs[0]
    overlaps = () if lead is None else (Overlap(x, y, lead),)
    step = Step(op.index, kernel, kernel, arguments, (x,), (y,), overlaps, macs=macs)
    return Lowered((step,))
