"""The machine code of an image's functions, by the toolchain's objdump."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from edgepack.board import Board
from edgepack.errors import ToolchainError
from edgepack.program import Firmware
from edgepack.target.sections import Function

_PROGRAMS = {
    "arm": ("arm-none-eabi-objdump", "binutils-arm-none-eabi"),
    "riscv": ("riscv64-unknown-elf-objdump", "binutils-riscv64-unknown-elf"),
    "host": ("objdump", "binutils"),
}
_HELIUM = "armv8.1-m.main"  # objdump does not read it from the ELF file
_TIMEOUT_S = 60.0
_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)(?:.*?\b([0-9a-f]+) <)?")
_BRANCHES = ("b", "cb", "le", "j")
_CALLS = ("bl", "blx", "jal", "jalr")
_MULTIPLY = re.compile(r"[su]?ml|mul|sml|smm|smu|umu|vml|vmul")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of objdump: where, what, and where it branches to, if anywhere."""

    address: int
    mnemonic: str
    target: int | None
    text: str


def hot_loop(firmware: Firmware, board: Board, functions: Collection[Function]) -> tuple[str, ...]:
    """The innermost loop of these functions that looks the hottest, by its text alone.

    It is the one of many multiplications among few other instructions; the longest where none
    multiplies. A line with the function's name comes first. Nothing where they have no loop.
    ToolchainError where objdump is missing or fails.
    """
    lines = instructions(firmware, board)
    loops: list[tuple[str, tuple[Instruction, ...]]] = []
    for function in functions:
        end = function.address + function.size
        own = [line for line in lines if function.address <= line.address < end]
        loops += [(function.name, loop) for loop in innermost_loops(own)]
    if not loops:
        return ()
    name, loop = max(loops, key=lambda found: (_weight(found[1]), len(found[1])))
    head = f"{name}: {len(loop)} instructions, {_multiplications(loop)} of them multiply"
    return (head, *(line.text for line in loop))


def instructions(firmware: Firmware, board: Board) -> tuple[Instruction, ...]:
    """All of the image's, in the order of addresses."""
    program, package = _PROGRAMS[board.toolchain.family]
    found = shutil.which(program)
    if found is None:
        raise ToolchainError(
            f"{program} is not installed; apt-get install --no-install-recommends {package}"
        )
    machine = ("-m", _HELIUM) if "mve" in board.isa else ()
    call = (found, "-d", "--no-show-raw-insn", *machine, firmware.elf)
    try:
        done = subprocess.run(call, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{program}: does not disassemble the image: {error}") from error
    return parse(done.stdout.splitlines())


def parse(lines: Iterable[str]) -> tuple[Instruction, ...]:
    """What objdump printed, calls counted as going nowhere."""
    found = []
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        mnemonic = match.group(2)
        branches = mnemonic.startswith(_BRANCHES) and mnemonic.split(".")[0] not in _CALLS
        target = int(match.group(3), 16) if branches and match.group(3) else None
        text = line.expandtabs().strip()
        found.append(Instruction(int(match.group(1), 16), mnemonic, target, text))
    return tuple(found)


def innermost_loops(function: Iterable[Instruction]) -> list[tuple[Instruction, ...]]:
    """The bodies of backward branches within a function that hold no other such body."""
    lines = tuple(function)
    addresses = {line.address for line in lines}
    ends: dict[int, int] = {}  # of a loop, by its start
    for line in lines:
        if line.target in addresses and line.target is not None and line.target <= line.address:
            ends[line.target] = max(line.address, ends.get(line.target, 0))
    inner = [
        (start, end)
        for start, end in ends.items()
        if not any(start < other and ends[other] <= end for other in ends)
    ]
    return [tuple(x for x in lines if start <= x.address <= end) for start, end in sorted(inner)]


def _weight(loop: Collection[Instruction]) -> float:
    return _multiplications(loop) ** 2 / len(loop)


def _multiplications(loop: Iterable[Instruction]) -> int:
    return sum(1 for line in loop if _MULTIPLY.match(line.mnemonic))
