"""unicorn against QEMU, on one and the same image; its manners when something goes wrong."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from edgepack.board import known_boards, load_board
from edgepack.errors import DeviceError, ToolchainError, UsageError
from edgepack.program import Firmware
from edgepack.store import Tree
from edgepack.target import build, unicorn_emulator, unicorn_library, zig
from edgepack.target.attach import attach
from tests.system.target.echo import environment, require_compiler, require_emulator

HERE = Path(__file__).parent
COUNTING = Tree({"ep_main.c": (HERE / "counting_main.c").read_bytes()})
PLACES = Tree({"ep_main.c": (HERE / "places_main.c").read_bytes()})
BOARDS = {name: load_board(name) for name in known_boards()}
PLAYED = [name for name, board in BOARDS.items() if board.unicorn is not None]
WORK = "abcdefg"
SHORT = ("mps2-an386", "riscv-virt")


def image(name: str, compiler: str, folder: Path) -> Firmware:
    require_compiler(BOARDS[name], compiler)
    with environment(EDGEPACK_COMPILER=compiler):
        return build.build_image(Tree({}), COUNTING, BOARDS[name], folder)


@pytest.fixture(scope="module")
def m4(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    return build.build_image(Tree({}), COUNTING, board, tmp_path_factory.mktemp("m4"))


@contextlib.contextmanager
def playing(name: str, firmware: Firmware, emulator: str = "unicorn") -> Iterator[serial.Serial]:
    require_emulator(BOARDS[name], emulator)
    with (
        attach(BOARDS[name], firmware, emulator=emulator) as port,
        serial.Serial(port.path, port.baud, timeout=10) as line,
    ):
        line.write(b"?")
        assert line.read_until(b"!").endswith(b"!"), f"{name} is silent"
        line.timeout = 0.1
        line.read(2)
        line.timeout = 10
        yield line


def counts(name: str, firmware: Firmware, emulator: str) -> list[tuple[str, int, int]]:
    """Each piece of work: its letter, instructions, digest."""
    found = []
    with playing(name, firmware, emulator) as line:
        for letter in WORK + WORK:
            line.write(letter.encode())
            reply = line.read(24)
            assert len(reply) == 24, f"{name} under {emulator} answered {reply!r} to {letter}"
            for ticks, digest in struct.iter_unpack("<II", reply):
                assert ticks > 0
                found.append((letter, BOARDS[name].count(ticks), digest))
    return found


@pytest.mark.parametrize(
    ("name", "compiler"),
    [(name, "gcc") for name in PLAYED]
    + [pytest.param(n, "zig", marks=() if n in SHORT else pytest.mark.long) for n in PLAYED],
)
def test_one_image_counts_alike_under_both(name: str, compiler: str, tmp_path: Path) -> None:
    firmware = image(name, compiler, tmp_path / "image")
    under_qemu = counts(name, firmware, "qemu")
    under_unicorn = counts(name, firmware, "unicorn")
    differing = [pair for pair in zip(under_qemu, under_unicorn, strict=True) if pair[0] != pair[1]]
    assert differing == []
    by_work = {(letter, count) for letter, count, _ in under_unicorn}
    assert len(by_work) > 2 * len(WORK), "the work hardly differs: what is compared?"


def test_the_place_in_a_block_counts(tmp_path: Path) -> None:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    firmware = build.build_image(Tree({}), PLACES, board, tmp_path / "image")
    found = {}
    for emulator in ("qemu", "unicorn"):
        with playing("mps2-an386", firmware, emulator) as line:
            line.write(bytes([1, 2, 3, 4, 4, 3, 2, 1]))
            words = struct.unpack("<32I", line.read(128))
        found[emulator] = [board.count(word) for word in words]
    assert found["unicorn"] == found["qemu"]
    assert set(found["qemu"]) >= {12, 7, 5}


def test_waiting_costs_no_cpu(m4: Firmware) -> None:
    with playing("mps2-an386", m4) as line:
        for watch in (False, True):
            if watch:
                line.write(b"p")
            time.sleep(0.1)
            before = cpu_seconds(the_child())
            time.sleep(0.5)
            assert cpu_seconds(the_child()) - before < 0.05, f"watching the clock: {watch}"
        line.write(b"x")
        assert line.read(1) == b"x"


def test_time_passes_while_waiting(m4: Firmware) -> None:
    with playing("mps2-an386", m4) as line:
        line.write(b"a")
        reply = [line.read(24)]
        time.sleep(0.05)
        line.write(b"a")
        reply.append(line.read(24))
        assert reply[0] == reply[1], "waiting must not be counted as work"


def test_a_byte_leaves_though_the_firmware_never_waits(m4: Firmware) -> None:
    with playing("mps2-an386", m4) as line:
        line.write(b"h")
        assert line.read(1) == b"h"


def test_restarts_on_the_same_line(m4: Firmware) -> None:
    with playing("mps2-an386", m4) as line:
        for _ in range(3):
            line.write(b"r")
            assert line.read(1) == b"!"
            line.write(b"b")
            assert len(line.read(24)) == 24


@pytest.mark.parametrize(
    ("letter", "message"),
    [
        (b"W", "it writes to 0x60000000, where the board has nothing"),
        (b"R", "it reads 0x60000004, where the board has nothing"),
        (b"F", "which is flash"),
        (b"J", "it jumps to 0x60000000, where the board has nothing"),
        (b"U", "mps2-an386: the firmware stopped at 0x"),
    ],
)
def test_misbehaviour_is_named(m4: Firmware, letter: bytes, message: str) -> None:
    begin = time.monotonic()
    with pytest.raises(DeviceError) as caught, playing("mps2-an386", m4) as line:
        line.write(letter)
        assert line.read(1)
    assert message in str(caught.value)
    assert "with addr2line or objdump" in str(caught.value)
    assert letter == b"J" or "(main+0x" in str(caught.value) or "(answer+0x" in str(caught.value)
    assert time.monotonic() - begin < 3
    assert children() == []


def test_a_killed_emulator_is_named(m4: Firmware) -> None:
    with pytest.raises(ToolchainError) as caught, playing("mps2-an386", m4) as line:
        os.kill(the_child(), signal.SIGKILL)
        assert line.read(1)
    assert str(caught.value) == "the unicorn emulator ended: signal 9 killed it"


def test_an_image_for_another_board_is_refused(m4: Firmware) -> None:
    board = BOARDS["riscv-virt"]
    require_emulator(board, "unicorn")
    with pytest.raises(UsageError) as caught, attach(board, m4, emulator="unicorn"):
        pass
    assert str(caught.value).startswith("riscv-virt: the image has ")
    assert str(caught.value).endswith("; build it for this board")


def test_unicorn_missing(m4: Firmware, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unicorn_emulator, "version", lambda: None)
    with (
        pytest.raises(ToolchainError) as caught,
        unicorn_emulator.start(BOARDS["mps2-an386"], m4),
    ):
        pass
    assert str(caught.value) == ('mps2-an386: unicorn is missing: pip install "edgepack[unicorn]"')


def test_unicorn_has_no_m55(m4: Firmware) -> None:
    require_emulator(BOARDS["mps2-an386"], "unicorn")
    with (
        pytest.raises(ToolchainError) as caught,
        unicorn_emulator.start(BOARDS["mps3-an547"], m4),
    ):
        pass
    assert str(caught.value) == "mps3-an547: unicorn cannot play a cortex-m55; QEMU can"


def test_devices_compiled_by_zig(
    m4: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if zig.version() is None:
        pytest.skip("zig is not installed")
    expected = counts("mps2-an386", m4, "unicorn")
    monkeypatch.setattr(zig, "native_compiler", zig.compiler)
    for name, folder in zig.environment().items():
        monkeypatch.setenv(name, folder)
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path))
    assert unicorn_library.library().is_relative_to(tmp_path)
    assert counts("mps2-an386", m4, "unicorn") == expected


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("letter", ["?", "h"])
def test_nothing_outlives_the_parent(m4: Firmware, sign: signal.Signals, letter: str) -> None:
    require_emulator(BOARDS["mps2-an386"], "unicorn")
    script = f"""
import time
from tests.system.target.test_unicorn import playing, the_child
from edgepack.program import Firmware
with playing("mps2-an386", {m4!r}) as line:
    line.write({letter.encode()!r})
    print(the_child(), flush=True)
    time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=HERE.parents[2],
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.send_signal(sign)
    parent.wait(10)
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(child)


def children() -> list[int]:
    """The processes that this one started and that run."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc")
    lists = Path("/proc/self/task").glob("*/children")
    return [int(word) for path in lists for word in path.read_text().split()]


def the_child() -> int:
    return children()[-1]


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
