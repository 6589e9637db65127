"""What this machine has for building, emulating and flashing, and what gets the rest."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgepack.board import Board, known_boards, load_board
from edgepack.errors import EdgepackError
from edgepack.target import qemu, toolchain, unicorn_emulator
from edgepack.target.attach import choose_emulator

_PROGRAMS = (
    ("arm-none-eabi-gcc", "compiles for Arm boards", "gcc-arm-none-eabi"),
    ("riscv64-unknown-elf-gcc", "compiles for RISC-V boards", "gcc-riscv64-unknown-elf"),
    ("cc", "compiles for the host board", "gcc libc6-dev"),
    ("qemu-system-arm", "emulates Arm boards", "qemu-system-arm"),
    ("qemu-system-riscv32", "emulates RISC-V boards", "qemu-system-misc"),
    ("openocd", "flashes real boards", "openocd"),
    ("gdb-multiarch", "debugs firmware; edgepack itself does not need it", "gdb-multiarch"),
)
_PACKAGES = (
    (("numpy",), "arrays", "pip install edgepack"),
    (("pyserial",), "serial lines", "pip install edgepack"),
    (("ai-edge-litert", "tflite-runtime"), "the reference's answers", "pip install edgepack"),
    (("ziglang",), "compiles for every board, without root", 'pip install "edgepack[zig]"'),
    (("unicorn",), "emulates boards, without root", unicorn_emulator.install_command()),
    (
        ("tensorflow", "tensorflow-cpu"),
        "trains, prunes, quantises and converts Keras models",
        'pip install "edgepack[keras]"',
    ),
    (("keras",), "reads Keras models", 'pip install "edgepack[keras]"'),
    (("seglearn",), "the demo's data", 'pip install "edgepack[demo]"'),
)
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A program or Python package: its version where it is found, else the command to get it."""

    name: str
    purpose: str
    version: str | None
    install: str

    @property
    def found(self) -> bool:
        """Whether it is there."""
        return self.version is not None


@dataclass(frozen=True, slots=True)
class Way:
    """How one board would be built and run here; `problem` says what is missing, if anything."""

    board: str
    compiler: str
    runs_on: str  # the emulator, "this machine", or "the board, flashed by openocd"
    problem: str

    @property
    def ready(self) -> bool:
        """Whether firmware for this board can be built and run."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything `edgepack doctor` reports."""

    python: str
    system: str
    programs: tuple[Tool, ...]
    packages: tuple[Tool, ...]
    boards: tuple[Way, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The commands that get what is missing, each once."""
        tools = (*self.programs, *self.packages)
        return tuple(dict.fromkeys(tool.install for tool in tools if not tool.found))


def examine(project: Path | None = None) -> Findings:
    """Look at this machine; nothing is installed, started for long, or written."""
    return Findings(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        programs=tuple(_program(*row) for row in _PROGRAMS),
        packages=tuple(_package(*row) for row in _PACKAGES),
        boards=tuple(way(load_board(str(path))) for path in known_boards(project).values()),
    )


def way(board: Board) -> Way:
    """How this board would be built and run here."""
    problems = []
    compiler = runs_on = "-"
    try:
        compiler = toolchain.find(board).name
    except EdgepackError as error:
        problems.append(str(error))
    try:
        runs_on = _runs_on(board)
    except EdgepackError as error:
        problems.append(str(error))
    if board.flash.driver == "openocd" and shutil.which("openocd") is None:
        problems.append(f"openocd is not installed: {_apt('openocd')}")
    return Way(board.name, compiler, runs_on, "; ".join(problems))


def list_ports(project: Path | None = None) -> list[dict[str, str]]:
    """The serial ports here: path, description, USB id, serial number, and boards they may be."""
    from serial.tools import list_ports as serial_ports

    boards = [load_board(str(path)) for path in known_boards(project).values()]
    return [
        {
            "path": port.device,
            "description": port.description or "",
            "usb": f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None else "",
            "serial_number": port.serial_number or "",
            "boards": ", ".join(_matching(boards, port.vid, port.pid)),
        }
        for port in sorted(serial_ports.comports(), key=lambda p: p.device)
    ]


def board_table(project: Path | None = None) -> list[tuple[str, ...]]:
    """A header and a row a board, for documentation: what it is and where its figures come from."""
    header = ("board", "core", "clock", "flash", "RAM", "status", "runs on", "counts")
    return [header, *(_row(load_board(str(p))) for p in known_boards(project).values())]


def _row(board: Board) -> tuple[str, ...]:
    emulators = [name for name in ("qemu", "unicorn") if getattr(board, name) is not None]
    places = {"copy": "this machine", "openocd": "hardware"}
    memory = board.memory
    return (
        board.name,
        board.core,
        f"{board.clock_hz / 1e6:g} MHz" if board.clock_hz else "-",
        f"{memory.flash.bytes // 1024} KB" if memory else "-",
        f"{memory.ram.bytes // 1024} KB" if memory else "-",
        board.status,
        places.get(board.flash.driver, ", ".join(emulators)),
        "-" if board.timer.unit == "none" else board.timer.unit,
    )


def _runs_on(board: Board) -> str:
    if board.flash.driver == "copy":
        return "this machine"
    if board.flash.driver == "openocd":
        return "the board, flashed by openocd"
    if choose_emulator(board) == "qemu":
        return qemu.version(qemu.find(board) or "")
    return unicorn_emulator.version() or ""


def _matching(boards: Iterable[Board], vid: int | None, pid: int | None) -> list[str]:
    return [
        b.name for b in boards if vid is not None and (b.serial.vid, b.serial.pid) == (vid, pid)
    ]


def _program(name: str, purpose: str, package: str) -> Tool:
    path = shutil.which(name)
    return Tool(name, purpose, _version(path) if path else None, _apt(package))


def _package(names: tuple[str, ...], purpose: str, install: str) -> Tool:
    for name in names:
        try:
            return Tool(name, purpose, importlib.metadata.version(name), install)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Tool(names[0], purpose, None, install)


def _apt(package: str) -> str:
    return f"apt-get install --no-install-recommends {package}"


def _version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return "does not run"
    found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return found.group(0) if found else "of unknown version"
