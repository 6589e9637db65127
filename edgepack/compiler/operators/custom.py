"""What rows of custom operators read their options with.

TFLite stores the options of a custom operator as bytes that only the operator knows; most are
FlexBuffers maps.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from edgepack.graph import OptionValue

MAX_OPTION_BYTES = 2**16
Options = Mapping[str, OptionValue]
_BROKEN = (
    *(ValueError, TypeError, IndexError, KeyError, OverflowError),
    *(RecursionError, AttributeError, struct.error),
)


def flexbuffer_options(**defaults: OptionValue) -> Callable[[bytes], Options]:
    """A reader of a FlexBuffers map: these fields, of the type of their default.

    The reader raises ValueError where the bytes are no such map.
    """

    def read(data: bytes) -> Options:
        if not data:
            return dict(defaults)
        if len(data) > MAX_OPTION_BYTES:
            raise ValueError(f"{len(data)} bytes; the limit is {MAX_OPTION_BYTES}")
        from flatbuffers import flexbuffers

        try:
            root = flexbuffers.GetRoot(bytearray(data))
            if not root.IsMap:
                raise ValueError("not a map")
            found = {}
            for name, default in defaults.items():
                found[name] = _field(root.AsMap, name, default)
            return found
        except _BROKEN as error:
            raise ValueError(f"not a FlexBuffers map of {', '.join(defaults)}") from error

    return read


def _field(fields: Any, name: str, default: OptionValue) -> OptionValue:
    try:
        value = fields[name]
    except KeyError:
        return default
    if value.IsNull:
        return default
    if isinstance(default, bool):
        return bool(value.AsBool)
    if isinstance(default, int):
        return int(value.AsInt)
    if isinstance(default, float):
        return float(value.AsFloat)
    return str(value.AsString)
