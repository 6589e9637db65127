"""How often each block of one function ran: the file that the emulator's process counts in.

Its layout is that of `unicorn_core.c`: finished runs, blocks for which there was no room, then for
each block its address, bytes with the lap above their 16 bits, runs, and how often it ended in a
jump.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from edgepack.errors import ToolchainError
from edgepack.target.cycles import Block

_HEADER = struct.Struct("=QQ")
_TALLY = struct.Struct("=IIQQ")
_BLOCKS = 1 << 15


@dataclass(frozen=True, slots=True)
class Counting:
    """A function's address, and the file for the counts of its blocks and of what it calls.

    `lap_entry` is a function that it calls between its parts, which are counted apart; 0 for none.
    """

    entry: int
    file: Path
    lap_entry: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """The blocks of `runs` finished runs together."""

    runs: int
    blocks: tuple[Block, ...]


def prepare(file: Path) -> None:
    """A file for the counts, all zero."""
    file.write_bytes(bytes(_HEADER.size + _BLOCKS * _TALLY.size))


def capacity(size: int) -> int:
    """How many blocks a file of `size` bytes has room for."""
    return (size - _HEADER.size) // _TALLY.size


def read(file: Path) -> Counted:
    """What was counted; ToolchainError where there were too many blocks."""
    data = file.read_bytes()
    runs, lost = _HEADER.unpack_from(data)
    if lost:
        raise ToolchainError(
            f"the emulator counts at most {capacity(len(data))} blocks, and the model has more; "
            "bench it without --cycles"
        )
    tallies = _TALLY.iter_unpack(data[_HEADER.size :])
    blocks = (
        Block(address, size & 0xFFFF, count, taken, size >> 16)
        for address, size, count, taken in tallies
        if size
    )
    return Counted(runs, tuple(blocks))
