"""Writes a quantised .tflite file from a float one, Affines and Grids. Runs in the worker.

Each tensor is held in one form, in which its operator computes it: floats, or the integers of an
Affine. Where an operator wants another form, a QUANTIZE or DEQUANTIZE is put in front of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet, Weighted, add_buffer, pack, unpack
from edgepack.compress.quantizing.rules import (
    Affine,
    Grid,
    operands,
    quantised,
    rule_of,
)
from edgepack.errors import ModelError

METADATA = "edgepack_compression"
Weights = Grid | NDArray[np.float16]
Form = Affine | None  # None: floats
# Widths of activations whose kernels read half bytes. LiteRT's depthwise kernel of 16 bits takes
# such weights, and reads them as bytes.
_INT4_KERNELS: Mapping[str, tuple[int, ...]] = {
    "CONV_2D": (8, 16),
    "FULLY_CONNECTED": (8, 16),
    "DEPTHWISE_CONV_2D": (8,),
}
_OF_VERSION_2 = (
    *("MEAN", "LOGISTIC", "MUL", "REDUCE_MAX", "REDUCE_MIN", "SOFTMAX", "CONCATENATION", "ADD"),
    *("AVERAGE_POOL_2D", "SQUARED_DIFFERENCE", "RSQRT", "EXP", "LOG", "TANH", "UNPACK", "PACK"),
    *("SPLIT", "SUB", "STRIDED_SLICE", "PAD", "TRANSPOSE", "BATCH_MATMUL", "GELU", "GREATER"),
    *("MAX_POOL_2D", "LESS", "EQUAL", "NOT_EQUAL", "RESIZE_NEAREST_NEIGHBOR"),
)
_OF_VERSION_3 = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "RESIZE_BILINEAR", "TILE")
_VERSIONS: Mapping[str, int] = {
    **dict.fromkeys(_OF_VERSION_2, 2),
    **dict.fromkeys(_OF_VERSION_3, 3),
    "FULLY_CONNECTED": 4,
}


def quantized_file(
    net: FloatNet,
    activations: Mapping[int, Affine],
    weights: Mapping[int, Weights],
    *,
    wanted: Mapping[tuple[int, int], Affine] | None = None,
    ends: Mapping[int, Form] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> bytes:
    """The .tflite file of `net` with these tensors as integers; what has none stays float.

    `activations` and `weights` are by tensor number. A Grid of an operator without integer
    activations makes a hybrid one; float16 weights are followed by a DEQUANTIZE. `wanted` says in
    which other Affine an operator takes an operand, by operator and place; `ends` the form of the
    model's inputs and outputs, which else is that of `activations`. `notes`, by tensor name, go
    into the metadata entry `edgepack_compression`. Raises ModelError where a bias does not fit.
    """
    return _Writer(net, dict(activations), weights, wanted or {}, ends or {}).written(notes or {})


def computes_integers(
    net: FloatNet,
    index: int,
    activations: Mapping[int, Affine],
    weights: Mapping[int, Weights],
    wanted: Mapping[tuple[int, int], Affine],
) -> bool:
    """Whether the operator has all it needs to compute in integers, in one width."""
    operator = net.operators[index]
    rule = rule_of(net, operator)
    if rule is None:
        return False
    made = [t for t in operator.outputs if net.tensors[t].is_float]
    if any(t not in activations for t in made):
        return False
    forms = [activations[t] for t in made]
    for place in operands(net, index):
        found = wanted.get((index, place), activations.get(operator.inputs[place]))
        if found is not None and not (rule.same and made):
            forms.append(found)
        elif found is None and not (rule.same and made):
            return False
    if rule.weighted:
        held = weights.get(operator.inputs[1])
        if not isinstance(held, Grid):
            return False
    return len({form.bits for form in forms}) == 1 and forms[0].bits in rule.bits


@dataclass
class _Writer:
    net: FloatNet
    activations: dict[int, Affine]
    weights: Mapping[int, Weights]
    wanted: Mapping[tuple[int, int], Affine]
    ends: Mapping[int, Form]
    forms: dict[tuple[int, Form], int] = field(default_factory=dict)
    homes: dict[int, Form] = field(default_factory=dict)
    held: dict[tuple[int, bool], int] = field(default_factory=dict)
    operators: list[Any] = field(default_factory=list)

    def written(self, notes: Mapping[str, Any]) -> bytes:
        self.model = unpack(self.net.content)
        self.graph = self.model.subgraphs[0]
        for tensor in self.net.inputs:
            self._hold(tensor, self._end(tensor))
        for index in range(len(self.net.operators)):
            self._operator(index)
        outputs = {t: self._as(t, self._end(t)) for t in self.net.outputs}
        self.graph.outputs = np.array([outputs[t] for t in self.net.outputs], np.int32)
        for signature in self.model.signatureDefs or []:
            if signature.subgraphIndex == 0:
                for entry in signature.outputs:
                    entry.tensorIndex = outputs.get(entry.tensorIndex, entry.tensorIndex)
        self.graph.operators = self.operators
        if notes:
            add_metadata(self.model, METADATA, {"schema": 1, "tensors": dict(notes)})
        return pack(compacted(self.model))

    def _end(self, tensor: int) -> Form:
        if not self.net.tensors[tensor].is_float:
            return None
        return self.ends.get(tensor, self.activations.get(tensor))

    def _hold(self, tensor: int, form: Form) -> None:
        """The tensor is computed in this form."""
        self.homes[tensor] = form
        self.forms[tensor, form] = tensor
        if form is not None:
            _set_type(self.graph.tensors[tensor], form)

    def _operator(self, index: int) -> None:
        operator, plain = self.graph.operators[index], self.net.operators[index]
        whole = computes_integers(self.net, index, self.activations, self.weights, self.wanted)
        weighted = self._weighted(index)
        inputs = list(plain.inputs)
        for place in operands(self.net, index):
            inputs[place] = self._as(inputs[place], self._want(index, place, whole))
        for tensor in plain.outputs:
            real = self.net.tensors[tensor].is_float
            self._hold(tensor, self.activations[tensor] if whole and real else None)
        if weighted is not None and weighted.weights in self.weights:
            place = plain.inputs.index(weighted.weights)
            widths = _INT4_KERNELS.get(plain.kind, ())
            halves = whole and self.activations[weighted.y].bits in widths  # hybrid ones: bytes
            inputs[place] = self._as_weights(weighted, halves)
            if weighted.bias >= 0 and whole:
                inputs[len(inputs) - 1 - inputs[::-1].index(weighted.bias)] = self._bias(weighted)
        operator.inputs = np.array(inputs, np.int32)
        if whole:
            self._settle(operator, plain.kind, index)
        self.operators.append(operator)

    def _settle(self, operator: Any, kind: str, index: int) -> None:
        """Options and the version that the integer kernel goes by."""
        if hasattr(operator.builtinOptions, "potScaleInt16"):
            operator.builtinOptions.potScaleInt16 = False
        operator.opcodeIndex = _code(self.model, operator.opcodeIndex, _VERSIONS.get(kind, 1))

    def _weighted(self, index: int) -> Weighted | None:
        return next((w for w in self.net.weighted() if w.operator == index), None)

    def _want(self, index: int, place: int, whole: bool) -> Form:
        if not whole:
            return None
        operator = self.net.operators[index]
        rule = rule_of(self.net, operator)
        assert rule is not None
        if rule.same and self.net.tensors[operator.outputs[0]].is_float:
            return self.activations[operator.outputs[0]]
        given = self.wanted.get((index, place))
        return given if given is not None else self.activations[operator.inputs[place]]

    def _as(self, tensor: int, form: Form) -> int:
        """The number of the tensor in this form; an operator that makes it so is added."""
        if (tensor, form) in self.forms:
            return self.forms[tensor, form]
        facts = self.net.tensors[tensor]
        if not facts.is_float or (facts.data is not None and form is None):
            return tensor
        if facts.data is not None:
            assert form is not None
            made = self._new(tensor, form, quantised(facts.data, form).tobytes())
        else:
            home = self.homes.get(tensor)
            if home == form:
                return tensor
            if home is not None and form is not None and (home.bits, form.bits) == (8, 16):
                home, _ = None, self._as(tensor, None)  # QUANTIZE takes no int8 to int16
            made = self._new(tensor, form)
            self._convert(self.forms[tensor, home], made, form)
        self.forms[tensor, form] = made
        return made

    def _new(self, tensor: int, form: Form, content: bytes | None = None) -> int:
        from tensorflow.lite.python import schema_py_generated as schema

        old = self.graph.tensors[tensor]
        new = schema.TensorT()
        new.name = old.name if content is not None else old.name + _suffix(form)
        new.shape, new.shapeSignature, new.hasRank = old.shape, old.shapeSignature, old.hasRank
        new.buffer = add_buffer(self.model, content) if content is not None else 0
        if form is not None:
            _set_type(new, form)
        self.graph.tensors.append(new)
        return len(self.graph.tensors) - 1

    def _convert(self, source: int, made: int, form: Form) -> None:
        from tensorflow.lite.python import schema_py_generated as schema

        operator = schema.OperatorT()
        kind = "DEQUANTIZE" if form is None else "QUANTIZE"
        options = schema.DequantizeOptionsT() if form is None else schema.QuantizeOptionsT()
        operator.builtinOptions = options
        name = "DequantizeOptions" if form is None else "QuantizeOptions"
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.opcodeIndex = _new_code(self.model, getattr(schema.BuiltinOperator, kind), 2)
        operator.inputs = np.array([source], np.int32)
        operator.outputs = np.array([made], np.int32)
        self.operators.append(operator)

    def _as_weights(self, weighted: Weighted, halves: bool) -> int:
        """The number of the weights as their Grid says, or of what makes floats of halves."""
        from tensorflow.lite.python import schema_py_generated as schema

        key = weighted.weights, halves
        if key in self.held:
            return self.held[key]
        values, made = self.weights[weighted.weights], self._new(weighted.weights, None, b"")
        tensor = self.graph.tensors[made]
        if isinstance(values, Grid):
            _set_grid(self.model, tensor, values, weighted.axis, halves)
        else:
            tensor.type = schema.TensorType.FLOAT16
            content = np.ascontiguousarray(values, np.float16).tobytes()
            tensor.buffer = add_buffer(self.model, content)
            half, made = made, self._new(weighted.weights, None)
            self._convert(half, made, None)
        self.held[key] = made
        return made

    def _bias(self, weighted: Weighted) -> int:
        """A bias of this operator's own: integers in steps of input scale * weight step."""
        from tensorflow.lite.python import schema_py_generated as schema

        x = self.wanted.get(
            (weighted.operator, self.net.operators[weighted.operator].inputs.index(weighted.x)),
            self.activations.get(weighted.x),
        )
        grid, data = self.weights[weighted.weights], self.net.tensors[weighted.bias].data
        assert x is not None and isinstance(grid, Grid) and data is not None
        steps = np.float32(x.scale) * grid.steps.astype(np.float32)
        made = self._new(
            weighted.bias,
            None,
            bias_integers(data, steps, x.bits, self.net.label(weighted.operator)).tobytes(),
        )
        tensor = self.graph.tensors[made]
        kinds = schema.TensorType
        tensor.type = kinds.INT32 if x.bits == 8 else kinds.INT64
        tensor.quantization = _parameters(steps, np.zeros(len(steps), np.int64), 0)
        return made


