"""Read flatbuffer tables from bytes that nobody has checked.

Every offset is checked before it is followed, in Python's unbounded integers, and the total of
what is decoded is bounded, so that a hostile file costs no more time than an honest one of its
size. Layout: https://flatbuffers.dev/internals (all numbers little-endian):

    root    uint32, the offset of the root table
    table   int32, the distance back to its vtable; then its fields
    vtable  uint16 own bytes, uint16 table bytes, then uint16 a slot: field offset, 0 for none
    vector  uint32 count, then the items; a string is a vector of bytes
"""

from __future__ import annotations

import struct
from typing import Literal, NoReturn

from edgepack.errors import ModelError

Scalar = Literal["int8", "uint8", "bool", "uint16", "int32", "uint32", "int64", "uint64", "float32"]
FORMATS = {
    "int8": "b",
    "uint8": "B",
    "bool": "B",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
}
DECODED_BYTES = 2**24  # how much of tables, numbers and names a small file may make us read


REPEATED = "it spells out more numbers, text or data than a model of its size has"


class Source:
    """The bytes of one file, and how much of them may still be decoded and copied.

    Tables may share vectors, so a small file can spell out endless work; an honest one is far
    from these bounds.
    """

    __slots__ = ("copies_left", "data", "left", "name")

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.left = DECODED_BYTES + len(data) // 4
        self.copies_left = 2 * len(data)

    def damaged(self, where: str, what: str) -> NoReturn:
        """Raise the ModelError of a broken structure."""
        raise ModelError(
            f"{self.name}: {where}: {what}; the file has {len(self.data)} bytes. "
            "It is damaged or cut short: download or convert it again."
        )

    def take(self, position: int, size: int, where: str) -> int:
        """The same position, after checking that `size` bytes from there are in the file."""
        if position < 0 or position + size > len(self.data):
            self.damaged(where, f"bytes {position} to {position + size} lie outside the file")
        return position

    def decode(self, position: int, size: int, where: str) -> int:
        """The same, for bytes that are turned into numbers or text."""
        self.spend(size, where)
        return self.take(position, size, where)

    def spend(self, size: int, where: str) -> None:
        """Count bytes that are made of the file's."""
        self.left -= size
        if self.left < 0:
            self.damaged(where, REPEATED)

    def copy(self, position: int, size: int, where: str) -> bytes:
        """A copy of bytes that were found to lie in the file."""
        self.copies_left -= size
        if self.copies_left < 0:
            self.damaged(where, REPEATED)
        return self.data[position : position + size]

    def number(self, kind: Scalar, position: int, where: str) -> int | float:
        """One number."""
        format = "<" + FORMATS[kind]
        size = struct.calcsize(format)
        self.decode(position, size, where)
        if position % size:
            self.damaged(where, f"the number at {position} is not at a multiple of {size}")
        value: int | float = struct.unpack_from(format, self.data, position)[0]
        return value

    def offset(self, position: int, where: str) -> int:
        """The position that the unsigned offset at `position` points to, a multiple of 4."""
        target = position + int(self.number("uint32", position, where))
        if target == position:
            self.damaged(where, "the offset is 0")
        if target % 4:
            self.damaged(where, f"position {target} is not a multiple of 4")
        return target


