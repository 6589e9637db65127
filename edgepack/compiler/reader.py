"""A .tflite file's bytes to a validated `Graph`.

Only what a graph needs is read: metadata, unused tensors and unused buffers are never touched. Slot
numbers are those of TFLite's schema (schema.fbs, version 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgepack.compiler.constants import Shared
from edgepack.compiler.file_kinds import require_tflite
from edgepack.compiler.flatbuffer import Source, Table, root
from edgepack.compiler.identifiers import identifier
from edgepack.compiler.intermediates import with_intermediates
from edgepack.compiler.operators import TABLE
from edgepack.compiler.operators.checks import printable
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.schema_names import OPERATORS
from edgepack.compiler.subgraphs import Reading, complete
from edgepack.compiler.tensors import MAX_RANK, read_tensors
from edgepack.compiler.unsupported import unsupported_custom, unsupported_operator
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, DType, Graph, Operator, OptionValue, Tensor

MAX_FILE_BYTES = 64 * 2**20
MAX_TENSORS = 10_000
MAX_OPERATORS = 10_000
MAX_CODES = 1_000
MAX_SUBGRAPHS = 1_000
MAX_BUFFERS = 20_000
CUSTOM = 32


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the model's list of operator codes."""

    number: int
    custom: str
    version: int


def read_model(
    data: bytes,
    name: str = "model",
    own: Sequence[OperatorRow] = (),
    *,
    resized: bool = False,
) -> Graph:
    """Parse and validate a .tflite file; the model is its first subgraph.

    `name` is made a C identifier; `own` are the rows of the user's custom operators. An open batch
    is 1; `resized` says that inputs have other shapes than the rest of the file was written for.
    Raises ModelError, which says where, what, the limit and the next step, for
    anything else than a model that edgepack can compile as a whole.
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
    file = _File(model, hashlib.sha256(data).hexdigest(), {row.kind: row for row in own})
    main = replace(file.subgraph(0), name=identifier(name))
    return complete(main, Reading(file.subgraph, file.is_open, resized=resized))


class _File:
    """A file's subgraphs, each read once and only when something runs it."""

    def __init__(self, model: Table, sha256: str, own: Mapping[str, OperatorRow]) -> None:
        self._model = model
        self._own = own
        self._sha256 = sha256
        self._codes = _codes(model)
        self._tables = model.tables(2, "subgraphs", "subgraph", MAX_SUBGRAPHS)
        self._buffers = model.tables(4, "buffers", "buffer", MAX_BUFFERS)
        self._shared: Shared = {}
        self._read: dict[int, Graph] = {}
        self._open: set[int] = set()

    def subgraph(self, number: int) -> Graph:
        """One of them as it stands in the file, not validated."""
        if not 0 <= number < len(self._tables):
            raise ModelError(
                f"{self._model.source.name}: subgraph {number} is wanted, it has "
                f"{len(self._tables)} subgraphs. The file is damaged: download or convert it again."
            )
        if number not in self._read:
            self._read[number] = self._graph(number)
        return self._read[number]

    def is_open(self, number: int) -> bool:
        """Whether the file leaves open what shape an operator of a subgraph gives its output."""
        return number in self._open

    def _graph(self, number: int) -> Graph:
        graph = self._tables[number]
        tables = graph.tables(0, "tensors", "tensor", MAX_TENSORS)
        names = [table.string(3, "name") for table in tables]
        operators = _operators(graph, self._codes, names, self._own)
        inputs = graph.integers(1, "int32", "inputs")
        outputs = graph.integers(2, "int32", "outputs")
        made = {*range(len(tables))} - {*inputs}
        if any(-1 in tables[t].integers(7, "int32", "shape_signature") for t in made):
            self._open.add(number)
        for role, ends in (("input", inputs), ("output", outputs)):
            _check_ends(graph, role, ends, len(names))
        used = {t for op in operators for t in (*op.inputs, *op.outputs)} | {*inputs, *outputs}
        own = frozenset(inputs if number == 0 else ())
        tensors = read_tensors(tables, names, self._buffers, self._shared, used, own)
        if number:
            tensors = tuple(_shared_state(tensor, number) for tensor in tensors)
        name = graph.string(4, "name")
        operators = _to_scalars(operators, tensors, inputs)
        return Graph(name, self._sha256, tensors, operators, inputs, outputs)


