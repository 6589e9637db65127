"""Fourier transforms of TFLite Micro's signal library: rows of the table of operators."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_same_type,
    require_shape,
    require_type,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.operators.signal import one_step, signal_row
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import Argument, Const, Lowered, LowerSpec, Params

SHORTEST, LONGEST = 4, 2**15
TYPES = ("int16", "int32", "float32")
_TOP = {"INT16": 2**15 - 1, "INT32": 2**31 - 1}


def turn_table(angles: NDArray[np.float64], tensor: Tensor) -> bytes:
    """cos and sin of each angle in turn, in the tensor's type: full scale is the largest value."""
    both = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if tensor.dtype.name in _TOP:
        both = np.floor(0.5 + _TOP[tensor.dtype.name] * both)
    return both.astype(tensor.dtype.numpy).tobytes()


def transform_tables(length: int, tensor: Tensor, inverse: bool) -> tuple[bytes, bytes]:
    """The turns of the passes, and those between a half-length transform and a real spectrum."""
    count = length // 2
    sign = 1.0 if inverse else -1.0
    turns = sign * 2 * math.pi * np.arange(max(1, 3 * count // 4)) / count
    halves = sign * math.pi * ((np.arange(count // 2) + 1) / count + 0.5)
    return turn_table(turns, tensor), turn_table(halves, tensor)


def _length(op: Operator, graph: Graph) -> int:
    length = op.option("fft_length")
    require(
        SHORTEST <= length <= LONGEST and length & (length - 1) == 0,
        op,
        graph,
        f"fft_length is {length}; it must be a power of 2 from {SHORTEST} to {LONGEST}. "
        "Pad the frames to such a length.",
    )
    return int(length)


def check_transform(op: Operator, graph: Graph) -> None:
    """Real values [..., up to length] to [..., length + 2], or the other way; one type."""
    length = _length(op, graph)
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    require_type(op, graph, x, TYPES)
    require_same_type(op, graph, x, y)
    require(bool(x.shape), op, graph, f"its input is a scalar; frames are needed. {RECONVERT}.")
    if op.kind == "SignalIrfft":
        require_shape(op, graph, x, (*x.shape[:-1], length + 2))
        require_shape(op, graph, y, (*x.shape[:-1], length))
        return
    require(
        x.shape[-1] <= length,
        op,
        graph,
        f"fft_length is {length}, its frames have {x.shape[-1]} samples; they may not be longer. "
        "Use a longer transform.",
    )
    require_shape(op, graph, y, (*x.shape[:-1], length + 2))


def lower_transform(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    """One kernel with its two tables of turns."""
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    length, inverse = op.option("fft_length"), op.kind == "SignalIrfft"
    ctype, suffix = x.dtype.ctype, calls.SUFFIX[x.dtype]
    turns, halves = transform_tables(length, x, inverse)
    fields = (
        ("batches", x.elements // x.shape[-1]),
        ("given", x.shape[-1]),
        ("length", length),
        ("bits", length.bit_length() - 2),
    )
    arguments: tuple[Argument, ...] = (
        Params("ep_fft_t", fields),
        Const("turns", ctype, turns, "tables"),
        Const("halves", ctype, halves, "tables"),
        *calls.refs(x, y),
    )
    kernel = f"ep_{'irfft' if inverse else 'rfft'}_{suffix}"
    return one_step(op, graph, kernel, f"ep_rfft_{suffix}", arguments)


ROWS: tuple[OperatorRow, ...] = tuple(
    signal_row(
        kind,
        {"T": 7, "fft_length": 0},
        (1, 1),
        check_transform,
        lower_transform,
        types=TYPES,
    )
    for kind in ("SignalRfft", "SignalIrfft")
)
