"""Which compiler builds for a board: gcc where it is installed, else zig from PyPI."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgepack.board import Board
from edgepack.errors import ToolchainError, UsageError
from edgepack.target import zig

Kind = Literal["gcc", "zig"]

_GCC = {
    "arm": ("arm-none-eabi-gcc",),
    "riscv": ("riscv64-unknown-elf-gcc", "riscv32-unknown-elf-gcc", "riscv-none-elf-gcc"),
    "host": ("cc", "gcc", "clang"),
}
_PACKAGES = {
    "arm": "gcc-arm-none-eabi",
    "riscv": "gcc-riscv64-unknown-elf",
    "host": "gcc libc6-dev",
}
_COMMON = (
    *("-std=c11", "-ffreestanding", "-ffp-contract=off", "-fno-common", "-g0"),
    *("-ffunction-sections", "-fdata-sections"),
    *("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-stack-protector"),
)
WARNINGS = (
    *("-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wsign-conversion", "-Wundef"),
    "-Wmissing-prototypes",
)
"""What every C file is compiled with, besides the flags that decide the code."""

_HOSTED = ("-fPIE",)
_ZIG = ("-fno-sanitize=all", "-fno-unroll-loops")  # at -O2 clang unrolls into twice the code


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler that is installed, and the flags that make it compile for one board."""

    kind: Kind
    command: tuple[str, ...]
    name: str
    """As a result shows it: "arm-none-eabi-gcc 12.2.1", "zig 0.17.1"."""
    flags: tuple[str, ...]
    """Instruction set and dialect: what decides the code, besides the level; no path."""
    freestanding: bool
    build: str
    """All that the compiler says about its version: two of one number may differ."""
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Variables that it needs to be set."""

    def compile(self, source: str, output: str, *options: str) -> list[str]:
        """The call that makes an object of one C file."""
        return [*self.command, *self.flags, *WARNINGS, "-I.", *options, "-c", source, "-o", output]

    def link(self, objects: list[str], script: str, output: str, entry: str) -> list[str]:
        """The call that makes an image of objects."""
        call = [*self.command, *self.flags, *objects]
        if self.freestanding:
            call += ["-T", script, f"-Wl,-e,{entry}", "-Wl,--gc-sections", "-Wl,--build-id=none"]
            call += ["-nostartfiles", "-nostdlib", "-lgcc"] if self.kind == "gcc" else []
        return [*call, "-o", output]


def find(board: Board, wanted: str | None = None) -> Toolchain:
    """The compiler for this board.

    `wanted`, else the environment's EDGEPACK_COMPILER, names "gcc" or "zig". ToolchainError with
    the commands that install one where there is none.
    """
    wanted = wanted or os.environ.get("EDGEPACK_COMPILER") or None
    if wanted not in (None, "gcc", "zig"):
        raise UsageError(f"EDGEPACK_COMPILER is {wanted!r}; it must be 'gcc' or 'zig'")
    found = None
    if wanted != "zig":
        found = _find_gcc(board)
    if found is None and wanted != "gcc":
        found = _find_zig(board)
    if found is None:
        raise ToolchainError(missing(board, wanted))
    return found


def missing(board: Board, wanted: str | None = None) -> str:
    """What to say where no compiler for this board is found."""
    ways = {"gcc": gcc_command(board), "zig": zig.INSTALL}
    offered = [ways[wanted]] if wanted else list(ways.values())
    return f"{board.name}: no compiler for {board.core} is installed: " + ", or ".join(offered)


def gcc_command(board: Board) -> str:
    """The command that installs Debian's gcc for this board."""
    return f"apt-get install --no-install-recommends {_PACKAGES[board.toolchain.family]}"


def gcc_program(board: Board) -> str | None:
    """The first gcc for this board's family that is on PATH, or None."""
    return next(filter(None, map(shutil.which, _GCC[board.toolchain.family])), None)


def _find_gcc(board: Board) -> Toolchain | None:
    program = gcc_program(board)
    if program is None:
        return None
    host = board.toolchain.family == "host"
    return Toolchain(
        kind="gcc",
        command=(program,),
        name=_gcc_name(program),
        flags=(*board.toolchain.gcc_flags, *_COMMON, *(_HOSTED if host else ())),
        freestanding=not host,
        build=_ask(program, "--version").splitlines()[0],
    )


def _find_zig(board: Board) -> Toolchain | None:
    if zig.version() is None:
        return None
    found = zig.compiler(board.toolchain.zig_target, board.toolchain.zig_cpu)
    return Toolchain(
        kind="zig",
        command=found.command,
        name=found.name,
        flags=(*_COMMON, *_ZIG),
        freestanding=board.toolchain.family != "host",
        build=found.name,
        environment=found.environment,
    )


@functools.cache
def _gcc_name(program: str) -> str:
    shown = _ask(program, "--version").splitlines()[0]
    number = re.search(r"\d+\.\d+(\.\d+)?", shown)
    if "clang" in shown:
        return f"clang {number.group(0) if number else 'of unknown version'}"
    name = Path(program).name
    return f"{'gcc' if name == 'cc' else name} {_ask(program, '-dumpfullversion').strip()}"


@functools.cache
def _ask(*call: str) -> str:
    try:
        done = subprocess.run(
            call,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{' '.join(call)}: does not run: {error}") from error
    return done.stdout
