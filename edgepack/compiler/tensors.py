"""The tensors of a subgraph of a .tflite file, one by one."""

from __future__ import annotations

from dataclasses import replace

from edgepack.compiler.constants import Shared, constant_bytes, first_contents
from edgepack.compiler.flatbuffer import Table
from edgepack.compiler.schema_names import TENSOR_TYPES
from edgepack.compiler.sparse import read_layout
from edgepack.compiler.validator import refuse_tensor
from edgepack.compiler.variables import HANDLE
from edgepack.graph import DType, Quantization, Tensor

MAX_RANK = 8
DTYPES = {dtype.tflite: dtype for dtype in DType}
RESOURCE = 13


def read_tensors(
    tables: list[Table],
    names: list[str],
    buffers: list[Table],
    shared: Shared,
    used: set[int],
    inputs: frozenset[int],
) -> tuple[Tensor, ...]:
    """Every tensor; of one that no operator touches only the number and the name matter.

    `inputs` are those of the whole model.
    """
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
    if number == RESOURCE:
        return Tensor(index, name, (), DType.INT8, variable=HANDLE)
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
    sparse = table.table(6, "sparsity")
    layout = read_layout(sparse) if sparse is not None else None
    number = table.integer(2, "uint32", "buffer")
    data = constant_bytes(tensor, number, buffers, shared, layout)
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
                "is then 1. Give the input its shape, --shape NAME=1,..., or fix it before you "
                "convert: keras.Input(shape=..., batch_size=1).",
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
