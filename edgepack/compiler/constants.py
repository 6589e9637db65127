"""The bytes of a model's constants."""

from __future__ import annotations

import math

from edgepack.compiler.flatbuffer import Table
from edgepack.compiler.operators.checks import tensor_text
from edgepack.compiler.sparse import Layout, dense_bytes
from edgepack.errors import ModelError
from edgepack.graph import DType, Tensor

Shared = dict[tuple[int, int, DType], bytes]
MAX_STATE_BYTES = 2**22
MAX_DENSE_BYTES = 2**22
OFFSET_UNUSED = 1  # the converter writes 0 or 1 where it does not use the offset form


def constant_bytes(
    tensor: Tensor,
    number: int,
    buffers: list[Table],
    shared: Shared,
    layout: Layout | None = None,
) -> bytes | None:
    """The little-endian bytes of a tensor's buffer; None where the tensor is computed.

    Exactly product(shape) times the element's size, int4 unpacked to one byte an element.
    `shared` keeps one copy of what several tensors point to.
    """
    if number >= len(buffers):
        raise ModelError(
            f"{tensor_text(tensor)}: its buffer is {number}; the file has {len(buffers)} buffers. "
            "It is damaged: download or convert it again."
        )
    buffer = buffers[number]
    if buffer.integer(1, "uint64", "offset") > OFFSET_UNUSED:
        raise ModelError(
            f"{tensor_text(tensor)}: its data lies behind the model, the form of files over 2 GB; "
            "only data inside the model is supported. Convert the model again; it must be small."
        )
    span = buffer.span(0, "data")
    if span is None or span[1] == 0:
        return None
    if number == 0:
        raise ModelError(
            f"{tensor_text(tensor)}: buffer 0 has {span[1]} bytes; it must be empty, it stands "
            "for no data. The file is damaged: convert the model again."
        )
    if layout is not None:
        return _densified(tensor, buffer, span, layout)
    _require_size(tensor, span[1])
    key = (*span, tensor.dtype)
    if key not in shared:
        raw = buffer.source.copy(*span, buffer.where)
        shared[key] = _decoded(tensor, raw)
    return shared[key]


def first_contents(tensor: Tensor, data: bytes | None) -> bytes:
    """What a tensor that keeps its contents holds at first, as LiteRT's ResetVariableTensor.

    Bytes of the zero point where it is int8, else of 0.
    """
    if data is not None:
        raise ModelError(
            f"{tensor_text(tensor)}: a variable with contents of its own; one starts at zero, "
            "which needs no data. Convert the model again."
        )
    count = math.prod(max(0, size) for size in tensor.shape) * tensor.dtype.bytes
    if count > MAX_STATE_BYTES:
        raise ModelError(
            f"{tensor_text(tensor)}: {count} bytes to keep between inferences; the limit is "
            f"{MAX_STATE_BYTES}. Make the layer smaller."
        )
    fill = tensor.zero_point & 255 if tensor.dtype is DType.INT8 else 0
    return bytes([fill]) * count


def _densified(tensor: Tensor, buffer: Table, span: tuple[int, int], layout: Layout) -> bytes:
    whole = math.prod(tensor.shape) * tensor.dtype.bytes
    if any(size <= 0 for size in tensor.shape) or whole > MAX_DENSE_BYTES:
        raise ModelError(
            f"{tensor_text(tensor)}: {whole} bytes once its zeros are written out; at most "
            f"{MAX_DENSE_BYTES} are supported, and no size below 1. Make the layer smaller."
        )
    if tensor.dtype is DType.INT4 or span[1] % tensor.dtype.bytes:
        raise ModelError(
            f"{tensor_text(tensor)}: it is stored sparse in {span[1]} bytes, which are no whole "
            "elements of a type that may be. Convert the model again."
        )
    buffer.source.spend(whole, tensor_text(tensor))
    return dense_bytes(tensor, layout, buffer.source.copy(*span, buffer.where))


def _require_size(tensor: Tensor, have: int) -> None:
    need = math.prod(tensor.shape) * tensor.dtype.bytes
    if tensor.dtype is DType.INT4:
        need = (math.prod(tensor.shape) + 1) // 2
    if have != need or any(size <= 0 for size in tensor.shape):
        raise ModelError(
            f"{tensor_text(tensor)}: its buffer has {have} bytes, its shape and type need {need}; "
            "they must agree. The file is damaged: download or convert it again."
        )


def _decoded(tensor: Tensor, raw: bytes) -> bytes:
    import numpy as np

    if tensor.dtype is DType.INT4:
        packed = np.frombuffer(raw, np.uint8)
        both = np.stack([packed & 15, packed >> 4], axis=1).reshape(-1)[: math.prod(tensor.shape)]
        return ((both ^ 8).astype(np.int8) - np.int8(8)).astype(np.int8).tobytes()
    if tensor.dtype is DType.BOOL and set(raw) - {0, 1}:
        raise ModelError(
            f"{tensor_text(tensor)}: it holds bytes other than 0 and 1; a bool is one of them. "
            "The file is damaged: download or convert it again."
        )
    if tensor.dtype in (DType.FLOAT32, DType.FLOAT16):
        values = np.frombuffer(raw, tensor.dtype.numpy)
        bad = int(np.isnan(values).sum())
        if bad:
            raise ModelError(
                f"{tensor_text(tensor)}: {bad} of its constants are NaN; every one must be a "
                "number. The training diverged: train the model again."
            )
    return raw
