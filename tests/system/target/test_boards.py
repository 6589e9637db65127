"""Every shipped board: boot, serial line, exact count, stack, data, reset, under each emulator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepack.board import Region, known_boards, load_board
from edgepack.errors import DeviceError, ToolchainError
from edgepack.target import toolchain
from tests.system.target.echo import (
    Echo,
    environment,
    require_compiler,
    require_emulator,
    running_echo,
)

BOARDS = {name: load_board(name) for name in known_boards()}
PLACES = [
    pytest.param((name, emulator), id=f"{name}-{emulator}")
    for name, board in BOARDS.items()
    for emulator, able in (
        ("process", board.flash.driver == "copy"),
        ("qemu", board.qemu is not None),
        ("unicorn", board.unicorn is not None),
    )
    if able
]


@pytest.fixture(scope="module", params=PLACES)
def echo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Echo]:
    name, emulator = request.param
    board = BOARDS[name]
    require_compiler(board)
    if emulator != "process":
        require_emulator(board, emulator)
    folder = tmp_path_factory.mktemp(name)
    with running_echo(board, folder, None if emulator == "process" else emulator) as running:
        yield running


def test_line_carries_every_byte_both_ways(echo: Echo) -> None:
    data = bytes(range(256)) + bytes(range(255, -1, -1)) * 4
    assert echo.echo(data) == data


def test_count_is_the_number_of_instructions(echo: Echo) -> None:
    require_counter(echo)
    nothing = count(echo, 1)
    for turns in (1, 2, 3, 10, 777, 100_000, 1_000_003):
        assert count(echo, turns) - nothing == 2 * (turns - 1)


def test_count_is_the_same_while_bytes_arrive(echo: Echo) -> None:
    require_counter(echo)
    turns = 2_000_000
    alone = count(echo, turns)
    for _ in range(3):
        echo.line.write(b"\x1bt" + turns.to_bytes(4, "little") + b"noise" * 10)
        assert echo.board.count(echo.word()) == alone
        assert echo.line.read(50) == b"noise" * 10


def test_counter_tells_its_frequency(echo: Echo) -> None:
    assert echo.ask("h", 0) == echo.board.timer.hz


def test_stack_is_painted_and_measured(echo: Echo) -> None:
    if echo.board.flash.driver == "copy":
        pytest.skip("a host process reports no stack")
    shallow, deep, deeper = (echo.ask("s", depth) for depth in (0, 5, 9))
    frame = (deeper - deep) // 4
    assert deep - shallow == 5 * frame
    assert 64 <= frame <= 160
    assert echo.ask("s", 0) == shallow


def test_memory_starts_as_the_program_says(echo: Echo) -> None:
    assert echo.ask("d", 0) == 0x12345678
    assert echo.ask("z", 0) == 0


def test_wide_division_and_floats(echo: Echo) -> None:
    big = 0x0123456789ABCDEF
    assert echo.ask("/", 1_000_003) == (big // 1_000_003 & 0xFFFFFFFF) ^ big % 1_000_003
    assert echo.ask("f", 25) == 100


@pytest.mark.parametrize("cause", ["reset", "fault"])
def test_restarts_afresh(echo: Echo, cause: str) -> None:
    if echo.board.flash.driver == "copy":
        pytest.skip("a host process cannot restart itself behind the same line")
    if cause == "fault" and echo.emulator.startswith("unicorn"):
        pytest.skip("unicorn ends on a fault, with a message")
    echo.ask("d", 1)
    echo.ask("z", 1)
    echo.line.write(b"\x1br\0\0\0\0" if cause == "reset" else b"\x1bx\0\0\0\0")
    assert echo.line.read(1) == b"!"
    assert (echo.ask("d", 0), echo.ask("z", 0)) == (0x12345678, 0)
    assert echo.echo(b"back") == b"back"


def test_line_recovers_from_bytes_sent_during_a_reset(echo: Echo) -> None:
    if echo.board.flash.driver == "copy":
        pytest.skip("a host process cannot restart itself behind the same line")
    for number in range(10):
        echo.line.write(b"\x1br\0\0\0\0" + b"lost" * number)
        time.sleep(0.001 * number)
        assert echo.heard_again(b"<again %d>" % number, timeout_s=10)


@pytest.mark.parametrize("name", ["mps2-an386", "microbit", "riscv-virt", "netduinoplus2"])
def test_long_run_does_not_wrap(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    board = BOARDS[name]
    require_compiler(board)
    require_emulator(board, "qemu")
    with running_echo(board, tmp_path_factory.mktemp(name), "qemu") as echo:
        assert count(echo, 250_000_000) - count(echo, 1) == 2 * 249_999_999


@pytest.mark.parametrize("name", [n for n, b in BOARDS.items() if b.timer.unit == "instructions"])
def test_counter_holds_500_million_instructions(name: str) -> None:
    board = BOARDS[name]
    assert board.count(2**32 - 1) > 500_000_000


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n in ("mps2-an386", "riscv-virt") else pytest.mark.long)
        for n, b in BOARDS.items()
        if b.flash.driver != "openocd"
    ],
)
def test_zig_builds_what_runs(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    board = BOARDS[name]
    require_compiler(board, "zig")
    if board.qemu is not None:
        require_emulator(board, "qemu")
    with (
        environment(EDGEPACK_COMPILER="zig"),
        running_echo(board, tmp_path_factory.mktemp(name), None) as echo,
    ):
        assert toolchain.find(board).kind == "zig"
        assert echo.echo(bytes(range(256))) == bytes(range(256))
        assert echo.ask("d", 0) == 0x12345678
        if board.timer.unit == "instructions":
            assert count(echo, 1001) - count(echo, 1) == 2000


def test_boots_and_answers_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    require_emulator(board, "qemu")
    folder = tmp_path_factory.mktemp("fast")
    times = []
    for _ in range(5):
        begin = time.monotonic()
        with running_echo(board, folder, "qemu") as echo:
            assert echo.echo(b"hello") == b"hello"
        times.append(time.monotonic() - begin)
    assert min(times) < 0.9, "the line is noticed late"


@pytest.mark.parametrize(
    ("table", "changes", "message"),
    [
        (
            "qemu",
            {"machine": "no-such"},
            r"qemu-system-arm ended: .*unsupported machine type; Use -machine help to list.*",
        ),
        (
            "memory",
            {"flash": Region(origin=0x2100_0000, bytes=0x10_0000)},
            r"mps2-an386: after the reset the core is at 0x0, the image begins at 0x21\w+; does "
            r"memory\.flash\.origin name where this machine boots from\?",
        ),
    ],
)
def test_a_machine_that_is_not_the_board_is_told(
    table: str, changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    require_emulator(board, "qemu")
    part = getattr(board, table).model_copy(update=changes)
    with (
        pytest.raises(ToolchainError, match=message),
        running_echo(board.model_copy(update={table: part}), tmp_path, "qemu"),
    ):
        pass


def test_an_emulator_that_ends_hangs_up_and_is_named(tmp_path: Path) -> None:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    require_emulator(board, "qemu")
    begin = time.monotonic()
    others = children(os.getpid())
    with (
        pytest.raises(DeviceError, match=r"^mps2-an386: qemu-system-arm ended: "),
        running_echo(board, tmp_path, "qemu") as echo,
    ):
        (child,) = set(children(os.getpid())) - set(others)
        os.kill(child, signal.SIGKILL)
        echo.line.read(1)
    assert time.monotonic() - begin < 5


def test_a_host_program_that_crashes_is_told(tmp_path: Path) -> None:
    board = BOARDS["host"]
    require_compiler(board)
    with (
        pytest.raises(DeviceError, match=r"^host: the program ended by signal \d+$"),
        running_echo(board, tmp_path, None) as echo,
    ):
        echo.ask("x", 0)


def children(pid: int) -> list[int]:
    """The emulators that this process started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child) for child in found if Path(f"/proc/{child}/comm").read_text().startswith("qemu")
    ]


def test_a_killed_session_leaves_no_emulator(tmp_path_factory: pytest.TempPathFactory) -> None:
    board = BOARDS["mps2-an386"]
    require_compiler(board)
    require_emulator(board, "qemu")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from edgepack.board import load_board\n"
        "from tests.system.target.echo import running_echo\n"
        "with running_echo(load_board('mps2-an386'), Path(sys.argv[1]), 'qemu'):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(60)\n"
    )
    folder = tmp_path_factory.mktemp("killed")
    call = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"up\n"
        emulators = children(session.pid)
        assert emulators
        session.kill()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{child}").exists() for child in emulators):
        assert time.monotonic() < deadline, "an emulator outlived its session"
        time.sleep(0.01)


def require_counter(echo: Echo) -> None:
    if echo.board.timer.unit == "none":
        pytest.skip("a host process has no counter")


def count(echo: Echo, turns: int) -> int:
    return echo.board.count(echo.ask("t", turns))