def bias_integers(
    bias: NDArray[Any], steps: NDArray[np.float32], bits: int, name: str
) -> NDArray[Any]:
    """The bias as int32 for 8-bit activations, int64 for 16. Raises ModelError if one overflows."""
    scaled = np.asarray(bias, np.float64) / steps.astype(np.float64)
    integers = np.trunc(scaled + np.copysign(0.5, scaled))
    limit = 2.0**31 if bits == 8 else 2.0**39
    if not np.isfinite(integers).all() or (np.abs(integers) >= limit).any():
        raise ModelError(
            f"{name}: a bias of {float(np.abs(bias).max()):g} is more than its accumulator holds "
            f"in steps of {float(steps.min()):g}; its weights or inputs are nearly zero: "
            "leave the layer float"
        )
    return integers.astype(np.int32 if bits == 8 else np.int64)


def packed_int4(integers: NDArray[np.int8]) -> bytes:
    """Two weights a byte, the first in the low half; an odd last one has a half of zeros."""
    flat = integers.ravel().astype(np.uint8) & 15
    even = np.concatenate([flat, np.zeros(flat.size % 2, np.uint8)])
    return bytes((even[0::2] | (even[1::2] << 4)).astype(np.uint8))


def _set_grid(model: Any, tensor: Any, grid: Grid, axis: int, halves: bool) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    small = halves and grid.bits < 8
    tensor.type = schema.TensorType.INT4 if small else schema.TensorType.INT8
    content = packed_int4(grid.integers) if small else grid.integers.astype(np.int8).tobytes()
    tensor.buffer = add_buffer(model, content)
    dimension = axis if len(grid.steps) > 1 else 0
    zeros = np.zeros(len(grid.steps), np.int64)
    tensor.quantization = _parameters(grid.steps.astype(np.float32), zeros, dimension)


