"""Values as C source: identifiers, literals, initialisers."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Sequence

VALUES_A_LINE = 12
COLUMNS = 100
_CODES = {
    "int8_t": "b",
    "uint8_t": "B",
    "bool": "B",
    "int16_t": "h",
    "uint16_t": "H",
    "int32_t": "i",
    "uint32_t": "I",
    "int64_t": "q",
    "uint64_t": "Q",
    "float": "f",
}
_BYTE = {
    "b": [str(v) if v < 128 else str(v - 256) for v in range(256)],
    "B": [f"{v}U" for v in range(256)],
}


def identifier(text: str) -> str:
    """`text` in lower case with everything but letters, digits and `_` replaced.

    The result starts with a letter and has at most 40 characters, but it may be a C keyword and
    need not be unique: a caller adds a prefix or a number.
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.encode("ascii", "replace").decode().lower()).strip("_")
    name = name[:40].rstrip("_")
    return name if name[:1].isalpha() else f"t{'_' if name else ''}{name}"


def float_literal(value: float) -> str:
    """A C literal that gives exactly this single-precision value."""
    single = struct.unpack("<f", struct.pack("<f", value))[0]
    if math.isnan(single):
        return '__builtin_nanf("")'
    if math.isinf(single):
        return "__builtin_inff()" if single > 0 else "-__builtin_inff()"
    text = f"{single:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def integer_literal(value: int, bits: int = 32, signed: bool = True) -> str:
    """A C literal of that integer: its type fits the value, the least one included."""
    if not signed:
        return f"UINT64_C({value})" if bits == 64 else f"{value}U"
    if value == -(1 << (bits - 1)) and bits >= 32:
        return f"INT{bits}_MIN"
    return f"INT64_C({value})" if bits == 64 else str(value)


def literal(ctype: str, value: int | float) -> str:
    """A C literal of that type."""
    code = _CODES[ctype]
    if code == "f":
        return float_literal(value)
    if ctype == "bool":
        return "true" if value else "false"
    assert isinstance(value, int)
    return integer_literal(value, struct.calcsize("<" + code) * 8, code.islower())


def field_literal(value: int | float | Sequence[int] | Sequence[float]) -> str:
    """A struct's field: an int, a float, or an array of them in braces."""
    if isinstance(value, (tuple, list)):
        return f"{{{', '.join(field_literal(v) for v in value)}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -(2**31) <= value < 2**32:
            return integer_literal(value, 64)
        return integer_literal(value) if value < 2**31 else f"{value}U"
    assert isinstance(value, float)
    return float_literal(value)


def element_count(ctype: str, data: bytes) -> int:
    """How many elements of that type the bytes hold."""
    return len(data) // struct.calcsize("<" + _CODES[ctype])


def array_lines(ctype: str, data: bytes) -> str:
    """The elements of little-endian `data` as C literals, 12 a line, each line indented by 4."""
    return "\n".join(_lines(_element_texts(ctype, data)))


def _element_texts(ctype: str, data: bytes) -> list[str]:
    code = _CODES[ctype]
    if ctype == "bool":
        return ["true" if v else "false" for v in data]
    if code in _BYTE:
        table = _BYTE[code]
        return [table[v] for v in data]
    values = struct.unpack(f"<{element_count(ctype, data)}{code}", data)
    if code == "f":
        return [float_literal(v) for v in values]
    bits = struct.calcsize("<" + code) * 8
    return [integer_literal(v, bits, code.islower()) for v in values]


def _lines(texts: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(texts), VALUES_A_LINE):
        yield f"    {', '.join(texts[start : start + VALUES_A_LINE])},"


def call(function: str, arguments: Sequence[str], indent: str = "    ") -> str:
    """A call as a statement, indented and wrapped below the opening bracket."""
    lines = [f"{indent}{function}("]
    margin = " " * len(lines[0])
    for place, argument in enumerate(arguments):
        text = argument + (", " if place + 1 < len(arguments) else ");")
        if lines[-1].strip() and len(lines[-1]) + len(text.rstrip()) > COLUMNS and place:
            lines.append(margin)
        lines[-1] += text
    return "\n".join(line.rstrip() for line in lines)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it stands in comments: `[1,25,5,64]`."""
    return f"[{','.join(map(str, shape))}]"