def _to_scalars(
    operators: tuple[Operator, ...], tensors: Sequence[Tensor], inputs: Sequence[int]
) -> tuple[Operator, ...]:
    """RESHAPE by a constant shape without elements, as one without a shape: to a scalar."""
    made = {t for op in operators for t in op.outputs} | {*inputs}
    empty = {
        tensor.index
        for tensor in tensors
        if tensor.shape == (0,) and tensor.dtype is DType.INT32 and tensor.index not in made
    }
    return tuple(
        replace(op, inputs=op.inputs[:1], options={**op.options, "new_shape": ()})
        if op.kind == "RESHAPE" and len(op.inputs) == 2 and op.inputs[1] in empty
        else op
        for op in operators
    )


def _check_ends(graph: Table, role: str, ends: tuple[int, ...], tensors: int) -> None:
    for place, index in enumerate(ends):
        if not 0 <= index < tensors:
            raise ModelError(
                f"{graph.source.name}, {graph.where}: {role} {place} is tensor {index}; it has "
                f"{tensors} tensors. The file is damaged: download or convert it again."
            )


def _shared_state(tensor: Tensor, number: int) -> Tensor:
    """What a subgraph keeps is one tensor, from wherever it is called."""
    if tensor.state is None:
        return tensor
    return replace(tensor, variable=f"subgraph {number}, tensor {tensor.index}")


def _codes(model: Table) -> list[Code]:
    codes = []
    for table in model.tables(1, "operator codes", "operator code", MAX_CODES):
        old = table.integer(0, "int8", "deprecated_builtin_code")
        new = table.integer(3, "int32", "builtin_code")
        version = table.integer(2, "int32", "version", 1)
        codes.append(Code(max(old, new), table.string(1, "custom_code"), version))
    return codes


def _operators(
    graph: Table, codes: list[Code], names: list[str], own: Mapping[str, OperatorRow]
) -> tuple[Operator, ...]:
    tables = graph.tables(3, "operators", "operator", MAX_OPERATORS)
    tensors = graph.tables(0, "tensors", "tensor", MAX_TENSORS)
    return tuple(
        with_intermediates(_operator(index, table, codes, names, own), table, tensors)
        for index, table in enumerate(tables)
    )


def _operator(
    index: int,
    table: Table,
    codes: list[Code],
    names: list[str],
    own: Mapping[str, OperatorRow],
) -> Operator:
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
        return _custom(
            Operator(index, code.custom, inputs, outputs, {}, code.version),
            table,
            own.get(code.custom),
            name,
        )
    row = TABLE.get(kind)
    if row is None:
        raise unsupported_operator(index, kind, name, TABLE)
    where = f"op {index} {kind} '{printable(name)}'"
    if not 1 <= code.version <= 100:
        table.source.damaged(where, f"operator version {code.version}; it must lie in 1 to 100")
    options = _options(table, where, row.options_type, row.options)
    return Operator(index, kind, inputs, outputs, options, code.version)


def _custom(op: Operator, table: Table, own: OperatorRow | None, name: str) -> Operator:
    """A custom operator with the options that its row reads; the user's row before the table's."""
    row = own or TABLE.get(op.kind)
    if row is None or row.custom is None:
        raise unsupported_custom(op.index, op.kind, name)
    where = f"op {op.index} {op.kind} '{printable(name)}'"
    span = table.span(5, "custom options")
    try:
        options = row.custom(table.source.copy(*span, where) if span else b"")
    except ValueError as error:
        table.source.damaged(where, f"its options: {error}")
    return replace(op, options=options, own=own)


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
