"""Which of a file's functions is the model, how its ends are called, and how large its inputs are.

The choice is written into the file itself, so that the reader and every interpreter see one plain
model: the function comes first among the subgraphs, and its inputs have the shapes asked for.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from edgepack.compiler.file_kinds import require_tflite
from edgepack.compiler.flatbuffer import Source, Table, root
from edgepack.compiler.operators.checks import printable
from edgepack.errors import UsageError
from edgepack.graph import Graph

MAX_SIGNATURES = 1_000
MAX_ENDS = 10_000
MAX_SIZE = 2**24  # of one dimension
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file whose first subgraph is the model, and its signature's names, by tensor."""

    data: bytes
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]
    resized: bool

    def named(self, graph: Graph) -> Graph:
        """The graph with the signature's names; a tensor's own where it has none there."""

        def names(ends: tuple[int, ...], known: Mapping[int, str]) -> tuple[str, ...]:
            if not known:
                return ()
            return tuple(known.get(index) or graph.tensor(index).name for index in ends)

        return dataclasses.replace(
            graph,
            input_names=names(graph.inputs, self.inputs),
            output_names=names(graph.outputs, self.outputs),
        )


@dataclass(frozen=True, slots=True)
class _Signature:
    key: str
    subgraph: int
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]


def choose_entry(
    data: bytes, name: str, signature: str = "", shapes: Shapes | None = None
) -> Entry:
    """The file with the signature's function first, and its inputs in these shapes.

    Without `signature`, the only one is taken, or the first subgraph where there is none. Inputs
    in `shapes` go by the signature's name, the tensor's name, or x0, x1, ... by place. UsageError
    where a signature has to be chosen, or no signature or input has the name, or a shape has
    another number of dimensions than the input.
    """
    require_tflite(data, printable(name))
    source = Source(data, printable(name))
    model = root(source)
    found = [_read(table) for table in model.tables(7, "signatures", "signature", MAX_SIGNATURES)]
    chosen = _chosen(found, signature, source.name)
    patched = bytearray(data)
    if chosen.subgraph:
        _put_first(model, chosen.subgraph, patched)
    if shapes:
        _resize(model, chosen, shapes, patched)
    return Entry(bytes(patched), chosen.inputs, chosen.outputs, bool(shapes))


def _read(table: Table) -> _Signature:
    ends = []
    for slot, role in ((0, "inputs"), (1, "outputs")):
        maps = table.tables(slot, role, role[:-1], MAX_ENDS)
        ends.append({m.integer(1, "uint32", "tensor_index"): m.string(0, "name") for m in maps})
    key, number = table.string(2, "key"), table.integer(4, "uint32", "subgraph_index")
    return _Signature(key, number, ends[0], ends[1])


def _chosen(found: list[_Signature], key: str, name: str) -> _Signature:
    known = ", ".join(sorted(printable(signature.key) for signature in found)) or "none"
    if key:
        for signature in found:
            if signature.key == key:
                return signature
        raise UsageError(f"{name}: it has no signature {printable(key)!r}; it has: {known}")
    if len(found) > 1:
        raise UsageError(
            f"{name}: it has {len(found)} signatures: {known}; choose one with --signature"
        )
    return found[0] if found else _Signature("", 0, {}, {})


def _put_first(model: Table, number: int, patched: bytearray) -> None:
    """Exchange subgraph 0 and another one; no operator may call the former."""
    first, count = model.span_of(2, 4, "subgraphs")
    if number >= count:
        model.source.damaged("signature", f"its subgraph is {number}; there are {count}")
    places = (first, first + 4 * number)
    targets = [model.source.offset(place, "subgraphs") for place in places]
    for place, target in zip(places, reversed(targets), strict=True):
        if target <= place:
            model.source.damaged("subgraphs", "an offset points back")
        struct.pack_into("<I", patched, place, target - place)


def _resize(model: Table, chosen: _Signature, shapes: Shapes, patched: bytearray) -> None:
    graphs = model.tables(2, "subgraphs", "subgraph", MAX_SIGNATURES)
    if chosen.subgraph >= len(graphs):
        model.source.damaged("subgraphs", f"{chosen.subgraph} is wanted; there are {len(graphs)}")
    graph = graphs[chosen.subgraph]
    tensors = graph.tables(0, "tensors", "tensor", MAX_ENDS)
    names: dict[str, int] = {}
    for place, index in enumerate(graph.integers(1, "int32", "inputs")):
        if not 0 <= index < len(tensors):
            graph.source.damaged("inputs", f"tensor {index} is not there")
        for name in (f"x{place}", tensors[index].string(3, "name"), chosen.inputs.get(index)):
            if name:
                names.setdefault(name, index)
    for name, shape in shapes.items():
        if name not in names:
            known = ", ".join(printable(n) for n in names)
            raise UsageError(
                f"{model.source.name}: no input is called {printable(name)!r}; there are: {known}"
            )
        _write_shape(tensors[names[name]], name, shape, patched)


def _write_shape(tensor: Table, name: str, shape: tuple[int, ...], patched: bytearray) -> None:
    old = tensor.integers(0, "int32", "shape")
    if len(old) != len(shape) or not all(0 < size <= MAX_SIZE for size in shape):
        raise UsageError(
            f"{tensor.source.name}: input {printable(name)!r} has the shape {list(old)}; "
            f"{list(shape)} must have as many sizes, each from 1 to {MAX_SIZE}"
        )
    for slot, what in ((0, "shape"), (7, "shape_signature")):
        start, count = tensor.span_of(slot, 4, what)
        if count == len(shape):
            struct.pack_into(f"<{count}i", patched, start, *shape)
