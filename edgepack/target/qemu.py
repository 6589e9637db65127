"""Boards played by QEMU: started halted, flashed through the debug port, then let run."""

from __future__ import annotations

import contextlib
import functools
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from edgepack.board import Board
from edgepack.errors import DeviceError, ToolchainError
from edgepack.program import Firmware
from edgepack.target import flash
from edgepack.target.gdb_remote import Remote
from edgepack.target.process import Running, running

_FLASH_TIMEOUT_S = 60.0
_BOOT_TIMEOUT_S = 2.0
_RESET_TIMEOUT_S = 0.5
_PC = {"arm": 15, "riscv32": 32}  # the program counter's number in the target's description
_PACKAGES = {"arm": "qemu-system-arm", "riscv32": "qemu-system-misc"}


def find(board: Board) -> str | None:
    """The path of the QEMU that plays this board, or None where it is not installed."""
    return shutil.which(f"qemu-system-{board.qemu.system}") if board.qemu else None


def install_command(board: Board) -> str:
    """The command that installs the QEMU this board needs."""
    assert board.qemu is not None
    return f"apt-get install --no-install-recommends {_PACKAGES[board.qemu.system]}"


@functools.cache
def version(program: str) -> str:
    """`qemu-system-arm 7.2.22`: the program's name and version."""
    name = Path(program).name
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{program}: does not run: {error}") from error
    found = re.search(r"version (\S+)", done.stdout)
    return f"{name} {found.group(1) if found else 'of unknown version'}"


def command(board: Board, program: str, debug_fd: int) -> list[str]:
    """QEMU's call: halted, without an image, instructions counted, serial line on a pty."""
    assert board.qemu is not None
    return [
        program,
        *("-M", board.qemu.machine),
        *("-S", "-display", "none", "-monitor", "none", "-nodefaults"),
        *("-icount", f"shift={board.qemu.icount_shift},sleep=off"),
        *("-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"),
        *("-chardev", f"socket,id=debug,fd={debug_fd}", "-gdb", "chardev:debug"),
        *board.qemu.args,
    ]


@contextlib.contextmanager
def start(board: Board, firmware: Firmware) -> Iterator[tuple[str, str]]:
    """A running board: the path of its serial line, and the emulator's name and version.

    Raises ToolchainError where QEMU is missing or fails, DeviceError where flashing does, or where
    the block fails because QEMU ended.
    """
    program = find(board)
    if program is None:
        raise ToolchainError(f"{board.name}: QEMU is missing: {install_command(board)}")
    image = flash.segments(Path(firmware.elf))
    flash.require_place(board, image)
    ours, theirs = socket.socketpair()
    near, far = _terminal()
    with ours, theirs, near, far:
        call = command(board, program, theirs.fileno())
        name = Path(program).name
        with running(call, name, pass_fds=[theirs.fileno()], terminal=near.fileno()) as machine:
            theirs.close()
            near.close()  # so that the line hangs up when QEMU ends
            _load(board, firmware, image, Remote(ours, name, _FLASH_TIMEOUT_S), machine)
            _wait_for_boot(far.fileno())
            try:
                yield os.ttyname(far.fileno()), version(program)
            except Exception as error:
                ending = _last_words(machine)
                if ending:
                    raise DeviceError(f"{board.name}: {ending}") from error
                raise


def _terminal() -> tuple[IO[bytes], IO[bytes]]:
    """A raw pty: the end that becomes QEMU's serial line, and the other one.

    Its far end stays open here, so that the machine has a listener from the first byte on. (A pty
    of QEMU's own notices one only once a second.)
    """
    near, far = pty.openpty()
    mode = termios.tcgetattr(far)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8 | termios.CREAD
    termios.tcsetattr(far, termios.TCSANOW, mode)
    return os.fdopen(near, "rb", buffering=0), os.fdopen(far, "rb", buffering=0)


def _load(
    board: Board,
    firmware: Firmware,
    image: tuple[flash.Segment, ...],
    remote: Remote,
    machine: Running,
) -> None:
    """Write the image, read it back, reset, and let the machine run."""
    try:
        flash.write_verified(remote, image, board.name)
        _reset(board, remote, flash.entry(Path(firmware.elf)))
        remote.detach()
    except ToolchainError as error:
        ending = _last_words(machine)
        raise ToolchainError(ending or str(error)) from error


def _wait_for_boot(far: int) -> None:
    """Return when the firmware has said something, which it does once its line is up.

    Some machines drop what arrives earlier. Firmware that greets nobody costs the whole wait.
    """
    select.select([far], [], [], _BOOT_TIMEOUT_S)


def _last_words(machine: Running) -> str:
    """What QEMU said when it ended; "" where it is still running."""
    try:
        machine.process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return ""
    said = "; ".join(machine.text().split("\n\n")[0].strip().splitlines())
    return f"{machine.name} ended: {said or 'it printed nothing'}"


def _reset(board: Board, remote: Remote, entry: int) -> None:
    """Have the machine begin at the image's entry, the way its core does after a reset."""
    assert board.qemu is not None
    remote.describe()
    register = _PC[board.qemu.system]
    if board.qemu.pc:
        remote.write_register(register, entry)
    else:
        remote.monitor("system_reset")
    deadline = time.monotonic() + _RESET_TIMEOUT_S
    while (at := remote.read_register(register) & ~1) != entry:
        if time.monotonic() > deadline:
            raise ToolchainError(
                f"{board.name}: after the reset the core is at {at:#x}, the image begins at "
                f"{entry:#x}; does memory.flash.origin name where this machine boots from?"
            )
