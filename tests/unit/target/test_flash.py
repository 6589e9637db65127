"""Drivers: what is called with which arguments, what is verified, what a failure says."""

from __future__ import annotations

import shutil
import stat
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from edgepack.board import Board, load_board
from edgepack.errors import DeviceError, ToolchainError, UsageError
from edgepack.program import Firmware
from edgepack.target import attach, flash

NUCLEO = load_board("nucleo-l4r5zi")


class Ram:
    """A target's memory that may hold some addresses badly."""

    def __init__(self, bad: Iterable[int] = ()) -> None:
        self.bytes: dict[int, int] = {}
        self.bad = set(bad)

    def write_memory(self, address: int, data: bytes) -> None:
        self.bytes |= {address + i: byte for i, byte in enumerate(data)}

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(0 if a in self.bad else self.bytes[a] for a in range(address, address + size))


def firmware(elf: Path) -> Firmware:
    return Firmware(str(elf), "", "", "", "", False)


def image(elf: Path, address: int = 0x0800_0000, data: bytes = b"vectors and code") -> Firmware:
    """A 32-bit Arm ELF file of one segment, written to `elf`."""
    elf.parent.mkdir(parents=True, exist_ok=True)
    magic = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, address | 1, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 84, address, address, len(data), len(data), 5, 4)
    elf.write_bytes(magic + header + segment + data)
    return firmware(elf)


def fake_openocd(folder: Path, script: str) -> Path:
    """A program `openocd` that records its arguments in `folder`/arguments."""
    program = folder / "openocd"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/arguments"\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_every_byte_is_written_and_read_back() -> None:
    ram = Ram()
    image = (flash.Segment(0x100, b"vectors"), flash.Segment(0x2000, b"data"))
    assert flash.write_verified(ram, image, "b") == 11
    assert ram.read_memory(0x2000, 4) == b"data"


def test_a_bad_cell_is_named() -> None:
    with pytest.raises(DeviceError) as caught:
        flash.write_verified(Ram(bad=[0x103]), (flash.Segment(0x100, b"vectors"),), "my-board")
    assert str(caught.value) == (
        "my-board: flash verification failed at 0x103: wrote 0x74, read 0x00. Does the board's "
        "file name the right memory?"
    )


def test_what_a_loader_writes_is_read_from_the_elf(tmp_path: Path) -> None:
    image(tmp_path / "x.elf", 0x0800_0000, b"code")
    assert flash.segments(tmp_path / "x.elf") == (flash.Segment(0x0800_0000, b"code"),)
    assert flash.entry(tmp_path / "x.elf") == 0x0800_0000


