"""Instructions of an image that its board's core does not have, by the disassembly.

A compiler checks what it makes from C; nothing checks `.S` files that name another architecture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from edgepack.board import Board
from edgepack.program import Firmware
from edgepack.target.disassembly import Instruction, instructions
from edgepack.target.sections import functions

_WIDE_OF_V6M = {"bl", "mrs", "msr", "dmb", "dsb", "isb"}  # Thumb's only 32-bit ones on ARMv6-M
_NARROW_NOT_V6M = re.compile(r"cbn?z|it[te]{0,3}$")
_DSP = re.compile(
    r"([su]xta?b16|[su]xta[bh]|([su]|sh|uh|u?q)((add|sub)(8|16)|asx|sax)|qd?(add|sub)|sml[as]l?dx?|"
    r"smla[bt][bt]|smlal[bt][bt]|smlaw[bt]|smm(la|ls|ul)r?|smu[as]dx?|smul[bt][bt]|smulw[bt]|"
    r"pkh(bt|tb)|sel|[su]sat16|usada?8|umaal)([a-z]{2})?$"
)
_FLOAT = re.compile(r"v")
_HELIUM = re.compile(r"v\w+\.\w*.*\bq[0-7]\b|vctp|vpst|vpt|wls|dls|letp|lctp|le$")
_RISCV_FLOAT = re.compile(r"f(?!ence)|c\.f|v")


def foreign(firmware: Firmware, board: Board) -> tuple[str, ...]:
    """Each instruction of the image's functions that the board's core lacks, with its function.

    ToolchainError where objdump is missing or fails.
    """
    lines = instructions(firmware, board)
    found = []
    for function in functions(Path(firmware.elf)):
        end = function.address + function.size
        own = [line for line in lines if function.address <= line.address < end]
        found += [f"{function.name}: {line.text}" for line in lacking(own, board)]
    return tuple(found)


def lacking(lines: Sequence[Instruction], board: Board) -> list[Instruction]:
    """Of consecutive instructions, those that the board's core lacks."""
    if board.toolchain.family == "riscv":
        return [line for line in lines if _RISCV_FLOAT.match(line.mnemonic)]
    if "thumb1" in board.isa:
        return _beyond_v6m(lines)
    return [line for line in lines if _is_beyond(line, board)]


def _beyond_v6m(lines: Sequence[Instruction]) -> list[Instruction]:
    wide = [
        one
        for one, after in pairwise(lines)
        if after.address - one.address == 4 and one.mnemonic not in (*_WIDE_OF_V6M, ".word")
    ]
    return wide + [line for line in lines if _NARROW_NOT_V6M.match(line.mnemonic)]


def _is_beyond(line: Instruction, board: Board) -> bool:
    name = line.mnemonic.split(".")[0]
    if "mve" not in board.isa and _HELIUM.match(f"{line.mnemonic} {line.text}"):
        return True
    if "fpu" not in board.isa and "mve" not in board.isa and _FLOAT.match(name):
        return True
    return "dsp" not in board.isa and bool(_DSP.match(name))
