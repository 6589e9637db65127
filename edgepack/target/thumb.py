"""Thumb instructions by what they cost: a class each, registers where these decide.

Encodings: Armv7-M Architecture Reference Manual, DDI 0403, chapter A5. What no class names, such as
arithmetic, is `OTHER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What an instruction costs by."""

    OTHER = auto()
    LOAD = auto()
    STORE = auto()
    LOADS = auto()  # several words: LDM, POP, LDRD, VLDM; and what is never pipelined
    STORES = auto()
    MULTIPLY = auto()
    MULTIPLY_ADD = auto()
    LONG_MULTIPLY = auto()
    LONG_MULTIPLY_ADD = auto()
    DIVIDE = auto()
    BRANCH = auto()
    CALL = auto()
    JUMP = auto()  # to an address in a register
    TABLE = auto()
    FLOAT = auto()
    FLOAT_MOVE = auto()  # two core registers
    FLOAT_MULTIPLY_ADD = auto()
    FLOAT_DIVIDE = auto()  # or square root
    IT = auto()
    SYSTEM = auto()
    BARRIER = auto()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its bytes, its class, and for loads and stores what they touch."""

    bytes: int
    kind: Kind
    words: int = 0  # moved by LOADS and STORES
    loaded: int = -1  # the register that a LOAD sets
    address: tuple[int, ...] = ()  # registers that make the address of a LOAD or STORE
    to_pc: bool = False
    literal: bool = False  # read relative to the program counter


def decode(code: bytes) -> tuple[Instruction, ...]:
    """The instructions of a block, in order; a half one at its end is left out."""
    found = []
    at = 0
    while at + 2 <= len(code):
        first = int.from_bytes(code[at : at + 2], "little")
        if first < 0xE800:
            found.append(_short(first))
        elif at + 4 <= len(code):
            found.append(_long(first, int.from_bytes(code[at + 2 : at + 4], "little")))
        at += 2 if first < 0xE800 else 4
    return tuple(found)


def _short(h: int) -> Instruction:
    top = h >> 12
    if top == 0x4:
        return _short_arithmetic(h)
    if top in (0x5, 0x6, 0x7, 0x8, 0x9):
        return _short_access(h)
    if top == 0xB:
        return _short_miscellaneous(h)
    if top == 0xC:
        kind = Kind.LOADS if h & 0x800 else Kind.STORES
        return Instruction(2, kind, words=(h & 0xFF).bit_count())
    if top == 0xE or (top == 0xD and (h >> 8) & 0xF < 0xE):
        return Instruction(2, Kind.BRANCH)
    return Instruction(2, Kind.OTHER)


def _short_arithmetic(h: int) -> Instruction:
    if h & 0xF800 == 0x4800:
        return Instruction(2, Kind.LOAD, loaded=(h >> 8) & 7, literal=True)
    if h & 0xFFC0 == 0x4340:
        return Instruction(2, Kind.MULTIPLY)
    to_pc = h & 0xFD87 == 0x4487  # ADD or MOV
    if h & 0xFF00 == 0x4700 or to_pc:
        return Instruction(2, Kind.JUMP, to_pc=to_pc)
    return Instruction(2, Kind.OTHER)


def _short_access(h: int) -> Instruction:
    top, rt, rn, rm = h >> 12, h & 7, (h >> 3) & 7, (h >> 6) & 7
    is_load = bool(h & 0x800)
    address: tuple[int, ...] = (rn,)
    if top == 0x5:
        is_load = (h >> 9) & 7 >= 3
        address = (rn, rm)
    elif top == 0x9:
        rt, address = (h >> 8) & 7, (13,)
    if is_load:
        return Instruction(2, Kind.LOAD, loaded=rt, address=address)
    return Instruction(2, Kind.STORE, address=address)


def _short_miscellaneous(h: int) -> Instruction:
    if h & 0xF600 == 0xB400:
        is_pop = bool(h & 0x800)
        words = (h & 0x1FF).bit_count()
        return Instruction(
            2, Kind.LOADS if is_pop else Kind.STORES, words, to_pc=is_pop and bool(h & 0x100)
        )
    if h & 0xF500 == 0xB100:
        return Instruction(2, Kind.BRANCH)  # CBZ, CBNZ
    if h & 0xFF00 == 0xBF00 and h & 0xF:
        return Instruction(2, Kind.IT)
    return Instruction(2, Kind.OTHER)


def _long(a: int, b: int) -> Instruction:
    if a & 0xEC00 == 0xEC00:
        return _coprocessor(a, b)
    if a & 0xFE00 == 0xE800:
        return _long_multiple(a, b)
    if a & 0xF800 == 0xF000 and b & 0x8000:
        return _long_branch(a, b)
    if a & 0xFE00 == 0xF800:
        return _long_access(a, b)
    if a & 0xFF00 == 0xFB00:
        return _long_multiply(a, b)
    return Instruction(4, Kind.OTHER)


def _long_multiple(a: int, b: int) -> Instruction:
    kind = Kind.LOADS if a & 0x10 else Kind.STORES
    if not a & 0x40:
        to_pc = kind is Kind.LOADS and bool(b & 0x8000)
        return Instruction(4, kind, b.bit_count(), to_pc=to_pc)
    if a & 0x0120:
        return Instruction(4, kind, 2)  # LDRD, STRD
    if a & 0xFFF0 == 0xE8D0 and b & 0xE0 == 0:
        return Instruction(4, Kind.TABLE, to_pc=True)
    return Instruction(4, kind, 1)  # exclusive


def _long_branch(a: int, b: int) -> Instruction:
    if b & 0x5000 == 0x5000:
        return Instruction(4, Kind.CALL)
    if b & 0x5000 == 0x1000 or (b & 0x5000 == 0 and a & 0x0380 != 0x0380):
        return Instruction(4, Kind.BRANCH)
    if a & 0xFFF0 == 0xF3B0:
        return Instruction(4, Kind.BARRIER)
    if a & 0xFFE0 in (0xF380, 0xF3E0):
        return Instruction(4, Kind.SYSTEM)  # MSR, MRS
    return Instruction(4, Kind.OTHER)


def _long_access(a: int, b: int) -> Instruction:
    rn, rt, rm = a & 15, b >> 12, b & 15
    is_literal = rn == 15
    has_index = not a & 0x80 and not b & 0x800 and not is_literal
    address = () if is_literal else (rn, rm) if has_index else (rn,)
    if not a & 0x10:
        return Instruction(4, Kind.STORE, address=address)
    is_word = a & 0x60 == 0x40
    if rt == 15 and not is_word:
        return Instruction(4, Kind.OTHER)  # a hint to preload
    return Instruction(4, Kind.LOAD, loaded=rt, address=address, to_pc=rt == 15, literal=is_literal)


def _long_multiply(a: int, b: int) -> Instruction:
    operation = (a >> 4) & 7
    if not a & 0x80:
        adds = operation == 0 and b >> 12 != 15
        return Instruction(4, Kind.MULTIPLY_ADD if adds else Kind.MULTIPLY)
    if operation in (1, 3):
        return Instruction(4, Kind.DIVIDE)
    adds = operation >= 4
    return Instruction(4, Kind.LONG_MULTIPLY_ADD if adds else Kind.LONG_MULTIPLY)


def _coprocessor(a: int, b: int) -> Instruction:
    if (b >> 8) & 14 != 10:
        return Instruction(4, Kind.OTHER)
    if a & 0xFFE0 == 0xEC40:
        return Instruction(4, Kind.FLOAT_MOVE)
    if a & 0xFE00 == 0xEC00:
        kind = Kind.LOADS if a & 0x10 else Kind.STORES
        is_single = a & 0x0120 == 0x0100  # VLDR, VSTR
        words = 1 + ((b >> 8) & 1) if is_single else b & 0xFF
        return Instruction(4, kind, words)
    if a & 0xFF00 == 0xEE00 and not b & 0x10:
        operation = (a >> 4) & 0xB
        is_root = operation == 0xB and a & 15 == 1 and b & 0xC0 == 0xC0
        if operation == 8 or is_root:
            return Instruction(4, Kind.FLOAT_DIVIDE)
        if operation in (0, 1, 9, 10):
            return Instruction(4, Kind.FLOAT_MULTIPLY_ADD)
    return Instruction(4, Kind.FLOAT)
