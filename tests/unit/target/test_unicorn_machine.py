"""Which instructions of a RISC-V image read a counter."""

from __future__ import annotations

from edgepack.target.flash import Segment
from edgepack.target.unicorn_machine import counter_reads


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def test_counter_reads_are_found_at_every_halfword() -> None:
    nop, csrr_a0_minstret, csrr_t6_mcycleh = 0x00000013, 0xB0202573, 0xB8002FF3
    rdinstret_a1, rdcycleh_a2 = 0xC02025F3, 0xC8002673
    image = (
        Segment(0x80000000, words(nop, csrr_a0_minstret, csrr_t6_mcycleh, nop)),
        Segment(0x80001000, b"\x01\x00" + words(rdinstret_a1, rdcycleh_a2)),
    )
    assert counter_reads(image) == [0x80000004, 0x80000008, 0x80001002, 0x80001006]


def test_other_system_instructions_are_left_alone() -> None:
    csrw_mtvec, csrr_mhartid, csrrw_minstret = 0x30529073, 0xF1402573, 0xB0251573
    rdtime, ecall, csrrs_with_source = 0xC0102573, 0x00000073, 0xB0252573
    data = words(csrw_mtvec, csrr_mhartid, csrrw_minstret, rdtime, ecall, csrrs_with_source)
    assert counter_reads((Segment(0x80000000, data),)) == []
