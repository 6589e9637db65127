"""Runs one operator of a float net at a time, so that values may be changed between two.

Runs in the worker.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgepack.compress.quantizing.floatnet import FloatNet, add_buffer, pack, unpack
from edgepack.compress.quantizing.ranges import Array
from edgepack.errors import ModelError, TrainingError

_MANY_AT_ONCE = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL", "RELU", "RELU6"),
    *("MAX_POOL_2D", "AVERAGE_POOL_2D", "SOFTMAX", "LOGISTIC", "TANH", "HARD_SWISH", "PAD"),
)
_TOGETHER = 64
_HOLDS_OTHERS = ("IF", "WHILE", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")


class OneOperator:
    """An operator of a net as a model of its own, on values of all samples at once."""

    def __init__(
        self,
        net: FloatNet,
        index: int,
        constants: Mapping[int, Array] | None = None,
        *,
        activation: bool = True,
    ) -> None:
        """`constants` replaces some by tensor; without `activation` the fused one is left out."""
        operator = net.operators[index]
        if operator.kind in _HOLDS_OTHERS:
            raise ModelError(
                f"op {index} {operator.kind}: branches, loops and variables cannot be run an "
                "operator at a time, as adaptive rounding, correct_bias and scheme 'mixed' do; "
                "leave these out"
            )
        self.kind, self._name = operator.kind, net.label(index)
        self.fed = tuple(
            dict.fromkeys(
                t
                for t in operator.inputs
                if t >= 0 and net.tensors[t].data is None and not net.tensors[t].variable
            )
        )
        self.made = operator.outputs
        self._shapes = {t: net.tensors[t].shape for t in (*self.fed, *self.made)}
        content = _model_of(net, index, self.fed, constants or {}, activation)
        self._interpreter = _interpreter(content, self._name)
        self._inputs = [i["index"] for i in self._interpreter.get_input_details()]
        self._outputs = [o["index"] for o in self._interpreter.get_output_details()]

    def __call__(self, values: Mapping[int, Array]) -> dict[int, Array]:
        """Its outputs by tensor, from its inputs' values: those of all samples along axis 0.

        A tensor of the net that does not change with the samples is given, and comes, once.
        """
        given = [np.ascontiguousarray(values[t], np.float32 if _float(values[t]) else None)
                 for t in self.fed]  # fmt: skip
        samples = [len(x) // self._rows(t) for t, x in zip(self.fed, given, strict=True)]
        n = max(samples, default=1)
        size = _TOGETHER if self._takes_many(samples) else 1
        made: list[list[Array]] = [[] for _ in self.made]
        for start in range(0, n, size):
            part = [
                x if one == 1 else x[start * len(x) // one : (start + size) * len(x) // one]
                for x, one in zip(given, samples, strict=True)
            ]
            if size == 1:
                shapes = (self._shapes[t] for t in self.fed)
                part = [x.reshape(shape) for x, shape in zip(part, shapes, strict=True)]
            try:
                values_made = self._batch(part)
            except (ValueError, RuntimeError) as error:
                raise _fails(self._name, error) from error
            for kept, value in zip(made, values_made, strict=True):
                kept.append(np.atleast_1d(value))
        return {t: np.concatenate(kept) for t, kept in zip(self.made, made, strict=True)}

    def _rows(self, tensor: int) -> int:
        """How many places of axis 0 are one sample's: 1 where that axis is the batch."""
        return (*self._shapes[tensor], 1)[0]

    def _takes_many(self, samples: list[int]) -> bool:
        rows = {self._rows(t) for t in (*self.fed, *self.made)}
        return self.kind in _MANY_AT_ONCE and len(rows) == 1 and len(set(samples)) == 1

    def _batch(self, part: list[Array]) -> list[Array]:
        runner = self._interpreter
        details = {d["index"]: tuple(d["shape"]) for d in runner.get_input_details()}
        if any(details[i] != x.shape for i, x in zip(self._inputs, part, strict=True)):
            for i, x in zip(self._inputs, part, strict=True):
                runner.resize_tensor_input(i, x.shape)
            runner.allocate_tensors()
        for i, x in zip(self._inputs, part, strict=True):
            runner.set_tensor(i, x)
        runner.reset_all_variables()
        runner.invoke()
        return [runner.get_tensor(i) for i in self._outputs]


def _float(values: Array) -> bool:
    return bool(np.issubdtype(values.dtype, np.floating))


def _interpreter(content: bytes, name: str) -> Any:
    import tensorflow as tf

    try:
        made = tf.lite.Interpreter(model_content=content, num_threads=2)
        made.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise _fails(name, error) from error
    return made


def _fails(name: str, error: Exception) -> TrainingError:
    return TrainingError(f"{name}: does not run alone ({str(error)[:200]})")


def _model_of(
    net: FloatNet, index: int, fed: tuple[int, ...], constants: Mapping[int, Array], active: bool
) -> bytes:
    model = unpack(net.content)
    graph = model.subgraphs[0]
    operator = copy.copy(graph.operators[index])
    facts = net.operators[index]
    used = list(dict.fromkeys(t for t in (*facts.inputs, *facts.outputs) if t >= 0))
    place = {-1: -1, **{old: new for new, old in enumerate(used)}}
    tensors = [graph.tensors[t] for t in used]
    buffers = [model.buffers[tensor.buffer] for tensor in tensors]
    model.buffers = [model.buffers[0]]
    for old, tensor, buffer in zip(used, tensors, buffers, strict=True):
        values = constants.get(old, net.tensors[old].data)
        held = None if values is None else np.ascontiguousarray(values, net.tensors[old].data.dtype)  # type: ignore[union-attr]
        tensor.buffer = 0
        if held is not None:
            tensor.buffer = add_buffer(model, held.tobytes())
        elif buffer.data is not None and len(buffer.data):
            tensor.buffer = add_buffer(model, bytes(buffer.data))
    operator.inputs = np.array([place[t] for t in facts.inputs], np.int32)
    operator.outputs = np.array([place[t] for t in facts.outputs], np.int32)
    if not active and hasattr(operator.builtinOptions, "fusedActivationFunction"):
        operator.builtinOptions = copy.copy(operator.builtinOptions)
        operator.builtinOptions.fusedActivationFunction = 0
    graph.tensors, graph.operators = tensors, [operator]
    graph.inputs = np.array([place[t] for t in fed], np.int32)
    graph.outputs = np.array([place[t] for t in facts.outputs], np.int32)
    model.subgraphs, model.signatureDefs, model.metadata, model.metadataBuffer = (
        [graph],
        [],
        [],
        None,
    )
    model.operatorCodes, operator.opcodeIndex = [model.operatorCodes[operator.opcodeIndex]], 0
    return pack(model)
