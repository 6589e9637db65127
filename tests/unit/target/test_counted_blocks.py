"""The emulator's own counting of blocks, called as the engine calls it."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import pytest

from edgepack.errors import ToolchainError
from edgepack.target import block_counts, unicorn_library
from edgepack.target.block_counts import Counted
from edgepack.target.cycles import Block

CALLER, BEHIND, ENTRY, LOOP, TAIL, ELSEWHERE = 0x100, 0x104, 0x200, 0x208, 0x210, 0x300
SIZES = {CALLER: 4, BEHIND: 4, ENTRY: 8, LOOP: 8, TAIL: 4, ELSEWHERE: 6}
RUN = (CALLER, ENTRY, LOOP, LOOP, LOOP, TAIL)


@pytest.fixture
def devices(tmp_path: Path) -> ctypes.CDLL:
    """A library of its own: what it counts in is static."""
    try:
        library = unicorn_library.library()
    except ToolchainError as error:
        pytest.skip(str(error))
    return ctypes.CDLL(str(shutil.copy(library, tmp_path / "devices.so")))


def counted(devices: ctypes.CDLL, blocks: tuple[int, ...], file: Path, room: int = 64) -> Counted:
    memory = (ctypes.c_uint8 * (16 + 24 * room))()
    devices.machine_setup(0, 0, ctypes.c_uint64(1), None, None, 0, 0)
    devices.machine_count(memory, ctypes.c_uint32(room), ctypes.c_uint64(ENTRY))
    for address in blocks:
        devices.on_counted_block(None, ctypes.c_uint64(address), SIZES[address], None)
    file.write_bytes(bytes(memory))
    return block_counts.read(file)


def test_a_function_and_what_it_calls_are_counted(devices: ctypes.CDLL, tmp_path: Path) -> None:
    found = counted(devices, (ELSEWHERE, *RUN, BEHIND, ELSEWHERE), tmp_path / "c")
    assert found.runs == 1
    assert sorted(found.blocks, key=lambda b: b.address) == [
        Block(ENTRY, 8, 1, 0),
        Block(LOOP, 8, 3, 2),
        Block(TAIL, 4, 1, 1),
    ]


def test_runs_add_up_and_the_unfinished_one_is_no_run(devices: ctypes.CDLL, tmp_path: Path) -> None:
    found = counted(devices, (*RUN, BEHIND, *RUN, BEHIND, *RUN), tmp_path / "c")
    assert found.runs == 2
    assert {b.address: b.count for b in found.blocks} == {ENTRY: 3, LOOP: 9, TAIL: 3}


def test_blocks_without_room_are_told(devices: ctypes.CDLL, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="at most 2 blocks"):
        counted(devices, (*RUN, BEHIND), tmp_path / "c", room=2)
