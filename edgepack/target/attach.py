"""A board with the firmware on it and running, for the length of a `with` block."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from edgepack.board import Board
from edgepack.errors import DeviceError, ToolchainError, UsageError
from edgepack.program import Firmware, Port
from edgepack.target import flash, qemu, unicorn_emulator
from edgepack.target.process import running

Emulator = Literal["qemu", "unicorn"]

_HOST_SIGN = "serial line: "
_HOST_TIMEOUT_S = 10.0


@contextlib.contextmanager
def attach(
    board: Board, firmware: Firmware, *, port: str | None = None, emulator: str | None = None
) -> Iterator[Port]:
    """Flash the board, verify what was written, start it, and yield its serial line.

    `port` overrides the search for a real board's serial port; `emulator` ("qemu" or "unicorn"),
    else the environment's EDGEPACK_EMULATOR, overrides the choice of an emulator. Nothing that was
    started is left running. Raises ToolchainError where a tool is missing, DeviceError where the
    board or its line fails, UsageError where the board has no emulator and one is named.
    """
    require_emulated(board, emulator)
    if board.flash.driver == "openocd":
        flash.flash_openocd(board, firmware)
        yield Port(port or find_port(board), board.serial.baud, "")
        return
    if port is not None:
        raise UsageError(f"--port {port}: {board.name} is emulated and has a line of its own")
    start = {"host": _start_host, "qemu": qemu.start, "unicorn": unicorn_emulator.start}
    kind = "host" if board.flash.driver == "copy" else choose_emulator(board, emulator)
    with start[kind](board, firmware) as (path, name):
        yield Port(path, board.serial.baud, name)


def require_emulated(board: Board, emulator: str | None) -> None:
    """UsageError where an emulator is asked for by name and the board has none."""
    if emulator is not None and board.flash.driver != "emulator":
        place = "on this machine" if board.flash.driver == "copy" else "for itself"
        raise UsageError(
            f"emulator {emulator!r}: {board.name} runs {place}, without an emulator; leave it out"
        )


def choose_emulator(board: Board, wanted: str | None = None) -> Emulator:
    """QEMU where it is installed for this board, else unicorn; ToolchainError where neither is."""
    wanted = wanted or os.environ.get("EDGEPACK_EMULATOR") or None
    if wanted not in (None, "qemu", "unicorn"):
        raise UsageError(f"emulator {wanted!r} is unknown; it must be 'qemu' or 'unicorn'")
    able: dict[str, bool] = {
        "qemu": board.qemu is not None,
        "unicorn": board.unicorn is not None,
    }
    if wanted is not None and not able[wanted]:
        others = [name for name in able if able[name]]
        raise UsageError(f"{wanted} cannot play {board.name}; {' and '.join(others)} can")
    if wanted in (None, "qemu") and qemu.find(board) is not None:
        return "qemu"
    if wanted in (None, "unicorn") and able["unicorn"] and unicorn_emulator.version() is not None:
        return "unicorn"
    ways = [qemu.install_command(board)] if able["qemu"] and wanted != "unicorn" else []
    ways += [unicorn_emulator.install_command()] if able["unicorn"] and wanted != "qemu" else []
    raise ToolchainError(f"{board.name}: no emulator is installed: {', or '.join(ways)}")


def find_port(board: Board) -> str:
    """The serial port with the board's USB VID and PID; DeviceError where none or several have."""
    from serial.tools import list_ports

    wanted = (board.serial.vid, board.serial.pid)
    ports = sorted(list_ports.comports(), key=lambda p: p.device)
    found = [p.device for p in ports if wanted[0] is not None and (p.vid, p.pid) == wanted]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise DeviceError(
            f"{board.name}: {len(found)} such boards are connected ({', '.join(found)}); "
            "choose one with --port"
        )
    usb = "" if wanted[0] is None else f" with USB id {wanted[0]:04x}:{wanted[1] or 0:04x}"
    raise DeviceError(
        f"{board.name}: no serial port{usb} is connected; `edgepack ports` lists what is there, "
        "--port names one"
    )


@contextlib.contextmanager
def _start_host(board: Board, firmware: Firmware) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="edgepack-host-") as folder:
        program = Path(folder) / "firmware"
        flash.copy_verified(Path(firmware.elf), program)
        with running([str(program)], "the host board") as process:
            text = process.wait_for("\n", _HOST_TIMEOUT_S)
            if _HOST_SIGN not in text:
                raise ToolchainError(f"{board.name}: the program named no serial line: {text!r}")
            path = text.split(_HOST_SIGN, 1)[1].split("\n", 1)[0]
            try:
                yield path, "native process"
            except Exception as error:
                ending = process.ending()
                if ending:
                    raise DeviceError(f"{board.name}: the program ended {ending}") from error
                raise
