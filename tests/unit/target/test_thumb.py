"""Instructions fall into the classes that their mnemonics say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgepack.target.thumb import Instruction, Kind, decode

GCC = shutil.which("arm-none-eabi-gcc")
OBJCOPY = shutil.which("arm-none-eabi-objcopy")

SHORT = """
    movs r0, #1         : OTHER
    adds r0, r1, r2     : OTHER
    muls r0, r1, r0     : MULTIPLY
    mov r8, r1          : OTHER
    mov pc, r1          : JUMP
    add pc, r1          : JUMP
    cmp r8, r1          : OTHER
    bx lr               : JUMP
    blx r3              : JUMP
    ldr r0, =0x12345678 : LOAD
    ldr r0, [r1, #4]    : LOAD
    ldr r0, [sp, #4]    : LOAD
    ldrb r0, [r1, r2]   : LOAD
    ldrsh r0, [r1, r2]  : LOAD
    ldrsb r0, [r1, r2]  : LOAD
    ldrh r0, [r1, #2]   : LOAD
    str r0, [r1]        : STORE
    strb r0, [r1, r2]   : STORE
    strh r0, [r1, r2]   : STORE
    str r0, [r1, r2]    : STORE
    strh r0, [r1, #2]   : STORE
    str r0, [sp, #4]    : STORE
    add r0, sp, #8      : OTHER
    sub sp, #8          : OTHER
    push {r4, r5, lr}   : STORES 3
    pop {r4, r5, pc}    : LOADS 3
    ldmia r0!, {r1-r4}  : LOADS 4
    stmia r0!, {r1, r2} : STORES 2
    sxtb r0, r1         : OTHER
    rev r0, r1          : OTHER
    beq .               : BRANCH
    b .                 : BRANCH
    bl .                : CALL
    nop                 : OTHER
    mrs r0, primask     : SYSTEM
    dmb                 : BARRIER
"""
LONG = """
    movw r0, #1234              : OTHER
    movt r0, #1234              : OTHER
    add.w r0, r1, r2, lsl #3    : OTHER
    ubfx r0, r1, #3, #4         : OTHER
    ssat r0, #8, r1             : OTHER
    ldr.w r0, [r1, #400]        : LOAD
    ldr.w r0, [r1, r2, lsl #2]  : LOAD
    ldr r0, [r1], #4            : LOAD
    ldrsb.w r0, [r1, #-4]       : LOAD
    str.w r0, [r1, r2, lsl #2]  : STORE
    str r0, [r1], #4            : STORE
    strb.w r0, [r8]             : STORE
    ldrd r0, r1, [r2], #8       : LOADS 2
    strd r0, r1, [r2, #8]       : STORES 2
    ldmia.w r0!, {r8, r9, r10}  : LOADS 3
    stmdb sp!, {r4-r9, lr}      : STORES 7
    ldmia.w sp!, {r4-r9, pc}    : LOADS 7
    ldrex r0, [r1]              : LOADS 1
    pld [r0, #4]                : OTHER
    mul r0, r1, r2              : MULTIPLY
    mla r0, r1, r2, r3          : MULTIPLY_ADD
    mls r0, r1, r2, r3          : MULTIPLY_ADD
    smull r0, r1, r2, r3        : LONG_MULTIPLY
    umlal r0, r1, r2, r3        : LONG_MULTIPLY_ADD
    sdiv r0, r1, r2             : DIVIDE
    udiv r0, r1, r2             : DIVIDE
    smlad r0, r1, r2, r3        : MULTIPLY
    smlabb r0, r1, r2, r3       : MULTIPLY
    smmla r0, r1, r2, r3        : MULTIPLY
    sxtb16 r0, r1, ror #8       : OTHER
    pkhbt r0, r1, r2, lsl #16   : OTHER
    cbz r0, .+8                 : BRANCH
    bne.w .                     : BRANCH
    b.w .                       : BRANCH
    tbb [pc, r0]                : TABLE
    it eq                       : IT
    moveq r0, r1                : OTHER
    vldr s0, [r0]               : LOADS 1
    vldr d0, [r0]               : LOADS 2
    vstr s0, [r0]               : STORES 1
    vldmia r0!, {s0-s3}         : LOADS 4
    vpush {d8-d9}               : STORES 4
    vadd.f32 s0, s1, s2         : FLOAT
    vmul.f32 s0, s1, s2         : FLOAT
    vmla.f32 s0, s1, s2         : FLOAT_MULTIPLY_ADD
    vfma.f32 s0, s1, s2         : FLOAT_MULTIPLY_ADD
    vfnms.f32 s0, s1, s2        : FLOAT_MULTIPLY_ADD
    vdiv.f32 s0, s1, s2         : FLOAT_DIVIDE
    vsqrt.f32 s0, s1            : FLOAT_DIVIDE
    vcvt.f32.s32 s0, s1         : FLOAT
    vcmp.f32 s0, s1             : FLOAT
    vmov s0, r0                 : FLOAT
    vmov d0, r0, r1             : FLOAT_MOVE
    vmrs apsr_nzcv, fpscr       : FLOAT
"""


def assembled(lines: list[str], cpu: str, folder: Path) -> tuple[Instruction, ...]:
    if GCC is None or OBJCOPY is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    source, linked, raw = folder / "a.s", folder / "a.o", folder / "a.bin"
    source.write_text(f".syntax unified\n.thumb\n{chr(10).join(lines)}\nend: .ltorg\n")
    fpu = ["-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"] if cpu == "cortex-m4" else []
    subprocess.run([GCC, f"-mcpu={cpu}", *fpu, "-c", source, "-o", linked], check=True)
    subprocess.run([OBJCOPY, "-O", "binary", "-j", ".text", linked, raw], check=True)
    return decode(raw.read_bytes())


@pytest.mark.parametrize(("text", "cpu"), [(SHORT, "cortex-m0"), (LONG, "cortex-m4")])
def test_classes_follow_the_mnemonics(text: str, cpu: str, tmp_path: Path) -> None:
    rows = [line.split(":") for line in text.strip().splitlines()]
    expected = [f"{row[0].strip()} -> {row[1].strip()}" for row in rows]
    found = assembled([row[0] for row in rows], cpu, tmp_path)
    said = [
        f"{row[0].strip()} -> {i.kind.name} {i.words or ''}".strip()
        for row, i in zip(rows, found, strict=False)
    ]
    assert said == expected


def test_what_pipelining_asks_is_read() -> None:
    ldr_r3_r1_r2, ldr_r0_literal, ldrw_r8_r9, strw_index = 0x588B, 0x4802, 0xF8D98000, 0xF8410022
    short = decode(ldr_r3_r1_r2.to_bytes(2, "little") + ldr_r0_literal.to_bytes(2, "little"))
    assert short == (
        Instruction(2, Kind.LOAD, loaded=3, address=(1, 2)),
        Instruction(2, Kind.LOAD, loaded=0, literal=True),
    )
    long = decode(b"".join(_halves(word) for word in (ldrw_r8_r9, strw_index)))
    assert long == (
        Instruction(4, Kind.LOAD, loaded=8, address=(9,)),
        Instruction(4, Kind.STORE, address=(1, 2)),
    )


@pytest.mark.parametrize(
    ("code", "to_pc"),
    [("00bd", True), ("10bc", False), ("bde8f081", True), ("dff804f0", True), ("8746", True)],
)
def test_what_sets_the_program_counter_is_seen(code: str, to_pc: bool) -> None:
    (instruction,) = decode(bytes.fromhex(code))
    assert instruction.to_pc is to_pc


def test_half_an_instruction_at_the_end_is_left_out() -> None:
    assert len(decode(bytes.fromhex("00bfd9f8"))) == 1
    assert decode(b"\x00") == ()


def _halves(word: int) -> bytes:
    return (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
