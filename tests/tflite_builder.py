"""Writes small .tflite files for the tests: tensors and operators in, bytes out.

    b = ModelBuilder()
    x = b.tensor((1, 4), "int8", scale=0.5, zero_point=3)
    w = b.tensor((2, 4), "int8", scale=[0.1, 0.2], data=weights)
    y = b.tensor((1, 2), "int8", scale=0.25)
    b.operator("FULLY_CONNECTED", [x, w], [y], fused_activation_function="RELU")
    data = b.build([x], [y])

Options go by the schema's field names; enums by name. `b.model(...)` gives the schema's object
tree (`ModelT`) instead, so that a test can break it before `pack` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import ArrayLike

IDENTIFIER = b"TFL3"
NUMPY: Mapping[str, str] = {
    "float32": "<f4",
    "float16": "<f2",
    "float64": "<f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "<i2",
    "uint16": "<u2",
    "int32": "<i4",
    "uint32": "<u4",
    "int64": "<i8",
    "uint64": "<u8",
    "bool": "?",
}
SHARED_OPTIONS: Mapping[str, str] = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
}
ENUMS: Mapping[str, Any] = {
    "padding": schema.Padding,
    "fused_activation_function": schema.ActivationFunctionType,
    "weights_format": schema.FullyConnectedOptionsWeightsFormat,
    "quantized_bias_type": schema.TensorType,
    "in_data_type": schema.TensorType,
    "out_data_type": schema.TensorType,
    "out_type": schema.TensorType,
}


@cache
def options_name(kind: str) -> str | None:
    """The schema's options table of an operator, or None where it has none."""
    wanted = kind.replace("_", "").lower() + "options"
    names = [n for n in vars(schema.BuiltinOptions) if n.endswith("Options")]
    return SHARED_OPTIONS.get(kind) or next((n for n in names if n.lower() == wanted), None)


