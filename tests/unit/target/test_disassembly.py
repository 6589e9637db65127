"""Which loop of a function is taken for the hot one, from what objdump prints."""

from __future__ import annotations

from edgepack.target.disassembly import innermost_loops, parse

THUMB = """
00000100 <ep_sum>:
 100:	ldrsb.w	r3, [r0], #1
 104:	smlabb	r2, r3, r4, r2
 108:	subs	r1, #1
 10a:	bne.n	100 <ep_sum>
 10c:	bl	138 <ep_other>
 110:	cmp	r5, r6
 112:	blt.n	100 <ep_sum>
 114:	ldr	r3, [pc, #8]	@ (120 <ep_sum+0x20>)
 116:	subs	r7, #1
 118:	ble.w	114 <ep_sum+0x14>
 11c:	b.w	138 <ep_other>
 120:	.word	0x20000000
"""
HELIUM = """
 20:	vldrw.u32	q0, [r3], #16
 24:	vmladava.s8	r4, q0, q1
 28:	le	lr, 20 <ep_dot>
 2c:	bx	lr
"""
RISCV = """
80000010 <ep_dot>:
80000010:	lw	a4,0(a0)
80000012:	beqz	a4,80000018 <ep_dot+0x8>
80000014:	mul	a5,a5,a4
80000018:	jal	ra,80000010 <ep_dot>
8000001c:	bltu	a0,a1,80000010 <ep_dot>
80000020:	j	80000014 <ep_dot+0x4>
"""


def spans(text: str) -> list[tuple[int, int]]:
    return [(loop[0].address, loop[-1].address) for loop in innermost_loops(parse(lines(text)))]


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_a_loop_reaches_to_the_last_branch_back_and_calls_are_none() -> None:
    assert spans(THUMB) == [(0x100, 0x112), (0x114, 0x118)]


def test_low_overhead_loops_count() -> None:
    assert spans(HELIUM) == [(0x20, 0x28)]


def test_a_loop_with_another_inside_is_left_out() -> None:
    inner = RISCV.replace("80000020:	j	80000014", "8000001a:	j	80000014")
    assert spans(RISCV) == [(0x80000010, 0x8000001C), (0x80000014, 0x80000020)]
    assert spans("\n".join(sorted(lines(inner)))) == [(0x80000014, 0x8000001A)]


def test_only_branches_have_a_target() -> None:
    found = {line.address: line.target for line in parse(lines(THUMB))}
    assert found[0x10A] == found[0x112] == 0x100
    assert found[0x10C] is None
    assert found[0x114] is None
    assert found[0x118] == 0x114
