"""A board that echoes: a small harness built, flashed and running."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from edgepack.board import Board
from edgepack.errors import ToolchainError
from edgepack.program import Firmware
from edgepack.store import Tree
from edgepack.target import build, toolchain
from edgepack.target.attach import attach, choose_emulator

HARNESS = Tree({"ep_main.c": Path(__file__).with_name("echo_main.c").read_bytes()})


def require_compiler(board: Board, kind: str | None = None) -> None:
    try:
        toolchain.find(board, kind)
    except ToolchainError as error:
        pytest.skip(str(error))


def require_emulator(board: Board, kind: str) -> None:
    try:
        choose_emulator(board, kind)
    except ToolchainError as error:
        pytest.skip(str(error))


def build_echo(board: Board, folder: Path, *, hook: bool = False) -> Firmware:
    return build.build_image(Tree({}), HARNESS, board, folder, hook=hook)


@dataclass
class Echo:
    """The running harness: its line, and what it answers."""

    board: Board
    line: serial.Serial
    emulator: str

    def ask(self, letter: str, number: int) -> int:
        self.line.write(b"\x1b" + letter.encode() + number.to_bytes(4, "little"))
        return self.word()

    def word(self) -> int:
        reply = self.line.read(4)
        assert len(reply) == 4, f"{self.board.name} answered {reply!r}"
        return int.from_bytes(reply, "little")

    def heard_again(self, mark: bytes, timeout_s: float) -> bool:
        """Whether the board echoes `mark`, sent again and again, within that time.

        Every echo of it is read before this returns.
        """
        usual, self.line.timeout = self.line.timeout, 0.2
        deadline = time.monotonic() + timeout_s
        try:
            while time.monotonic() < deadline:
                self.line.write(mark)
                if self.line.read_until(mark).endswith(mark):
                    break
            else:
                return False
        finally:
            self.line.timeout = usual
        self.line.write(b"done" + mark)
        return self.line.read_until(b"done" + mark).endswith(b"done" + mark)

    def echo(self, data: bytes) -> bytes:
        escaped = data.replace(b"\x1b", b"\x1b\x1b")
        self.line.write(escaped)
        return self.line.read(len(data))


@contextlib.contextmanager
def running_echo(board: Board, folder: Path, emulator: str | None) -> Iterator[Echo]:
    firmware = build_echo(board, folder)
    with (
        attach(board, firmware, emulator=emulator) as port,
        serial.Serial(port.path, port.baud, timeout=10) as line,
    ):
        line.write(b"sync")
        assert line.read_until(b"sync").endswith(b"sync"), f"{board.name} is silent"
        yield Echo(board, line, port.emulator)


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