@dataclass
class ModelBuilder:
    """Collects one subgraph's tensors and operators."""

    tensors: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    others: list[Any] = field(default_factory=list)
    signatures: list[Any] = field(default_factory=list)

    def subgraph(self) -> ModelBuilder:
        """A builder of another subgraph of the same file; `close` gives it its number."""
        return ModelBuilder(codes=self.codes, buffers=self.buffers, others=self.others)

    def close(self, inputs: Sequence[int], outputs: Sequence[int], name: str = "sub") -> int:
        """End a subgraph; the number that operators name it by."""
        self.others.append(self._graph(inputs, outputs, name))
        return len(self.others)

    def signature(
        self,
        key: str,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
        subgraph: int = 0,
    ) -> None:
        """Name tensors of a subgraph as its inputs and outputs."""
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = key, subgraph
        signature.inputs, signature.outputs = _maps(inputs), _maps(outputs)
        self.signatures.append(signature)

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "int8",
        *,
        name: str | None = None,
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        axis: int = 0,
        data: ArrayLike | bytes | None = None,
        signature: Sequence[int] | None = None,
        variable: bool = False,
    ) -> int:
        """Add a tensor and give its index; a sequence of scales is one a slice along `axis`."""
        tensor = schema.TensorT()
        tensor.shape = [int(d) for d in shape]
        tensor.type = getattr(schema.TensorType, dtype.upper())
        tensor.name = name if name is not None else f"t{len(self.tensors)}"
        tensor.quantization = _quantization(scale, zero_point, axis)
        tensor.shapeSignature = None if signature is None else [int(d) for d in signature]
        tensor.isVariable = variable
        tensor.buffer = 0 if data is None else self._buffer(data, dtype)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 1,
        custom: bytes | None = None,
        **options: Any,
    ) -> int:
        """Add an operator by its TFLite name and give its index.

        A name that is not a builtin's is a custom operator's; `custom` is its option bytes.
        """
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(kind, version)
        operator.inputs, operator.outputs = [int(i) for i in inputs], [int(i) for i in outputs]
        table = options_name(kind)
        if table is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            operator.builtinOptions = _options(table, options)
        elif options:
            raise TypeError(f"{kind} has no options")
        if custom is not None:
            operator.customOptions = np.frombuffer(custom, np.uint8)
        self.operators.append(operator)
        return len(self.operators) - 1

    def model(self, inputs: Sequence[int], outputs: Sequence[int]) -> Any:
        """The schema's object tree of the model."""
        graph = self._graph(inputs, outputs, "main")
        model = schema.ModelT()
        model.version = 3
        model.description = "edgepack test"
        model.operatorCodes, model.buffers = self.codes, self.buffers
        model.subgraphs = [graph, *self.others]
        model.signatureDefs = self.signatures or None
        return model

    def _graph(self, inputs: Sequence[int], outputs: Sequence[int], name: str) -> Any:
        graph = schema.SubGraphT()
        graph.name = name
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = [int(i) for i in inputs], [int(i) for i in outputs]
        return graph

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The .tflite file."""
        return pack(self.model(inputs, outputs))

    def _buffer(self, data: ArrayLike | bytes, dtype: str) -> int:
        raw = data if isinstance(data, bytes) else _packed(data, dtype)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(raw, np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def _code(self, kind: str, version: int) -> int:
        for index, code in enumerate(self.codes):
            if (code.kind, code.version) == (kind, version):
                return index
        number = getattr(schema.BuiltinOperator, kind, None)
        code = schema.OperatorCodeT()
        code.kind = kind  # not written: only for finding it again
        code.customCode = None if number is not None else kind
        code.builtinCode = schema.BuiltinOperator.CUSTOM if number is None else number
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        self.codes.append(code)
        return len(self.codes) - 1


def pack(model: Any) -> bytes:
    """Write an object tree as a .tflite file, byte vectors aligned to 16 as TFLite has them."""
    builder = _Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def unpack(data: bytes) -> Any:
    """The object tree of a .tflite file, to change and `pack` again."""
    return schema.ModelT.InitFromPackedBuf(data)


class _Builder(flatbuffers.Builder):
    def StartVector(self, elem: int, count: int, alignment: int) -> int:
        return super().StartVector(elem, count, 16 if elem == 1 else alignment)


def _packed(data: ArrayLike, dtype: str) -> bytes:
    """Little-endian bytes; int4 two to a byte, the first in its low half, as TFLite has them."""
    if dtype != "int4":
        return np.asarray(data).astype(NUMPY[dtype]).tobytes()
    halves = np.asarray(data, np.int8).reshape(-1).view(np.uint8) & 15
    halves = np.append(halves, np.zeros(halves.size % 2, np.uint8))
    return bytes(halves[::2] | halves[1::2] << 4)


def _maps(tensors: Mapping[str, int]) -> list[Any]:
    maps = []
    for name, index in tensors.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, index
        maps.append(entry)
    return maps


def _quantization(
    scale: float | Sequence[float] | None, zero_point: int | Sequence[int], axis: int
) -> Any:
    if scale is None:
        return None
    scales = np.atleast_1d(np.asarray(scale, np.float32))
    points = np.broadcast_to(np.asarray(zero_point, np.int64), scales.shape)
    quantization = schema.QuantizationParametersT()
    quantization.scale = scales
    quantization.zeroPoint = np.array(points)
    quantization.quantizedDimension = axis
    return quantization


def _options(table: str, options: Mapping[str, Any]) -> Any:
    result = getattr(schema, table + "T")()
    for name, value in options.items():
        head, *rest = name.split("_")
        attribute = head + "".join(part.capitalize() for part in rest)
        if not hasattr(result, attribute):
            raise TypeError(f"{table} has no field {name}; it has {sorted(vars(result))}")
        named = isinstance(value, str) and name in ENUMS
        number = getattr(ENUMS[name], value) if named else value
        if isinstance(number, (tuple, list)):
            number = [int(n) for n in number]
        setattr(result, attribute, number)
    return result