def _set_type(tensor: Any, form: Affine) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    tensor.type = schema.TensorType.INT8 if form.bits == 8 else schema.TensorType.INT16
    scale, zero = np.array([form.scale], np.float32), np.array([form.zero_point], np.int64)
    tensor.quantization = _parameters(scale, zero, 0)


def _parameters(steps: NDArray[np.float32], zeros: NDArray[np.int64], dimension: int) -> Any:
    from tensorflow.lite.python import schema_py_generated as schema

    found = schema.QuantizationParametersT()
    found.scale, found.zeroPoint = steps, zeros
    found.quantizedDimension = dimension
    return found


def _suffix(form: Form) -> bytes:
    return b"_float" if form is None else f"_int{form.bits}".encode()


def _new_code(model: Any, builtin: int, version: int) -> int:
    from tensorflow.lite.python import schema_py_generated as schema

    for i, code in enumerate(model.operatorCodes):
        known = max(code.builtinCode, code.deprecatedBuiltinCode)
        if known == builtin and code.version == version:
            return i
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _code(model: Any, old: int, version: int) -> int:
    """The operator code of the same kind with at least this version."""
    code = model.operatorCodes[old]
    if code.version >= version:
        return old
    return _new_code(model, max(code.builtinCode, code.deprecatedBuiltinCode), version)


