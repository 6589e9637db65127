"""Boards played by unicorn: no root, one process of its own a board, a pty like QEMU's."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import edgepack
from edgepack.board import Board
from edgepack.errors import DeviceError, EdgepackError, ToolchainError
from edgepack.program import Firmware
from edgepack.target import flash
from edgepack.target.block_counts import Counting
from edgepack.target.process import Running, last_line, running
from edgepack.target.unicorn_library import library

_START_TIMEOUT_S = 60.0
_NAME = "the unicorn emulator"


def version() -> str | None:
    """As a result names it, "unicorn 2.1.4"; None where it is not installed."""
    if importlib.util.find_spec("unicorn") is None:
        return None
    return f"unicorn {importlib.metadata.version('unicorn')}"


def install_command() -> str:
    """The command that installs unicorn, without root."""
    return 'pip install "edgepack[unicorn]"'


@contextlib.contextmanager
def start(
    board: Board, firmware: Firmware, count: Counting | None = None
) -> Iterator[tuple[str, str]]:
    """A running board: the path of its serial line, and the emulator's name and version.

    `count` names a function whose blocks are counted, and the file that holds the counts.

    Raises ToolchainError where unicorn or a compiler for its devices is missing, UsageError where
    the image is another board's, DeviceError where flashing fails, or where the block fails because
    the firmware did something that the board cannot.
    """
    name = version()
    if name is None:
        raise ToolchainError(f"{board.name}: unicorn is missing: {install_command()}")
    if board.unicorn is None or board.memory is None:
        raise ToolchainError(f"{board.name}: unicorn cannot play a {board.core}; QEMU can")
    flash.require_place(board, flash.segments(Path(firmware.elf)))
    lifeline, ours = os.pipe()
    try:
        call = _command(board, firmware, lifeline, count)
        with running(call, _NAME, pass_fds=[lifeline]) as machine:
            os.close(lifeline)
            lifeline = -1
            path = _serial_line(machine)
            try:
                yield path, name
            except Exception as error:
                _raise_fault(machine, error)
                raise
    finally:
        os.close(ours)
        if lifeline >= 0:
            os.close(lifeline)


def _command(board: Board, firmware: Firmware, lifeline: int, count: Counting | None) -> list[str]:
    root = str(Path(edgepack.__file__).resolve().parent.parent)
    task = {
        "board": json.loads(board.model_dump_json()),
        "elf": str(Path(firmware.elf).resolve()),
        "library": str(library()),
        "lifeline": lifeline,
        "count": count
        and {"entry": count.entry, "lap_entry": count.lap_entry, "file": str(count.file)},
    }
    code = (
        f"import sys; sys.path[0] = {root!r}; "
        "from edgepack.target.unicorn_machine import main; main(sys.argv[1])"
    )
    return [sys.executable, "-c", code, json.dumps(task)]


def _serial_line(machine: Running) -> str:
    try:
        machine.wait_for('"port"', _START_TIMEOUT_S)
    except ToolchainError as error:
        _raise_fault(machine, error)
        raise
    return str(_told(machine)["port"])


def _raise_fault(machine: Running, cause: Exception) -> None:
    """Raise what went wrong in the machine's process, where it ended."""
    try:
        status = machine.process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return
    told = _told(machine)
    if "error" in told:
        kind: type[EdgepackError] = ToolchainError if told["tool"] else DeviceError
        raise kind(str(told["error"])) from cause
    how = f"signal {-status} killed it" if status < 0 else last_line(machine.text())
    raise ToolchainError(f"{_NAME} ended: {how}") from cause


def _told(machine: Running) -> dict[str, object]:
    """What the machine told in its lines of JSON, taken together."""
    facts: dict[str, object] = {}
    for line in machine.text().splitlines():
        with contextlib.suppress(ValueError, TypeError):
            facts |= json.loads(line)
    return facts
