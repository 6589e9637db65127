/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_pack.h for RV32IM: 16 instructions a depth of four pixels.
 *
 *   a3-a6  pixels    a1  end of the first    a2  to    t0-t3  values
 */
    .section .text.ep_swar_pack, "ax", @progbits
    .globl  ep_swar_pack
    .type   ep_swar_pack, @function
    .balign 4
ep_swar_pack:
    lw      a3, 0(a0)
    lw      a4, 4(a0)
    lw      a5, 8(a0)
    lw      a6, 12(a0)
    add     a1, a1, a3
1:
    lb      t0, 0(a3)
    lb      t1, 0(a4)
    lb      t2, 0(a5)
    lb      t3, 0(a6)
    slli    t1, t1, 16
    slli    t3, t3, 16
    add     t0, t0, t1
    add     t2, t2, t3
    sw      t0, 0(a2)
    sw      t2, 4(a2)
    addi    a3, a3, 1
    addi    a4, a4, 1
    addi    a5, a5, 1
    addi    a6, a6, 1
    addi    a2, a2, 8
    bne     a3, a1, 1b
    mv      a0, a2
    ret
    .size   ep_swar_pack, .-ep_swar_pack
