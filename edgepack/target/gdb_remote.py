"""A client of GDB's remote serial protocol: as much of it as loading an image needs.

The protocol is described in GDB's manual, appendix "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import socket
import time

from edgepack.errors import ToolchainError

_CHUNK_BYTES = 1024  # two digits a byte, well inside the smallest packet size in use


class Remote:
    """A connection to a halted target."""

    def __init__(self, connection: socket.socket, name: str, timeout_s: float = 10.0) -> None:
        self._connection = connection
        self._name = name
        self._deadline = time.monotonic() + timeout_s
        self._timeout_s = timeout_s
        self._received = b""

    def write_memory(self, address: int, data: bytes) -> None:
        """Store `data` from `address` on."""
        for start in range(0, len(data), _CHUNK_BYTES):
            chunk = data[start : start + _CHUNK_BYTES]
            self._expect_ok(
                f"M{address + start:x},{len(chunk):x}:{chunk.hex()}",
                f"cannot write {len(chunk)} B at {address + start:#x}",
            )

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        parts = []
        for start in range(0, size, _CHUNK_BYTES):
            count = min(_CHUNK_BYTES, size - start)
            answer = self.ask(f"m{address + start:x},{count:x}")
            if len(answer) != 2 * count:
                raise self._error(f"cannot read {count} B at {address + start:#x}: {answer!r}")
            parts.append(bytes.fromhex(answer))
        return b"".join(parts)

    def describe(self) -> None:
        """Ask for the target's description, before which QEMU answers for no single register."""
        self.ask("qSupported:xmlRegisters=arm,riscv")
        if not self.ask("qXfer:features:read:target.xml:0,400"):
            raise self._error("it does not describe its registers")

    def read_register(self, number: int) -> int:
        """A 32-bit register by its number in the target's description."""
        answer = self.ask(f"p{number:x}")
        if len(answer) != 8:
            raise self._error(f"cannot read register {number}: {answer!r}")
        return int.from_bytes(bytes.fromhex(answer), "little")

    def write_register(self, number: int, value: int) -> None:
        """Set a 32-bit register by its number in the target's description."""
        digits = value.to_bytes(4, "little").hex()
        self._expect_ok(f"P{number:x}={digits}", f"cannot write register {number}")

    def monitor(self, command: str) -> None:
        """Have the emulator's monitor run `command`; what it prints is dropped."""
        answer = self.ask("qRcmd," + command.encode().hex())
        while answer.startswith("O") and answer != "OK":
            answer = self._packet()
        if answer != "OK":
            raise self._error(f"monitor {command!r}: {answer!r}")

    def detach(self) -> None:
        """Let the target run, and end the session."""
        self._expect_ok("D", "cannot detach")

    def ask(self, payload: str) -> str:
        """Send a packet and return the answer's payload."""
        body = payload.encode()
        self._send(b"$%s#%02x" % (body, sum(body) & 0xFF))
        return self._packet()

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise self._error(f"the connection broke: {error.strerror or error}") from error

    def _expect_ok(self, payload: str, what: str) -> None:
        answer = self.ask(payload)
        if answer != "OK":
            raise self._error(f"{what}: {answer!r}")

    def _packet(self) -> str:
        while True:
            start = self._received.find(b"$")
            end = self._received.find(b"#", start + 1)
            if 0 <= start < end and len(self._received) >= end + 3:
                body = self._received[start + 1 : end]
                check = self._received[end + 1 : end + 3]
                self._received = self._received[end + 3 :]
                if int(check, 16) == sum(body) & 0xFF:
                    self._send(b"+")
                    return body.decode("latin-1")
                self._send(b"-")
                continue
            self._receive()

    def _receive(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._error(f"no answer within {self._timeout_s:g} s")
        self._connection.settimeout(left)
        try:
            data = self._connection.recv(65536)
        except TimeoutError as error:
            raise self._error(f"no answer within {self._timeout_s:g} s") from error
        except OSError as error:
            raise self._error(f"the connection broke: {error.strerror or error}") from error
        if not data:
            raise self._error("it closed the connection")
        self._received += data

    def _error(self, what: str) -> ToolchainError:
        return ToolchainError(f"{self._name}: debug port: {what}")
