"""A .tflite file's bytes to a validated `Graph`.

Only what a graph needs is read: signatures, metadata and unused buffers are never touched. Slot
numbers are those of TFLite's schema (schema.fbs, version 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgepack.compiler.constants import Shared, constant_bytes, first_contents
from edgepack.compiler.file_kinds import require_tflite
from edgepack.compiler.flatbuffer import Source, Table, root
from edgepack.compiler.folding import fold_inside
from edgepack.compiler.identifiers import identifier
from edgepack.compiler.operators import TABLE
from edgepack.compiler.operators.checks import printable
from edgepack.compiler.operators.row import OptionField
from edgepack.compiler.schema_names import OPERATORS, TENSOR_TYPES
from edgepack.compiler.unsupported import unsupported_custom, unsupported_operator
from edgepack.compiler.validator import refuse_tensor, validate
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, DType, Graph, Operator, OptionValue, Quantization, Tensor

MAX_FILE_BYTES = 64 * 2**20
MAX_TENSORS = 10_000
MAX_OPERATORS = 10_000
MAX_CODES = 1_000
MAX_SUBGRAPHS = 1_000
MAX_BUFFERS = 20_000
MAX_RANK = 8
DTYPES = {dtype.tflite: dtype for dtype in DType}
CUSTOM = 32


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the model's list of operator codes."""

    number: int
    custom: str
    version: int


