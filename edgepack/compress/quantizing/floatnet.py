"""A float .tflite file as values, and the values of its tensors on samples. Runs in the worker.

Only the first subgraph is looked at; bodies of branches and loops stay as they are.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from edgepack.errors import ModelError, TrainingError

Array = NDArray[Any]
Samples = Sequence[Array]  # the inputs in the file's order, each [n, ...] without the batch of 1

_DTYPES: Mapping[str, Any] = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "FLOAT64": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "UINT32": np.uint32,
    "INT16": np.int16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "BOOL": np.bool_,
}
_HOLDS_WEIGHTS = re.compile("conv|Conv|depthwise|MatMul")
_ROLES: Mapping[str, tuple[int, int, int, int | None]] = {
    "CONV_2D": (0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3),
    "FULLY_CONNECTED": (0, 1, 2, 0),
    "TRANSPOSE_CONV": (2, 1, 3, 0),
}


@dataclass(frozen=True, slots=True)
class FloatTensor:
    """A tensor: `data` holds a constant's values, and is None for what inference computes."""

    name: str
    shape: tuple[int, ...]
    type: str  # a name of TensorType in TFLite's schema.fbs: "FLOAT32", ...
    data: Array | None
    variable: bool

    @property
    def is_float(self) -> bool:
        """Whether it holds float32 values."""
        return self.type == "FLOAT32"


@dataclass(frozen=True, slots=True)
class FloatOperator:
    """An operator: its kind by the name of the schema's enum, tensors by number, -1 for none."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any  # the schema's object (Conv2DOptionsT, ...), or None; not to be changed


@dataclass(frozen=True, slots=True)
class Weighted:
    """The places of an operator with weights: tensor numbers; `bias` is -1 where there is none."""

    operator: int
    x: int
    weights: int
    bias: int
    y: int
    axis: int  # of the output channels in the weights' shape


@dataclass(frozen=True, slots=True)
class FloatNet:
    """The first subgraph of a .tflite file; tensors are known by their numbers there."""

    content: bytes
    tensors: tuple[FloatTensor, ...]
    operators: tuple[FloatOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def weighted(self) -> tuple[Weighted, ...]:
        """Every operator whose weights are constant floats, in the order of the file."""
        return tuple(found for i in range(len(self.operators)) if (found := self._weighted(i)))

    def _weighted(self, index: int) -> Weighted | None:
        operator = self.operators[index]
        roles = _ROLES.get(operator.kind)
        if roles is None:
            return None
        at = [operator.inputs[r] if r < len(operator.inputs) else -1 for r in roles[:3]]
        weights, axis = self.tensors[at[1]], roles[3]
        if weights.data is None or not weights.is_float or not self.tensors[at[0]].is_float:
            return None
        if at[2] >= 0 and self.tensors[at[2]].data is None:
            return None
        assert axis is not None
        return Weighted(index, at[0], at[1], at[2], operator.outputs[0], axis)

    def producer(self, tensor: int) -> int | None:
        """The operator that computes a tensor; None for inputs and constants."""
        return next((i for i, op in enumerate(self.operators) if tensor in op.outputs), None)

    def consumers(self, tensor: int) -> tuple[int, ...]:
        """The operators that read a tensor."""
        return tuple(i for i, op in enumerate(self.operators) if tensor in op.inputs)

    def names(self, operator: int) -> tuple[str, ...]:
        """What a pattern may call an operator, most telling name first: its layer's, its path.

        The converter names tensors `model/layer/Operation`, joined by `;` where it fused some.
        """
        found = self.operators[operator]
        paths = [self.tensors[t].name for t in found.outputs]
        weights = self._weighted(operator)
        if weights is not None:
            paths.insert(0, self.tensors[weights.weights].name)
        parts = [part for path in paths for part in re.split("[;/]", path) if part]
        unique = list(
            dict.fromkeys([*layer_names(paths), *parts, *paths, found.kind, str(operator)])
        )
        return tuple(unique)

    def label(self, operator: int) -> str:
        """A short name of an operator for people: that of its Keras layer where it tells."""
        return self.names(operator)[0]

    def matches(self, operator: int, pattern: str) -> bool:
        """Whether a pattern with `*` and `?` names the operator."""
        return any(fnmatch.fnmatchcase(name, pattern) for name in self.names(operator))

    def with_constants(self, changed: Mapping[int, Array]) -> FloatNet:
        """The net with other values in these constants, of the same shapes and types."""
        model = unpack(self.content)
        graph = model.subgraphs[0]
        for number, values in changed.items():
            old = self.tensors[number]
            if old.data is None or tuple(values.shape) != old.shape:
                raise ValueError(f"{old.name}: {values.shape} cannot replace {old.shape}")
            plain = np.ascontiguousarray(values, old.data.dtype)
            graph.tensors[number].buffer = add_buffer(model, plain.tobytes())
        return read_net(pack(model))


def layer_names(paths: Sequence[str]) -> list[str]:
    """`layer` of each `model/layer/Operation`, those that hold weights first, without repeats."""
    parts = [path.split("/") for joined in paths for path in joined.split(";")]
    long = [part for part in parts if len(part) >= 2]
    holders = [part for part in long if _HOLDS_WEIGHTS.match(part[-1])]
    return list(dict.fromkeys(part[-2] for part in [*holders, *long]))


@cache
def enum_names(name: str) -> Mapping[int, str]:
    """Names of one of the schema's enums by value: "TensorType", "BuiltinOperator", ..."""
    from tensorflow.lite.python import schema_py_generated as schema

    return {v: k for k, v in vars(getattr(schema, name)).items() if isinstance(v, int)}


