"""Which compiler and emulator a board gets, and what a user reads where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.board import Board, known_boards, load_board
from edgepack.errors import ToolchainError, UsageError
from edgepack.program import Firmware
from edgepack.target import attach, doctor, qemu, toolchain, unicorn_emulator, zig

M4 = load_board("mps2-an386")
M55 = load_board("mps3-an547")
RISCV = load_board("riscv-virt")
HOST = load_board("host")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Python alone."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("EDGEPACK_EMULATOR", raising=False)
    monkeypatch.delenv("EDGEPACK_COMPILER", raising=False)
    monkeypatch.setattr(zig, "version", lambda: None)
    monkeypatch.setattr(unicorn_emulator, "version", lambda: None)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("board", "core", "package"),
    [
        (M4, "cortex-m4", "gcc-arm-none-eabi"),
        (RISCV, "rv32imac", "gcc-riscv64-unknown-elf"),
        (HOST, "native", "gcc libc6-dev"),
    ],
)
def test_no_compiler_gives_both_commands(board: Board, core: str, package: str) -> None:
    with pytest.raises(ToolchainError) as caught:
        toolchain.find(board)
    assert str(caught.value) == (
        f"{board.name}: no compiler for {core} is installed: "
        f'apt-get install --no-install-recommends {package}, or pip install "edgepack[zig]"'
    )


@pytest.mark.usefixtures("bare")
def test_zig_builds_where_gcc_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zig, "version", lambda: "0.17.1")
    found = toolchain.find(M4)
    assert (found.kind, found.name) == ("zig", "zig 0.17.1")
    assert "thumb-freestanding-eabihf" in found.command
    with pytest.raises(ToolchainError, match=r"gcc-arm-none-eabi$"):
        toolchain.find(M4, "gcc")


def test_an_unknown_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPACK_COMPILER", "tcc")
    with pytest.raises(UsageError, match="EDGEPACK_COMPILER is 'tcc'; it must be 'gcc' or 'zig'"):
        toolchain.find(M4)


def test_no_path_is_among_the_flags() -> None:
    for name in known_boards():
        board = load_board(name)
        try:
            found = toolchain.find(board)
        except ToolchainError as error:
            pytest.skip(str(error))
        assert not any(str(Path.cwd()) in flag for flag in found.flags)
        assert "-ffp-contract=off" in found.flags


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("board", "ways"),
    [
        (
            M4,
            "apt-get install --no-install-recommends qemu-system-arm, or "
            'pip install "edgepack[unicorn]"',
        ),
        (M55, "apt-get install --no-install-recommends qemu-system-arm"),
        (
            RISCV,
            "apt-get install --no-install-recommends qemu-system-misc, or "
            'pip install "edgepack[unicorn]"',
        ),
    ],
)
def test_no_emulator_gives_the_commands(board: Board, ways: str) -> None:
    with pytest.raises(ToolchainError) as caught:
        attach.choose_emulator(board)
    assert str(caught.value) == f"{board.name}: no emulator is installed: {ways}"


@pytest.mark.usefixtures("bare")
def test_qemu_goes_before_unicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unicorn_emulator, "version", lambda: "unicorn 2.1.4")
    assert attach.choose_emulator(M4) == "unicorn"
    monkeypatch.setattr(qemu, "find", lambda board: "/usr/bin/qemu-system-arm")
    assert attach.choose_emulator(M4) == "qemu"
    assert attach.choose_emulator(M4, "unicorn") == "unicorn"
    monkeypatch.setenv("EDGEPACK_EMULATOR", "unicorn")
    assert attach.choose_emulator(M4) == "unicorn"
    assert attach.choose_emulator(M4, "qemu") == "qemu"


def test_an_emulator_that_cannot_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        attach.choose_emulator(M55, "unicorn")
    assert str(caught.value) == "unicorn cannot play mps3-an547; qemu can"
    with pytest.raises(UsageError, match="emulator 'bochs' is unknown"):
        attach.choose_emulator(M4, "bochs")


@pytest.mark.parametrize(
    ("name", "place"), [("host", "on this machine"), ("nucleo-l4r5zi", "for itself")]
)
def test_a_board_without_an_emulator_refuses_one(name: str, place: str) -> None:
    message = f"emulator 'qemu': {name} runs {place}, without an emulator; leave it out"
    firmware = Firmware("absent.elf", "", "", "", "", False)
    with (
        pytest.raises(UsageError) as caught,
        attach.attach(load_board(name), firmware, emulator="qemu"),
    ):
        pass
    assert str(caught.value) == message


def test_qemu_starts_halted_and_empty_and_counts_instructions() -> None:
    call = qemu.command(RISCV, "qemu-system-riscv32", 9)
    assert "-S" in call
    assert "-kernel" not in call
    assert call[call.index("-icount") + 1] == "shift=0,sleep=off"
    assert call[call.index("-M") + 1] == "virt"
    assert call[-4:] == ["-bios", "none", "-m", "16M"]


@pytest.mark.usefixtures("bare")
def test_doctor_on_a_bare_machine_names_every_command() -> None:
    found = doctor.examine()
    assert not any(tool.found for tool in found.programs)
    assert "apt-get install --no-install-recommends gcc-arm-none-eabi" in found.missing
    ways = {way.board: way for way in found.boards}
    assert set(ways) == set(known_boards())
    assert not any(way.ready for way in ways.values())
    assert "no compiler for cortex-m55" in ways["mps3-an547"].problem
    assert "no emulator is installed" in ways["mps3-an547"].problem
    assert "openocd is not installed" in ways["nucleo-l4r5zi"].problem


def test_doctor_sees_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "openocd"
    program.write_text("#!/bin/sh\necho 'Open On-Chip Debugger 1.2.3' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    tools = {tool.name: tool for tool in doctor.examine().programs}
    assert tools["openocd"].version == "1.2.3"
    packages = {tool.name: tool for tool in doctor.examine().packages}
    assert packages["numpy"].found


def test_ports_name_the_boards_they_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port:
        device, description, vid, pid, serial_number = "/dev/ttyACM0", "STLINK", 0x483, 0x374B, "1"

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port()])
    assert doctor.list_ports() == [
        {
            "path": "/dev/ttyACM0",
            "description": "STLINK",
            "usb": "0483:374b",
            "serial_number": "1",
            "boards": "nucleo-l4r5zi",
        }
    ]


def test_the_board_table_has_a_row_a_board() -> None:
    header, *rows = doctor.board_table()
    assert [row[0] for row in rows] == list(known_boards())
    assert all(len(row) == len(header) for row in rows)
    nucleo = dict(zip(header, next(r for r in rows if r[0] == "nucleo-l4r5zi"), strict=True))
    assert nucleo["status"] == "compiled"
    assert nucleo["runs on"] == "hardware"
    assert nucleo["counts"] == "cycles"