def read_model(data: bytes, name: str = "model") -> Graph:
    """Parse and validate a .tflite file.

    `name` is made a C identifier. Batches of 1 are the only ones. Raises ModelError, which says
    where, what, the limit and the next step, for anything else than a model that edgepack can
    compile as a whole.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(
            f"{printable(name)}: {len(data)} bytes; the limit is {MAX_FILE_BYTES}. "
            "No supported board holds so large a model: prune it, or quantise it to int8."
        )
    require_tflite(data, printable(name))
    source = Source(data, printable(name))
    model = root(source)
    version = model.integer(0, "uint32", "version")
    if version != 3:
        source.damaged("version", f"it is {version}; TFLite files have 3")
    model.string(3, "description")
    return validate(fold_inside(_graph(model, identifier(name), hashlib.sha256(data).hexdigest())))


def _graph(model: Table, name: str, sha256: str) -> Graph:
    graph = _only_subgraph(model)
    graph.string(4, "name")
    tables = graph.tables(0, "tensors", "tensor", MAX_TENSORS)
    names = [table.string(3, "name") for table in tables]
    operators = _operators(graph, _codes(model), names)
    inputs = graph.integers(1, "int32", "inputs")
    outputs = graph.integers(2, "int32", "outputs")
    used = {t for op in operators for t in (*op.inputs, *op.outputs)} | {*inputs, *outputs}
    buffers = model.tables(4, "buffers", "buffer", MAX_BUFFERS)
    tensors = _tensors(tables, names, buffers, used, frozenset(inputs))
    return Graph(name, sha256, tensors, operators, inputs, outputs)


def _only_subgraph(model: Table) -> Table:
    graphs = model.tables(2, "subgraphs", "subgraph", MAX_SUBGRAPHS)
    if len(graphs) != 1:
        raise ModelError(
            f"{model.source.name}: {len(graphs)} subgraphs; exactly 1 is supported. Several come "
            "from control flow (IF, WHILE), from variables (CALL_ONCE) or from several "
            "signatures: convert one signature of a model without them."
        )
    return graphs[0]


def _codes(model: Table) -> list[Code]:
    codes = []
    for table in model.tables(1, "operator codes", "operator code", MAX_CODES):
        old = table.integer(0, "int8", "deprecated_builtin_code")
        new = table.integer(3, "int32", "builtin_code")
        version = table.integer(2, "int32", "version", 1)
        codes.append(Code(max(old, new), table.string(1, "custom_code"), version))
    return codes


def _operators(graph: Table, codes: list[Code], names: list[str]) -> tuple[Operator, ...]:
    tables = graph.tables(3, "operators", "operator", MAX_OPERATORS)
    return tuple(_operator(index, table, codes, names) for index, table in enumerate(tables))


def _operator(index: int, table: Table, codes: list[Code], names: list[str]) -> Operator:
    number = table.integer(0, "uint32", "opcode_index")
    if number >= len(codes):
        table.source.damaged(
            f"op {index}", f"it uses operator code {number}; the model has {len(codes)} codes"
        )
    code = codes[number]
    inputs = table.integers(1, "int32", "inputs")
    outputs = table.integers(2, "int32", "outputs")
    kind = OPERATORS[code.number] if 0 <= code.number < len(OPERATORS) else f"code {code.number}"
    _check_places(table, f"op {index} {kind}", inputs, outputs, len(names))
    name = names[outputs[0]] if outputs else ""
    if code.number == CUSTOM:
        raise unsupported_custom(index, code.custom, name)
    row = TABLE.get(kind)
    if row is None:
        raise unsupported_operator(index, kind, name, TABLE)
    where = f"op {index} {kind} '{printable(name)}'"
    if not 1 <= code.version <= 100:
        table.source.damaged(where, f"operator version {code.version}; it must lie in 1 to 100")
    options = _options(table, where, row.options_type, row.options)
    return Operator(index, kind, inputs, outputs, options, code.version)


def _check_places(
    table: Table, where: str, inputs: tuple[int, ...], outputs: tuple[int, ...], tensors: int
) -> None:
    for role, places in (("input", inputs), ("output", outputs)):
        for place, tensor in enumerate(places):
            if not (0 <= tensor < tensors or (role == "input" and tensor == ABSENT)):
                table.source.damaged(
                    where, f"{role} {place} is tensor {tensor}; the model has {tensors} tensors"
                )


def _options(
    table: Table, where: str, wanted: int, fields: tuple[OptionField, ...]
) -> Mapping[str, OptionValue]:
    present = table.integer(3, "uint8", "builtin_options_type")
    options = table.table(4, "options") if present else None
    if fields and present not in (0, wanted):
        table.source.damaged(
            where, f"its options are of type {present}; {wanted} belongs to this operator"
        )
    return {field.name: _option(options, where, field) for field in fields}


def _option(options: Table | None, where: str, field: OptionField) -> OptionValue:
    if field.kind == "string":
        return options.string(field.slot, field.name) if options else ""
    if field.kind == "ints" or field.kind == "floats":
        values = _numbers(options, field)
        if len(values) > MAX_RANK:
            raise ModelError(
                f"{where}: {field.name} has {len(values)} values; the limit is {MAX_RANK}. "
                "Use fewer dimensions in the model."
            )
        return values
    if options is None:
        value: int | float = field.default
    else:
        value = options.scalar(field.slot, field.kind, field.name, field.default)
    if field.kind == "bool":
        return bool(value)
    if not field.choices:
        return value
    if not 0 <= value < len(field.choices):
        known = ", ".join(field.choices)
        raise ModelError(
            f"{where}: {field.name} is number {value}; supported: {known}. "
            "Use one of these in the model, or convert it again."
        )
    return field.choices[int(value)]


def _numbers(options: Table | None, field: OptionField) -> tuple[int, ...] | tuple[float, ...]:
    if options is None:
        return ()
    if field.kind == "ints":
        return options.integers(field.slot, "int32", field.name)
    return tuple(float(v) for v in options.numbers(field.slot, "float32", field.name))


def _tensors(
    tables: list[Table],
    names: list[str],
    buffers: list[Table],
    used: set[int],
    inputs: frozenset[int],
) -> tuple[Tensor, ...]:
    """Every tensor; of one that no operator touches only the number and the name matter."""
    shared: Shared = {}
    return tuple(
        _tensor(index, name, table, buffers, shared, index in inputs)
        if index in used
        else Tensor(index, name, (), DType.INT8)
        for index, (table, name) in enumerate(zip(tables, names, strict=True))
    )


def _tensor(
    index: int, name: str, table: Table, buffers: list[Table], shared: Shared, is_input: bool
) -> Tensor:
    number = table.integer(1, "int8", "type")
    if number not in DTYPES:
        type_name = TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"number {number}"
        known = ", ".join(dtype.name.lower() for dtype in DType)
        refuse_tensor(
            index,
            name,
            f"its type is {type_name.lower()}; supported: {known}. Use one of these in the model.",
        )
    dtype = DTYPES[number]
    shape = table.integers(0, "int32", "shape")
    tensor = Tensor(index, name, shape, dtype, _quantization(index, name, table, dtype))
    _refuse_special(tensor, table)
    if is_input:
        _refuse_dynamic(tensor, table)
    data = constant_bytes(tensor, table.integer(2, "uint32", "buffer"), buffers, shared)
    if table.integer(5, "bool", "is_variable"):
        return replace(tensor, state=first_contents(tensor, data))
    return replace(tensor, data=data)


def _refuse_special(tensor: Tensor, table: Table) -> None:
    if len(tensor.shape) > MAX_RANK:
        refuse_tensor(
            tensor.index,
            tensor.name,
            f"has {len(tensor.shape)} dimensions; the limit is {MAX_RANK}. Reshape it.",
        )
    if table.table(6, "sparsity") is not None:
        refuse_tensor(
            tensor.index,
            tensor.name,
            "is stored sparse; only dense tensors are supported. Convert the model without "
            "tf.lite.Optimize.EXPERIMENTAL_SPARSITY.",
        )
    if table.count(9, 4, "variant_tensors") or table.integer(10, "uint32", "external_buffer"):
        refuse_tensor(
            tensor.index,
            tensor.name,
            "has its data outside the file or holds other tensors; neither is supported. "
            "Convert the model into one plain .tflite file.",
        )


def _refuse_dynamic(tensor: Tensor, table: Table) -> None:
    """An input may leave only the batch open, which is then 1, as `shape` has it."""
    signature = table.integers(7, "int32", "shape_signature")
    if signature and len(signature) != len(tensor.shape):
        refuse_tensor(
            tensor.index,
            tensor.name,
            f"has {len(tensor.shape)} dimensions in its shape and {len(signature)} in its "
            "signature; they must agree. Convert the model again.",
        )
    for place, size in enumerate(signature):
        if size < 0 and (place > 0 or tensor.shape[0] != 1):
            refuse_tensor(
                tensor.index,
                tensor.name,
                f"is an input whose dimension {place} is left open; only the batch may be, and "
                "is then 1. Fix the input's shape before you convert: "
                "keras.Input(shape=..., batch_size=1).",
            )
        if size >= 0 and size != tensor.shape[place]:
            refuse_tensor(
                tensor.index,
                tensor.name,
                f"has {tensor.shape[place]} in dimension {place} of its shape and {size} in its "
                "signature; they must agree. Convert the model again.",
            )


def _quantization(index: int, name: str, table: Table, dtype: DType) -> Quantization | None:
    """Scales and zero points; None for a type that has none, or where the file gives no scale."""
    found = table.table(4, "quantization")
    if found is None or dtype in (DType.FLOAT32, DType.FLOAT16, DType.INT64, DType.BOOL):
        return None
    if found.integer(4, "uint8", "details_type"):
        refuse_tensor(
            index,
            name,
            "is quantised by blocks, several axes or a custom scheme; supported: one scale, or "
            "one a channel. Quantise the model per tensor or per channel.",
        )
    scales = found.numbers(2, "float32", "scale")
    points = found.integers(3, "int64", "zero_point")
    if not scales:
        return None
    if len(points) != len(scales):
        refuse_tensor(
            index,
            name,
            f"has {len(scales)} scales and {len(points)} zero points; they must be as many. "
            "Convert the model again.",
        )
    axis = found.integer(6, "int32", "quantized_dimension") if len(scales) > 1 else 0
    return Quantization(tuple(float(s) for s in scales), points, axis)