def unpack(content: bytes) -> Any:
    """The file as the schema's ModelT."""
    from tensorflow.lite.python import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """Aligns vectors of bytes to 16, as the schema wants it of buffers."""

    def StartVector(self, size: int, count: int, alignment: int) -> Any:
        return super().StartVector(size, count, 16 if size == 1 else alignment)


def pack(model: Any) -> bytes:
    """The file of a ModelT."""
    builder = _Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def add_buffer(model: Any, content: bytes) -> int:
    """The number of a new buffer of `model` with this content."""
    from tensorflow.lite.python import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def kind_of(model: Any, operator: Any) -> str:
    """The name of an OperatorT's kind in the schema's enum."""
    code = model.operatorCodes[operator.opcodeIndex]
    return enum_names("BuiltinOperator")[max(code.builtinCode, code.deprecatedBuiltinCode)]


def read_net(content: bytes) -> FloatNet:
    """The net in a .tflite file. Raises ModelError where a constant is of no known type."""
    model = unpack(content)
    graph = model.subgraphs[0]
    tensors = tuple(_tensor(model, tensor) for tensor in graph.tensors)
    operators = tuple(
        FloatOperator(
            kind_of(model, op),
            tuple(int(i) for i in (op.inputs if op.inputs is not None else ())),
            tuple(int(i) for i in (op.outputs if op.outputs is not None else ())),
            op.builtinOptions,
        )
        for op in graph.operators
    )
    ends = [tuple(int(i) for i in numbers) for numbers in (graph.inputs, graph.outputs)]
    return FloatNet(content, tensors, operators, ends[0], ends[1])


def _tensor(model: Any, tensor: Any) -> FloatTensor:
    name = tensor.name.decode("utf-8", "replace")
    kind = enum_names("TensorType")[tensor.type]
    shape = tuple(int(n) for n in (tensor.shape if tensor.shape is not None else ()))
    raw = model.buffers[tensor.buffer].data
    data = None
    if raw is not None and len(raw) and kind in _DTYPES:
        data = np.frombuffer(np.asarray(raw, np.uint8).tobytes(), _DTYPES[kind])
        if data.size != int(np.prod(shape, dtype=np.int64)):
            raise ModelError(f"{name}: holds {data.size} values, its shape {list(shape)}")
        data = data.reshape(shape)
    return FloatTensor(name, shape, kind, data, bool(tensor.isVariable))


def run(
    net: FloatNet, samples: Samples, tensors: Collection[int] | None = None
) -> Iterator[Mapping[int, Array]]:
    """The float32 tensors that inference computes (or these), sample by sample, by number.

    What a loop alone hands on may be missing. Raises TrainingError where the interpreter refuses
    the file or a sample.
    """
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = tf.lite.Interpreter(
            model_content=net.content,
            experimental_op_resolver_type=resolver,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise _fails(error) from error
    wanted = [
        i
        for i, tensor in enumerate(net.tensors)
        if tensor.is_float and tensor.data is None and (tensors is None or i in tensors)
    ]
    living = {*net.inputs, *(t for op in net.operators for t in op.outputs)}
    for sample in range(len(samples[0])):
        try:
            for number, x in zip(net.inputs, samples, strict=True):
                interpreter.set_tensor(number, x[sample : sample + 1])
            interpreter.reset_all_variables()
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise _fails(error) from error
        if sample == 0:
            wanted = [i for i in wanted if i in living and _is_held(interpreter, i)]
        yield {i: interpreter.get_tensor(i) for i in wanted}


def _fails(error: Exception) -> TrainingError:
    return TrainingError(f"the float model does not run ({str(error)[:200]})")


def _is_held(interpreter: Any, tensor: int) -> bool:
    """Whether the interpreter still has a tensor: it frees some of those that loops hand on."""
    try:
        interpreter.get_tensor(tensor)
    except ValueError:
        return False
    return True


def collected(net: FloatNet, samples: Samples, tensors: Collection[int]) -> dict[int, Array]:
    """The values of a few tensors over all samples, each [n, ...] without the batch of 1."""
    rows: dict[int, list[Array]] = {i: [] for i in tensors}
    for values in run(net, samples, tensors):
        for i in tensors:
            rows[i].append(values[i])
    return {i: np.concatenate(row) for i, row in rows.items()}
