"""The firmware compiled for this machine, driven in lock step; lines to it that fail on purpose."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepack.resources import folder

HERE = Path(__file__).parent
WARNINGS = [
    *("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wsign-conversion"),
    *("-Wundef", "-Wmissing-prototypes"),
]
FIRMWARE_ID = "ab" * 32
BOARD = "fake"
FLAGS = "-flag " * 60  # longer than one frame


def compile_firmware(
    to: Path, *defines: str, board: list[Path] | None = None, sanitize: bool = True
) -> Path:
    """The protocol sources with the fake model and board (or `board`), under ASan and UBSan."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("needs gcc for this machine")
    templates = folder("firmware_templates")
    texts = {
        "EP_BOARD_NAME": BOARD,
        "EP_COMPILER": "gcc",
        "EP_FLAGS": FLAGS,
        "EP_FIRMWARE_ID": FIRMWARE_ID,
    }
    macros = [f'-D{name}="{text}"' for name, text in texts.items()]
    include = [f"-I{templates / name}" for name in ("protocol", "ports", "runtime")]
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"] if sanitize else []
    common = [gcc, "-std=c11", "-O1", "-g", *checks, *include, *macros, *defines]
    fakes = [HERE / "fake_model.c", *(board or [HERE / "fake_board.c"])]
    objects = []
    for source in (*sorted((templates / "protocol").glob("*.c")), *fakes):
        target = to / f"{source.stem}.o"
        ours = [] if source in fakes else [*WARNINGS, "-ffreestanding", "-DEP_CLOCK_HZ=1000000"]
        if source.stem == "ep_main" and not board:
            ours.append("-Dmain=ep_firmware_main")
        subprocess.run([*common, *ours, "-c", str(source), "-o", str(target)], check=True)
        objects.append(str(target))
    program = to / "firmware"
    subprocess.run([gcc, *checks, "-o", str(program), *objects], check=True)
    return program


class Firmware:
    """A running fake board. `feed` gives it bytes and returns what it sent until it wants more."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.boot = self._answer()

    def feed(self, data: bytes) -> bytes:
        self._send(struct.pack("<I", len(data)) + data)
        return self._answer()

    def restart(self) -> bytes:
        """The board restarts; returns its boot lines."""
        return self._command(1)

    def restart_in_run(self, run: int, step: int) -> None:
        self._command(2, run, step)

    def hang(self, batches: int) -> None:
        self._command(3, batches)

    def wrap_soon(self) -> None:
        self._command(4)

    def close(self) -> str:
        """Ends it; returns what a sanitizer wrote, nothing where all is well."""
        assert self.process.stdin is not None and self.process.stderr is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        complaint = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        assert self.process.wait(10) == 0, complaint
        return complaint

    def _command(self, number: int, *values: int) -> bytes:
        self._send(struct.pack(f"<I{len(values)}I", 0xFFFFFF00 + number, *values))
        return self._answer()

    def _send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            self._died()

    def _answer(self) -> bytes:
        assert self.process.stdout is not None
        size = self.process.stdout.read(4)
        if len(size) != 4:
            self._died()
        return self.process.stdout.read(struct.unpack("<I", size)[0])

    def _died(self) -> None:
        assert self.process.stderr is not None
        raise AssertionError(f"the firmware died: {self.process.stderr.read().decode()}")


Fault = Callable[[random.Random, bytes, "Wire", int], bytes]


class Wire:
    """A Line to a Firmware. `fault` is applied to what passes either way, with a chance each time.

    A fault gets the bytes, the wire and the lane (0 to the device, 1 back) and returns what
    arrives; what it puts into `held[lane]` arrives behind the next bytes.
    """

    def __init__(
        self, firmware: Firmware, fault: Fault | None = None, chance: float = 0.0, seed: int = 0
    ) -> None:
        self.firmware = firmware
        self.faults = 0
        self.chance = chance
        self.held = [b"", b""]
        self._fault = fault
        self._random = random.Random(seed)
        self._arrived = b""

    def write(self, data: bytes) -> None:
        answer = self.firmware.feed(self._pass(data, 0))
        if answer:
            self._arrived += self._pass(answer, 1)

    def read(self, timeout_s: float) -> bytes:
        arrived, self._arrived = self._arrived, b""
        return arrived

    def close(self) -> None:
        pass

    def _pass(self, data: bytes, lane: int) -> bytes:
        held, self.held[lane] = self.held[lane], b""
        if self._fault is not None and self._random.random() < self.chance:
            self.faults += 1
            data = self._fault(self._random, data, self, lane)
        return data + held
