"""Frames on the serial line: COBS between zero bytes, CRC-32 behind, text in between ignored."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from cobs import cobs

MAGIC = 0xE5
PAYLOAD_BYTES = 236
_HEADER = struct.Struct("<BBBBII")
_MAX_WIRE = _HEADER.size + PAYLOAD_BYTES + 4 + 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One request, or one answer (`type` with bit 7 set)."""

    type: int
    status: int
    flags: int
    session: int
    sequence: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """The frame as it goes onto the line, both delimiters included."""
    assert len(frame.payload) <= PAYLOAD_BYTES
    body = (
        _HEADER.pack(MAGIC, frame.type, frame.status, frame.flags, frame.session, frame.sequence)
        + frame.payload
    )
    coded: bytes = cobs.encode(body + struct.pack("<I", zlib.crc32(body)))
    return b"\0" + coded + b"\0"


def decode(chunk: bytes) -> Frame | None:
    """The frame in the bytes between two delimiters; None for text, noise or a bad CRC."""
    try:
        body = cobs.decode(chunk)
    except cobs.DecodeError:
        return None
    if len(body) < _HEADER.size + 4 or body[0] != MAGIC:
        return None
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    _, kind, status, flags, session, sequence = _HEADER.unpack_from(body)
    return Frame(kind, status, flags, session, sequence, body[_HEADER.size : -4])


class Deframer:
    """Finds the frames in a stream that may hold anything."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The whole frames that `data` completes, in order."""
        *chunks, rest = (self._rest + data).split(b"\0")
        self._rest = rest if len(rest) <= _MAX_WIRE else rest[-_MAX_WIRE - 1 :]
        found = (decode(chunk) for chunk in chunks if 0 < len(chunk) <= _MAX_WIRE)
        return [frame for frame in found if frame is not None]
