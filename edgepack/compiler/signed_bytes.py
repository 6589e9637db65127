"""uint8 models (TFLite 1.x) as int8 ones: a byte's sign bit flipped, its zero point 128 less.

The numbers that TFLite computes do not depend on where zero lies, so operators on uint8 become
those on int8, with the same real values in every tensor. What differs stays on uint8: average
pools, which round halves upwards there, and all that this module does not know.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgepack.graph import ABSENT, DType, Graph, Operator, Quantization, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONVERSION = -1  # the index of an operator that no operator of the file stands for
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_MOVES = frozenset(
    {
        *("BROADCAST_TO", "CONCATENATION", "EXPAND_DIMS", "GATHER", "MIRROR_PAD", "PACK", "PAD"),
        *("PADV2", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE", "SPLIT", "SPLIT_V"),
        *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
        "UNPACK",
    }
)  # they copy bytes: all of them must have one quantisation
_COMPUTING = frozenset(
    {
        *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "MAX_POOL_2D", "MEAN"),
        *("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "PRELU", "HARD_SWISH"),
        *("LOGISTIC", "TANH", "SOFTMAX", "QUANTIZE", "DEQUANTIZE"),
    }
)


def signed_bytes(graph: Graph) -> Graph:
    """The graph with int8 in the place of uint8 wherever the operators allow it.

    Tensors keep their numbers; an int8 twin is a new one. Inputs and outputs of the model stay
    uint8, and a QUANTIZE stands between.
    """
    if not any(t.dtype is DType.UINT8 and t.quantization for t in graph.tensors):
        return graph
    rewriting = _Rewriting(list(graph.tensors))
    for operator in graph.operators:
        rewriting.add(operator)
    for index in graph.outputs:
        rewriting.require_unsigned(index)
    return dataclasses.replace(
        graph, tensors=tuple(rewriting.tensors), operators=tuple(rewriting.operators)
    )


class _Rewriting:
    """The tensors and operators so far, and which of both twins of a tensor hold its values."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self.tensors = tensors
        self.operators: list[Operator] = []
        self._twins: dict[int, int] = {}  # uint8 to int8
        self._signed_only: set[int] = set()  # uint8 tensors that nothing has written yet

    def add(self, operator: Operator) -> None:
        """The next operator, on int8 where it allows it."""
        if not _is_movable(operator, self.tensors):
            for index in operator.inputs:
                self.require_unsigned(index)
            self.operators.append(operator)
            return
        weights = operator.inputs[1] if operator.kind in WEIGHTED else ABSENT
        inputs = tuple(
            self._weights(index) if index == weights else self._signed(index)
            for index in operator.inputs
        )
        outputs = tuple(self._signed_output(index) for index in operator.outputs)
        self.operators.append(dataclasses.replace(operator, inputs=inputs, outputs=outputs))

    def require_unsigned(self, index: int) -> None:
        """The uint8 tensor itself holds the values from here on."""
        if index in self._signed_only:
            self._signed_only.discard(index)
            self._convert(self._twins[index], index)

    def _signed(self, index: int) -> int:
        if index == ABSENT or not _is_unsigned(self.tensors[index]):
            return index
        if index not in self._twins:
            self._twins[index] = self._twin(index)
            if self.tensors[index].data is None:
                self._convert(index, self._twins[index])
        return self._twins[index]

    def _signed_output(self, index: int) -> int:
        if not _is_unsigned(self.tensors[index]):
            return index
        self._twins[index] = self._twin(index)
        self._signed_only.add(index)
        return self._twins[index]

    def _twin(self, index: int) -> int:
        tensor = self.tensors[index]
        data = None if tensor.data is None else _flipped(tensor).tobytes()
        return self._append(tensor, DType.INT8, data, shift=128)

    def _weights(self, index: int) -> int:
        """Weights around a zero point of 0 where int8 holds them, else around another."""
        tensor = self.tensors[index]
        if not _is_unsigned(tensor):
            return index
        centred = tensor.array().astype(np.int64) - tensor.zero_point
        if centred.min() < -128 or centred.max() > 127:
            return self._twin(index)
        data = centred.astype(np.int8).tobytes()
        return self._append(tensor, DType.INT8, data, shift=tensor.zero_point)

    def _append(self, tensor: Tensor, dtype: DType, data: bytes | None, *, shift: int) -> int:
        old = tensor.quantization
        assert old is not None
        points = tuple(point - shift for point in old.zero_points)
        self.tensors.append(
            dataclasses.replace(
                tensor,
                index=len(self.tensors),
                dtype=dtype,
                quantization=Quantization(old.scales, points, old.axis),
                data=data,
            )
        )
        return len(self.tensors) - 1

    def _convert(self, source: int, target: int) -> None:
        self.operators.append(Operator(CONVERSION, "QUANTIZE", (source,), (target,), {}))


def _is_unsigned(tensor: Tensor) -> bool:
    return tensor.dtype is DType.UINT8 and tensor.quantization is not None


def _flipped(tensor: Tensor) -> NDArray[np.uint8]:
    return np.bitwise_xor(np.asarray(tensor.array(), np.uint8), np.uint8(128))


def _is_movable(operator: Operator, tensors: list[Tensor]) -> bool:
    """Whether the operator gives the same real values on int8."""
    if operator.index == CONVERSION:
        return False
    if operator.kind in WEIGHTED:
        return _is_unsigned(tensors[operator.inputs[1]])
    if operator.kind in _COMPUTING:
        return True
    touched = [
        tensors[index]
        for index in (*operator.inputs, *operator.outputs)
        if index != ABSENT and tensors[index].dtype is DType.UINT8
    ]
    quantizations = {tensor.quantization for tensor in touched}
    return operator.kind in _MOVES and len(quantizations) == 1 and None not in quantizations
