"""An image's way onto a board: what is written, that it was written, and by which tool."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgepack.board import Board
from edgepack.errors import DeviceError, ToolchainError, UsageError
from edgepack.program import Firmware
from edgepack.store import read_file
from edgepack.target.process import last_line

_OPENOCD_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes of an image, and the address where they lie before the program starts."""

    address: int
    data: bytes


class Memory(Protocol):
    """Something that holds a target's memory."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Store `data` from `address` on."""

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""


def segments(elf: Path) -> tuple[Segment, ...]:
    """What a loader writes: the file part of every loadable segment, at its load address."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            loaded = [s for s in ELFFile(file).iter_segments("PT_LOAD") if s["p_filesz"] > 0]
            return tuple(Segment(int(s["p_paddr"]), bytes(s.data())) for s in loaded)
    except OSError as error:
        raise UsageError(f"{elf}: cannot read the image: {error.strerror}") from error
    except ELFError as error:
        raise UsageError(f"{elf}: not an ELF image: {error}; build it again") from error


def entry(elf: Path) -> int:
    """The address of the image's first instruction, bit 0 cleared."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        return int(ELFFile(file).header["e_entry"]) & ~1


def require_place(board: Board, image: Iterable[Segment]) -> None:
    """UsageError where a segment lies outside the board's flash: it was built for another one."""
    if board.memory is None:
        return
    region, regions = board.memory.flash, board.memory.all("flash").values()
    for segment in image:
        end = segment.address + len(segment.data)
        if not any(r.origin <= segment.address and end <= r.end for r in regions):
            raise UsageError(
                f"{board.name}: the image has {len(segment.data)} B for {segment.address:#x}, "
                f"the board's flash is {region.bytes} B from {region.origin:#x}; build it for "
                "this board"
            )


def write_verified(memory: Memory, image: Iterable[Segment], where: str) -> int:
    """Write every segment and read it back; the bytes written. DeviceError where they differ."""
    total = 0
    for segment in image:
        memory.write_memory(segment.address, segment.data)
        found = memory.read_memory(segment.address, len(segment.data))
        if found != segment.data:
            at = _first_difference(found, segment.data)
            raise DeviceError(
                f"{where}: flash verification failed at {segment.address + at:#x}: wrote "
                f"{segment.data[at]:#04x}, read {found[at]:#04x}. Does the board's file name the "
                "right memory?"
            )
        total += len(segment.data)
    return total


def _first_difference(left: bytes, right: bytes) -> int:
    return next(i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b)


def copy_verified(elf: Path, target: Path) -> None:
    """A host board's flash: copy the program, make it executable, and compare the digests."""
    data = read_file(elf, "image")
    try:
        target.write_bytes(data)
        target.chmod(0o755)
        found = hashlib.sha256(target.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{target}: cannot copy the image: {error.strerror}") from error
    if found != hashlib.sha256(data).hexdigest():
        raise DeviceError(f"{target}: the copy differs from {elf}")


def openocd_command(board: Board, firmware: Firmware) -> list[str]:
    """The call that programs, verifies and resets a real board."""
    elf = str(Path(firmware.elf).resolve())
    if any(c in elf for c in '{}\\\n"'):
        raise UsageError(f"{elf}: OpenOCD cannot take a path with braces, quotes or backslashes")
    return ["openocd", *board.flash.args, "-c", f"program {{{elf}}} verify reset exit"]


def flash_openocd(board: Board, firmware: Firmware) -> None:
    """Program a board over its debug probe; ToolchainError or DeviceError says what failed."""
    if shutil.which("openocd") is None:
        raise ToolchainError(
            f"board {board.name!r} is flashed by openocd, which is not installed: "
            "apt-get install --no-install-recommends openocd"
        )
    require_place(board, segments(Path(firmware.elf)))
    command = openocd_command(board, firmware)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=_OPENOCD_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"{board.name}: openocd did not finish within {_OPENOCD_TIMEOUT_S:g} s; "
            "unplug the board, plug it in again and retry"
        ) from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode != 0:
        raise DeviceError(f"{board.name}: {_openocd_problem(output.decode(errors='replace'))}")


def _openocd_problem(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("Error:")]
    first = errors[0].removeprefix("Error:").strip() if errors else last_line(output)
    if "open failed" in output or "unable to find" in output.lower():
        return f"openocd found no board: {first}; is it plugged in, and may you use USB?"
    return f"openocd could not program the board: {first}"