def add_metadata(model: Any, name: str, value: Mapping[str, Any]) -> None:
    """Put a JSON document into the file under this name, in place of one that is there."""
    from tensorflow.lite.python import schema_py_generated as schema

    entry = schema.MetadataT()
    entry.name = name.encode()
    entry.buffer = add_buffer(model, json.dumps(value, sort_keys=True).encode())
    others = [m for m in model.metadata or [] if m.name != entry.name]
    model.metadata = [*others, entry]


def metadata(content: bytes, name: str = METADATA) -> Mapping[str, Any] | None:
    """The JSON document under this name in a .tflite file, or None."""
    model = unpack(content)
    for entry in model.metadata or []:
        if entry.name == name.encode():
            content = np.asarray(model.buffers[entry.buffer].data, np.uint8).tobytes()
            found: Mapping[str, Any] = json.loads(content)
            return found
    return None


def compacted(model: Any) -> Any:
    """The model without tensors and buffers that nothing names, changed in place."""
    for number, graph in enumerate(model.subgraphs):
        _drop_tensors(model, graph, number)
    tensors = [t for graph in model.subgraphs for t in graph.tensors]
    holders = [*tensors, *(model.metadata or [])]
    used = sorted({0, *(h.buffer for h in holders), *(model.metadataBuffer or [])})
    place = {old: new for new, old in enumerate(used)}
    for holder in holders:
        holder.buffer = place[holder.buffer]
    if model.metadataBuffer is not None:
        model.metadataBuffer = [place[b] for b in model.metadataBuffer]
    model.buffers = [model.buffers[old] for old in used]
    codes = sorted({op.opcodeIndex for graph in model.subgraphs for op in graph.operators})
    code = {old: new for new, old in enumerate(codes)}
    for operator in (op for graph in model.subgraphs for op in graph.operators):
        operator.opcodeIndex = code[operator.opcodeIndex]
    model.operatorCodes = [model.operatorCodes[old] for old in codes]
    return model


def _drop_tensors(model: Any, graph: Any, number: int) -> None:
    lists = [
        (op, name) for op in graph.operators for name in ("inputs", "outputs", "intermediates")
    ]
    lists += [(graph, "inputs"), (graph, "outputs")]
    held = [(owner, name) for owner, name in lists if getattr(owner, name) is not None]
    used = sorted({int(t) for owner, name in held for t in getattr(owner, name) if t >= 0})
    place = {-1: -1, **{old: new for new, old in enumerate(used)}}
    for owner, name in held:
        setattr(owner, name, np.array([place[int(t)] for t in getattr(owner, name)], np.int32))
    for signature in model.signatureDefs or []:
        if signature.subgraphIndex == number:
            for entry in [*(signature.inputs or []), *(signature.outputs or [])]:
                entry.tensorIndex = place[entry.tensorIndex]
    graph.tensors = [graph.tensors[old] for old in used]
