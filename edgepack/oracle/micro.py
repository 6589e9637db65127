"""TFLite Micro's interpreter with the face of LiteRT's, for `child.py`.

It is run beside that file and imports nothing of edgepack.
"""

from __future__ import annotations

import struct
from typing import Any

ARENA_BYTES = 64 << 20
OUTPUTS = 1 << 20  # the tensors' numbers here: inputs from 0, outputs from this
_SUBGRAPHS, _INPUTS, _OUTPUTS = 2, 1, 2  # slots of Model and SubGraph in TFLite's schema


class Micro:
    """One model; tensors inside it cannot be read."""

    def __init__(self, model: bytes) -> None:
        from tflite_micro.python.tflite_micro import runtime

        self._inputs, self._outputs = _ports(model)
        self._interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES)

    def allocate_tensors(self) -> None:
        """Nothing: the interpreter did it when it was made."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Number, shape and type of each input."""
        details = [self._interpreter.get_input_details(i) for i in range(self._inputs)]
        return [
            {"index": i, "shape": d["shape"], "dtype": d["dtype"]} for i, d in enumerate(details)
        ]

    def get_output_details(self) -> list[dict[str, Any]]:
        """The number of each output."""
        return [{"index": OUTPUTS + i} for i in range(self._outputs)]

    def set_tensor(self, index: int, values: Any) -> None:
        """Set an input."""
        self._interpreter.set_input(values, index)

    def invoke(self) -> None:
        """Run once."""
        self._interpreter.invoke()

    def get_tensor(self, index: int) -> Any:
        """A copy of an output."""
        return self._interpreter.get_output(index - OUTPUTS).copy()


def _ports(model: bytes) -> tuple[int, int]:
    """How many inputs and outputs the first subgraph has."""
    root = struct.unpack_from("<I", model, 0)[0]
    subgraphs = _vector(model, root, _SUBGRAPHS)
    assert subgraphs is not None
    first = subgraphs[0] + struct.unpack_from("<I", model, subgraphs[0])[0]
    counts = [_vector(model, first, slot) for slot in (_INPUTS, _OUTPUTS)]
    return tuple(0 if vector is None else vector[1] for vector in counts)  # type: ignore[return-value]


def _vector(model: bytes, table: int, slot: int) -> tuple[int, int] | None:
    """Where the elements of a table's vector start, and how many there are."""
    fields = table - struct.unpack_from("<i", model, table)[0]
    if 4 + 2 * slot + 2 > struct.unpack_from("<H", model, fields)[0]:
        return None
    offset = struct.unpack_from("<H", model, fields + 4 + 2 * slot)[0]
    if offset == 0:
        return None
    place = table + offset
    start = place + struct.unpack_from("<I", model, place)[0]
    return start + 4, struct.unpack_from("<I", model, start)[0]
