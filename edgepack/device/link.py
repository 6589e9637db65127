"""The serial line itself: opened for one process alone, with the time-outs its speed asks for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Protocol

from edgepack.errors import DeviceError
from edgepack.program import Port

_EMULATED_BYTES_PER_S = 2000.0  # half of the slowest rate seen on an emulator's pty


class LineLost(DeviceError):
    """The line is gone: unplugged, or the emulator behind it ended."""


class Line(Protocol):
    """A stream of bytes to a device and back."""

    def write(self, data: bytes) -> None:
        """Send all bytes; LineLost where the line is gone."""

    def read(self, timeout_s: float) -> bytes:
        """What arrives first, at least a byte; empty after `timeout_s`. LineLost as above."""

    def close(self) -> None:
        """Let the line go."""


def wire_seconds(port: Port, byte_count: int) -> float:
    """How long that many bytes may take on this line."""
    rate = _EMULATED_BYTES_PER_S if port.emulator else port.baud / 10
    return byte_count / rate


def holds_back(port: Port) -> bool:
    """Whether the line makes a fast sender wait, as a pseudo-terminal does and a UART does not."""
    return bool(port.emulator) or os.path.realpath(port.path).startswith("/dev/pts/")


def open_line(port: Port) -> Line:
    """Open the port for this process alone.

    DeviceError where it is not there, may not be opened, or is another process's, which is named.
    """
    import serial

    if not holds_back(port):
        _refuse_if_open_elsewhere(port.path)
    try:
        device = serial.Serial(port.path, port.baud, exclusive=True, timeout=0)
    except serial.SerialException as error:
        raise DeviceError(_why_not(port.path, error)) from error
    return SerialLine(device, port.path)


class SerialLine:
    """A Line over pyserial."""

    def __init__(self, device: Any, path: str) -> None:
        self._device = device
        self._path = path

    def write(self, data: bytes) -> None:
        """Send all bytes; LineLost where the line is gone."""
        try:
            self._device.write(data)
        except OSError as error:
            raise LineLost(f"{self._path}: the serial line is gone: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """What arrives first; empty after `timeout_s`."""
        try:
            self._device.timeout = timeout_s
            first = self._device.read(1)
            return bytes(first + self._device.read(self._device.in_waiting)) if first else b""
        except (OSError, TypeError) as error:
            raise LineLost(f"{self._path}: the serial line is gone: {error}") from error

    def close(self) -> None:
        """Let the line go."""
        self._device.close()


def usb_serial_number(path: str) -> str | None:
    """The serial number of the USB device behind a port; None where it has none."""
    from serial.tools import list_ports

    real = os.path.realpath(path)
    return next((p.serial_number for p in list_ports.comports() if p.device == real), None)


def wait_for_usb(serial_number: str, timeout_s: float) -> str | None:
    """The path at which the device with that serial number appears; None after `timeout_s`."""
    from serial.tools import list_ports

    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for port in list_ports.comports():
            if port.serial_number == serial_number:
                return str(port.device)
        time.sleep(0.2)
    return None


def _refuse_if_open_elsewhere(path: str) -> None:
    holders = _holders(path)
    if holders:
        raise DeviceError(f"{path}: in use by {', '.join(holders)}; close that program first")


def _why_not(path: str, error: Exception) -> str:
    if not Path(path).exists():
        return f"{path}: no such serial port; is the board plugged in? `edgepack ports` lists them"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path}: may not be opened by you; add yourself to the group that owns it (dialout)"
    holders = _lock_holders(path) or _holders(path)
    if holders:
        return f"{path}: in use by {', '.join(holders)}; close that program first"
    return f"{path}: cannot be opened: {error}"


def _lock_holders(path: str) -> list[str]:
    """Processes that hold a lock on the port, as Linux tells them."""
    try:
        status = Path(path).stat()
        locks = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    device = status.st_dev
    inode = f"{os.major(device):02x}:{os.minor(device):02x}:{status.st_ino}"
    pids = [line.split()[4] for line in locks if line.split()[5:6] == [inode]]
    return [f"{_name_of(pid)} (pid {pid})" for pid in dict.fromkeys(pids)]


def _name_of(pid: str) -> str:
    try:
        return (Path("/proc") / pid / "comm").read_text().strip()
    except OSError:
        return "a program"


def _holders(path: str) -> list[str]:
    """Other processes that have `path` open, as "name (pid 1234)"; empty where none can be seen."""
    real = os.path.realpath(path)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            if any(str(fd.readlink()) == real for fd in (process / "fd").iterdir()):
                found.append(f"{_name_of(process.name)} (pid {process.name})")
        except OSError:
            continue
    return found