class Table:
    """One table. Slots count from 0 in the schema's order; an absent field is its default."""

    __slots__ = ("fields", "position", "size", "source", "where")

    def __init__(self, source: Source, position: int, where: str) -> None:
        vtable = position - int(source.number("int32", position, where))
        if vtable % 2:
            source.damaged(where, f"its vtable at {vtable} is not a multiple of 2")
        source.take(vtable, 4, where)
        size, table = struct.unpack_from("<HH", source.data, vtable)
        if size < 4 or size % 2 or table < 4:
            source.damaged(where, f"its vtable states {size} bytes for itself, {table} for it")
        source.decode(vtable, size, where)
        source.decode(position, table, where)
        self.source, self.position, self.where, self.size = source, position, where, table
        self.fields = struct.unpack_from(f"<{size // 2 - 2}H", source.data, vtable + 4)

    def _field(self, slot: int, size: int, name: str) -> int | None:
        """The position of a field, None where it is absent."""
        start = self.fields[slot] if slot < len(self.fields) else 0
        if start == 0:
            return None
        if start < 4 or start + size > self.size:
            self.source.damaged(
                f"{self.where}, {name}", f"field at {start} lies outside its table of {self.size}"
            )
        return self.position + start

    def scalar(self, slot: int, kind: Scalar, name: str, default: int | float = 0) -> int | float:
        """A number, its default where the field is absent."""
        position = self._field(slot, struct.calcsize(FORMATS[kind]), name)
        if position is None:
            return default
        return self.source.number(kind, position, f"{self.where}, {name}")

    def integer(self, slot: int, kind: Scalar, name: str, default: int = 0) -> int:
        """A whole number, its default where the field is absent."""
        return int(self.scalar(slot, kind, name, default))

    def _target(self, slot: int, name: str) -> int | None:
        position = self._field(slot, 4, name)
        return None if position is None else self.source.offset(position, f"{self.where}, {name}")

    def table(self, slot: int, name: str) -> Table | None:
        """A table, None where the field is absent."""
        target = self._target(slot, name)
        return None if target is None else Table(self.source, target, f"{self.where}, {name}")

    def _vector(self, slot: int, item_bytes: int, name: str) -> tuple[int, int] | None:
        """The position of a vector's first item, and how many there are."""
        target = self._target(slot, name)
        if target is None:
            return None
        where = f"{self.where}, {name}"
        count = int(self.source.number("uint32", target, where))
        self.source.take(target + 4, count * item_bytes, where)
        return target + 4, count

    def span_of(self, slot: int, item_bytes: int, name: str) -> tuple[int, int]:
        """Where a vector's first item lies, and how many there are; (0, 0) where it is absent."""
        return self._vector(slot, item_bytes, name) or (0, 0)

    def count(self, slot: int, item_bytes: int, name: str) -> int:
        """How many items a vector has; 0 where it is absent."""
        found = self._vector(slot, item_bytes, name)
        return 0 if found is None else found[1]

    def numbers(self, slot: int, kind: Scalar, name: str) -> tuple[int | float, ...]:
        """A vector of numbers; empty where the field is absent."""
        size = struct.calcsize(FORMATS[kind])
        found = self._vector(slot, size, name)
        if found is None:
            return ()
        self.source.decode(found[0], found[1] * size, f"{self.where}, {name}")
        return struct.unpack_from(f"<{found[1]}{FORMATS[kind]}", self.source.data, found[0])

    def integers(self, slot: int, kind: Scalar, name: str) -> tuple[int, ...]:
        """A vector of whole numbers; empty where the field is absent."""
        return tuple(int(v) for v in self.numbers(slot, kind, name))

    def tables(self, slot: int, name: str, item: str, limit: int) -> list[Table]:
        """A vector of at most `limit` tables, each called `item` and its number in messages."""
        found = self._vector(slot, 4, name)
        if found is None:
            return []
        start, count = found
        if count > limit:
            self.source.damaged(f"{self.where}, {name}", f"{count} of them; the limit is {limit}")
        prefix = "" if self.where == "model" else f"{self.where}, "
        result = []
        for index in range(count):
            where = f"{prefix}{item} {index}"
            result.append(Table(self.source, self.source.offset(start + 4 * index, where), where))
        return result

    def span(self, slot: int, name: str) -> tuple[int, int] | None:
        """Where a vector of bytes lies: its position and size; None where it is absent."""
        return self._vector(slot, 1, name)

    def string(self, slot: int, name: str, limit: int = 4096) -> str:
        """A string in UTF-8, cut at `limit` bytes; empty where the field is absent."""
        found = self._vector(slot, 1, name)
        if found is None:
            return ""
        start, count = found
        where = f"{self.where}, {name}"
        end = self.source.take(start + count, 1, where)
        self.source.decode(start, count, where)
        if self.source.data[end] != 0:
            self.source.damaged(where, "the text does not end where it says")
        raw = self.source.data[start : start + min(count, limit)]
        try:
            return raw.decode("utf-8", errors="strict" if count <= limit else "ignore")
        except UnicodeDecodeError:
            self.source.damaged(where, "the text is not UTF-8")


def root(source: Source) -> Table:
    """The root table."""
    return Table(source, source.offset(0, "root"), "model")
