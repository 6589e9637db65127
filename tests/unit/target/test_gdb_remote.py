"""The debug port's client against a scripted target."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edgepack.errors import ToolchainError
from edgepack.target.gdb_remote import Remote


def packet(payload: str) -> bytes:
    body = payload.encode()
    return b"$%s#%02x" % (body, sum(body) & 0xFF)


@contextmanager
def target(
    answer: Callable[[str], bytes | None], timeout_s: float = 5.0
) -> Iterator[tuple[Remote, list[str]]]:
    """A client of a target that answers each packet with bytes; None hangs up."""
    ours, theirs = socket.socketpair()
    heard: list[str] = []

    def serve() -> None:
        pending = b""
        with theirs:
            while data := theirs.recv(65536):
                pending += data.replace(b"+", b"")
                while b"#" in pending and len(pending) >= pending.index(b"#") + 3:
                    end = pending.index(b"#")
                    payload = pending[pending.index(b"$") + 1 : end].decode()
                    assert int(pending[end + 1 : end + 3], 16) == sum(payload.encode()) & 0xFF
                    pending = pending[end + 3 :]
                    heard.append(payload)
                    reply = answer(payload)
                    if reply is None:
                        return
                    theirs.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours:
            yield Remote(ours, "the target", timeout_s), heard
    finally:
        thread.join(5)


class Ram:
    """A target with 4 KiB of memory at 0x1000."""

    def __init__(self) -> None:
        self.bytes = bytearray(4096)

    def __call__(self, payload: str) -> bytes:
        if payload[0] == "M":
            place, digits = payload[1:].split(":")
            address, size = (int(part, 16) for part in place.split(","))
            data = bytes.fromhex(digits)
            assert len(data) == size
            self.bytes[address - 0x1000 : address - 0x1000 + size] = data
            return b"+" + packet("OK")
        if payload[0] == "m":
            address, size = (int(part, 16) for part in payload[1:].split(","))
            return b"+" + packet(self.bytes[address - 0x1000 :][:size].hex())
        return b"+" + packet("")


def test_memory_is_written_and_read_in_pieces() -> None:
    ram = Ram()
    data = bytes(i * 7 & 0xFF for i in range(2500))
    with target(ram) as (remote, heard):
        remote.write_memory(0x1010, data)
        assert remote.read_memory(0x1010, 2500) == data
    assert bytes(ram.bytes[0x10 : 0x10 + 2500]) == data
    assert all(len(payload) < 4096 for payload in heard)


def test_registers_are_little_endian() -> None:
    replies = {"pf": "78563412", "P20=00000080": "OK"}
    with target(lambda payload: b"+" + packet(replies[payload])) as (remote, _):
        assert remote.read_register(15) == 0x12345678
        remote.write_register(32, 0x80000000)


def test_monitor_skips_what_is_printed() -> None:
    reply = b"+" + packet("O" + b"resetting\n".hex()) + packet("OK")
    with target(lambda _: reply) as (remote, heard):
        remote.monitor("system_reset")
    assert heard == ["qRcmd," + b"system_reset".hex()]


def test_corrupt_answer_is_asked_for_again() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"+$01020304#00" + packet("78563412"))
        assert Remote(ours, "the target").read_register(15) == 0x12345678
        assert theirs.recv(100) == b"$pf#d6-+"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"+" + packet("E01"), r"the target: debug port: cannot write 4 B at 0x1000: 'E01'"),
        (None, r"the target: debug port: (it closed the connection|the connection broke: .*)"),
    ],
)
def test_refusal_says_what_and_where(reply: bytes | None, message: str) -> None:
    with target(lambda _: reply) as (remote, _), pytest.raises(ToolchainError, match=message):
        remote.write_memory(0x1000, b"abcd")


def test_short_read_is_refused() -> None:
    with (
        target(lambda _: b"+" + packet("E14")) as (remote, _),
        pytest.raises(ToolchainError, match="cannot read 4 B at 0x1000: 'E14'"),
    ):
        remote.read_memory(0x1000, 4)


def test_silence_ends_at_the_deadline() -> None:
    with (
        target(lambda _: b"+", timeout_s=0.2) as (remote, _),
        pytest.raises(ToolchainError, match=r"debug port: no answer within 0\.2 s"),
    ):
        remote.detach()