@pytest.mark.parametrize("address", [0, 0x07FF_FFF8, 0x0820_0000, 0x081F_FFF8])
def test_an_image_for_another_board_is_not_written(
    address: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_openocd(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UsageError) as caught:
        flash.flash_openocd(NUCLEO, image(tmp_path / "x.elf", address))
    assert str(caught.value) == (
        f"nucleo-l4r5zi: the image has 16 B for {address:#x}, the board's flash is 2097152 B from "
        "0x8000000; build it for this board"
    )
    assert not (tmp_path / "arguments").exists()


def test_segments_of_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.elf").write_bytes(b"not an image")
    with pytest.raises(UsageError, match=r"x\.elf: not an ELF image: .*; build it again"):
        flash.segments(tmp_path / "x.elf")
    with pytest.raises(UsageError, match="cannot read the image: No such file"):
        flash.segments(tmp_path / "absent.elf")


def test_a_host_program_is_copied_and_made_executable(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"program")
    flash.copy_verified(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"program"
    assert (tmp_path / "b").stat().st_mode & stat.S_IXUSR
    with pytest.raises(UsageError, match="cannot copy the image"):
        flash.copy_verified(tmp_path / "a", tmp_path / "absent" / "b")


def test_openocd_programs_verifies_and_resets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_openocd(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    elf = tmp_path / "folder with spaces" / "firmware.elf"
    with attach.attach(NUCLEO, image(elf), port="/dev/ttyACM7") as port:
        assert (port.path, port.baud, port.emulator) == ("/dev/ttyACM7", 115200, "")
    assert (tmp_path / "arguments").read_text().splitlines() == [
        *("-f", "interface/stlink.cfg", "-f", "target/stm32l4x.cfg"),
        *("-c", f"program {{{elf}}} verify reset exit"),
    ]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            'echo "Info : clock speed 500 kHz" >&2; echo "Error: open failed" >&2; exit 1',
            "nucleo-l4r5zi: openocd found no board: open failed; is it plugged in, and may you "
            "use USB?",
        ),
        (
            'echo "Error: checksum mismatch" >&2; echo "** Verify Failed **" >&2; exit 1',
            "nucleo-l4r5zi: openocd could not program the board: checksum mismatch",
        ),
        ("exit 1", "nucleo-l4r5zi: openocd could not program the board: it printed nothing"),
    ],
)
def test_openocd_failure_is_explained(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_openocd(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DeviceError) as caught:
        flash.flash_openocd(NUCLEO, image(tmp_path / "x.elf"))
    assert str(caught.value) == message


def test_openocd_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_openocd(tmp_path, f'echo $$ > "{tmp_path}/pid"; exec sleep 60')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(flash, "_OPENOCD_TIMEOUT_S", 0.5)
    with pytest.raises(DeviceError, match=r"openocd did not finish within 0\.5 s; unplug"):
        flash.flash_openocd(NUCLEO, image(tmp_path / "x.elf"))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_missing_openocd_gives_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolchainError) as caught:
        flash.flash_openocd(NUCLEO, firmware(Path("x.elf")))
    assert str(caught.value) == (
        "board 'nucleo-l4r5zi' is flashed by openocd, which is not installed: "
        "apt-get install --no-install-recommends openocd"
    )


def test_a_path_that_tcl_would_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="OpenOCD cannot take a path with braces"):
        flash.openocd_command(NUCLEO, firmware(tmp_path / "a}b" / "x.elf"))


@pytest.mark.skipif(shutil.which("openocd") is None, reason="openocd is not installed")
def test_openocd_accepts_the_boards_configuration() -> None:
    call = ["openocd", *NUCLEO.flash.args, "-c", "shutdown"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "shutdown command invoked" in done.stderr


class FakePort:
    """One entry of pyserial's list."""

    def __init__(self, device: str, vid: int | None, pid: int | None) -> None:
        self.device, self.vid, self.pid = device, vid, pid
        self.description, self.serial_number = "STLINK-V3", "0042"


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ([("/dev/ttyS0", None, None), ("/dev/ttyACM0", 0x0483, 0x374B)], "/dev/ttyACM0"),
        ([("/dev/ttyACM0", 0x0483, 0x374B), ("/dev/ttyACM1", 0x1366, 1)], "/dev/ttyACM0"),
    ],
)
def test_the_port_is_found_by_its_usb_id(
    there: list[tuple[str, int | None, int | None]], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [FakePort(*t) for t in there])
    assert attach.find_port(NUCLEO) == found


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (
            [("/dev/ttyS0", None, None)],
            "nucleo-l4r5zi: no serial port with USB id 0483:374b is connected; `edgepack ports` "
            "lists what is there, --port names one",
        ),
        (
            [("/dev/ttyACM0", 0x0483, 0x374B), ("/dev/ttyACM1", 0x0483, 0x374B)],
            "nucleo-l4r5zi: 2 such boards are connected (/dev/ttyACM0, /dev/ttyACM1); choose one "
            "with --port",
        ),
    ],
)
def test_no_port_or_two_are_explained(
    there: list[tuple[str, int | None, int | None]], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [FakePort(*t) for t in there])
    with pytest.raises(DeviceError) as caught:
        attach.find_port(NUCLEO)
    assert str(caught.value) == message


def test_an_emulated_board_takes_no_port() -> None:
    board: Board = load_board("mps2-an386")
    with (
        pytest.raises(UsageError, match="--port /dev/ttyACM0: mps2-an386 is emulated"),
        attach.attach(board, firmware(Path("x.elf")), port="/dev/ttyACM0"),
    ):
        pass
