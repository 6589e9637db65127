/* SPDX-License-Identifier: MIT-0 */
/* ep_line_s8.h for RV32IM: one column, 4 outputs at a time.
 *
 *   s0-s3  sums    t4  x    t5  weight    t6  product
 *   a0  x          a1  w    a2  bias      a3  steps     a4  y    a5  x's start    a6  depth
 *   a7  outputs left        s4  end of x  t0-t3  factor, nudge, low, high
 *
 * The loop over 8 depths has 107 instructions for 32 products: 3.34 each.
 */
#include "ep_steps.inc"

/* 13 instructions */
.macro DEPTH x, w
    lb      t4, \x(a0)
    lb      t5, \w(a1)
    lb      t6, \w+1(a1)
    mul     t5, t5, t4
    mul     t6, t6, t4
    add     s0, s0, t5
    add     s1, s1, t6
    lb      t5, \w+2(a1)
    lb      t6, \w+3(a1)
    mul     t5, t5, t4
    mul     t6, t6, t4
    add     s2, s2, t5
    add     s3, s3, t6
.endm

.macro OUTPUT_OF at, sum, signed
.if \signed
    lw      t0, 12*\at(a3)
    lw      t1, 12*\at+4(a3)
    lw      t5, 12*\at+8(a3)
    OUTPUT  \sum, \at(a4), 1, t5
.else
    lw      t0, 8*\at(a3)
    lw      t1, 8*\at+4(a3)
    OUTPUT  \sum, \at(a4), 0, t0
.endif
.endm

.macro LINE name, signed
    .section .text.\name, "ax", @progbits
    .globl  \name
    .type   \name, @function
    .balign 4
\name:
    addi    sp, sp, -32
    sw      s0, 12(sp)
    sw      s1, 16(sp)
    sw      s2, 20(sp)
    sw      s3, 24(sp)
    sw      s4, 28(sp)
    lw      a6, 0(a0)
    lw      a7, 4(a0)
    lw      t2, 8(a0)
    lw      t3, 12(a0)
    mv      t0, a5
    mv      a5, a1
    mv      a1, a2
    mv      a2, a3
    mv      a3, a4
    mv      a4, t0
10:
    addi    a7, a7, -4
    bltz    a7, 50f
    lw      s0, 0(a2)
    lw      s1, 4(a2)
    lw      s2, 8(a2)
    lw      s3, 12(a2)
    addi    a2, a2, 16
    mv      a0, a5
    andi    s4, a6, -8
    add     s4, s4, a0
    beq     a0, s4, 30f
20: /* 8 depths */
    DEPTH   0, 0
    DEPTH   1, 4
    DEPTH   2, 8
    DEPTH   3, 12
    DEPTH   4, 16
    DEPTH   5, 20
    DEPTH   6, 24
    DEPTH   7, 28
    addi    a0, a0, 8
    addi    a1, a1, 32
    bne     a0, s4, 20b
30:
    add     s4, a5, a6
    beq     a0, s4, 40f
35: /* a depth alone */
    DEPTH   0, 0
    addi    a0, a0, 1
    addi    a1, a1, 4
    bne     a0, s4, 35b
40:
    OUTPUT_OF 0, s0, \signed
    OUTPUT_OF 1, s1, \signed
    OUTPUT_OF 2, s2, \signed
    OUTPUT_OF 3, s3, \signed
    addi    a3, a3, 32+16*\signed
    addi    a4, a4, 4
    bnez    a7, 10b
    j       80f
50: /* 1 to 3 outputs, one at a time */
    addi    a7, a7, 4
    add     s4, a5, a6
60:
    lw      s0, 0(a2)
    addi    a2, a2, 4
    mv      a0, a5
70:
    lb      t4, 0(a0)
    lb      t5, 0(a1)
    addi    a0, a0, 1
    addi    a1, a1, 1
    mul     t5, t5, t4
    add     s0, s0, t5
    bne     a0, s4, 70b
    OUTPUT_OF 0, s0, \signed
    addi    a3, a3, 8+4*\signed
    addi    a4, a4, 1
    addi    a7, a7, -1
    bnez    a7, 60b
80:
    lw      s0, 12(sp)
    lw      s1, 16(sp)
    lw      s2, 20(sp)
    lw      s3, 24(sp)
    lw      s4, 28(sp)
    addi    sp, sp, 32
    ret
    .size   \name, .-\name
.endm

    LINE    ep_line_s8, 0
    LINE    ep_line_signed_s8, 1
