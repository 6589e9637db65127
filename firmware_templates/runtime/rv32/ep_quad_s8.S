/* SPDX-License-Identifier: MIT-0 */
/* ep_quad_s8.h for RV32IM: 4 columns x 4 outputs in 16 registers.
 *
 *   s0-s3, s4-s7, s8-s11, a4-a7   sums of outputs 0 to 3, one a column
 *   t0-t3  x of the columns        t4  weight           t5  product
 *   a0  x        a1  w             t6  end of x's whole words
 *   a2  bias     a3  steps         ra  y
 * Stack: x, its whole bytes, its bytes left, low, high, outputs, blocks left, w (signed: a1 is the
 * shift while outputs are made).
 *
 * The loop over 4 depths has 163 instructions for 64 products: 2.55 each. No sum can leave int32,
 * which edgepack proves, so the order of adding does not matter.
 */
#include "ep_steps.inc"

#define X 0
#define WHOLE 4
#define LEFT 8
#define LOW 12
#define HIGH 16
#define OUTPUTS 20
#define BLOCKS 24
#define WEIGHTS 80
#define FRAME 96
#include "ep_saved.inc"

.macro PRODUCT sum, x
    mul     t5, \x, t4
    add     \sum, \sum, t5
.endm

/* 40 instructions: x at \x(a0), weights at \w(a1). */
.macro DEPTH x, w
    lb      t0, \x(a0)
    lb      t4, \w(a1)
    lb      t1, \x+4(a0)
    lb      t2, \x+8(a0)
    lb      t3, \x+12(a0)
    PRODUCT s0, t0
    PRODUCT s1, t1
    PRODUCT s2, t2
    PRODUCT s3, t3
    lb      t4, \w+1(a1)
    PRODUCT s4, t0
    PRODUCT s5, t1
    PRODUCT s6, t2
    PRODUCT s7, t3
    lb      t4, \w+2(a1)
    PRODUCT s8, t0
    PRODUCT s9, t1
    PRODUCT s10, t2
    PRODUCT s11, t3
    lb      t4, \w+3(a1)
    PRODUCT a4, t0
    PRODUCT a5, t1
    PRODUCT a6, t2
    PRODUCT a7, t3
.endm

.macro BIAS at, s0, s1, s2, s3
    lw      \s0, \at(a2)
    mv      \s1, \s0
    mv      \s2, \s0
    mv      \s3, \s0
.endm

.macro OUTPUTS_OF at, s0, s1, s2, s3, signed
.if \signed
    lw      t0, 12*\at(a3)
    lw      t1, 12*\at+4(a3)
    lw      a1, 12*\at+8(a3)
    OUTPUT  \s0, \at(ra), 1, a1
    OUTPUT  \s1, \at(a0), 1, a1
    OUTPUT  \s2, \at(t5), 1, a1
    OUTPUT  \s3, \at(t6), 1, a1
.else
    lw      t0, 8*\at(a3)
    lw      t1, 8*\at+4(a3)
    OUTPUT  \s0, \at(ra), 0, t0
    OUTPUT  \s1, \at(a0), 0, t0
    OUTPUT  \s2, \at(t5), 0, t0
    OUTPUT  \s3, \at(t6), 0, t0
.endif
.endm

.macro QUAD name, signed
    .section .text.\name, "ax", @progbits
    .globl  \name
    .type   \name, @function
    .balign 4
\name:
    lw      t1, 4(a0)
    srli    t1, t1, 2
    bnez    t1, 10f
    mv      a0, a2
    ret
10:
    SAVE
    sw      t1, BLOCKS(sp)
    lw      t0, 0(a0)
    andi    t1, t0, 3
    sub     t0, t0, t1
    slli    t0, t0, 2
    sw      t0, WHOLE(sp)
    sw      t1, LEFT(sp)
    lw      t0, 4(a0)
    sw      t0, OUTPUTS(sp)
    lw      t0, 8(a0)
    sw      t0, LOW(sp)
    lw      t0, 12(a0)
    sw      t0, HIGH(sp)
    sw      a1, X(sp)
    mv      a1, a2
    mv      a2, a3
    mv      a3, a4
    mv      ra, a5
20: /* a block of 4 outputs */
    lw      a0, X(sp)
    lw      t6, WHOLE(sp)
    BIAS    0, s0, s1, s2, s3
    BIAS    4, s4, s5, s6, s7
    BIAS    8, s8, s9, s10, s11
    BIAS    12, a4, a5, a6, a7
    addi    a2, a2, 16
    add     t6, t6, a0
    beq     a0, t6, 40f
30:
    DEPTH   0, 0
    DEPTH   1, 4
    DEPTH   2, 8
    DEPTH   3, 12
    addi    a0, a0, 16
    addi    a1, a1, 16
    bne     a0, t6, 30b
40:
    lw      t0, LEFT(sp)
    beqz    t0, 60f
    add     t6, a0, t0
50: /* a depth alone */
    DEPTH   0, 0
    addi    a0, a0, 1
    addi    a1, a1, 4
    bne     a0, t6, 50b
60:
    lw      a0, OUTPUTS(sp)
    lw      t2, LOW(sp)
    lw      t3, HIGH(sp)
    slli    t5, a0, 1
    add     t6, t5, a0
    add     a0, a0, ra
    add     t5, t5, ra
    add     t6, t6, ra
.if \signed
    sw      a1, WEIGHTS(sp)
.endif
    OUTPUTS_OF 0, s0, s1, s2, s3, \signed
    OUTPUTS_OF 1, s4, s5, s6, s7, \signed
    OUTPUTS_OF 2, s8, s9, s10, s11, \signed
    OUTPUTS_OF 3, a4, a5, a6, a7, \signed
.if \signed
    lw      a1, WEIGHTS(sp)
    addi    a3, a3, 48
.else
    addi    a3, a3, 32
.endif
    addi    ra, ra, 4
    lw      t0, BLOCKS(sp)
    addi    t0, t0, -1
    sw      t0, BLOCKS(sp)
    bnez    t0, 20b
    mv      a0, a1
    RETURN
    .size   \name, .-\name
.endm

    QUAD    ep_quad_s8, 0
    QUAD    ep_quad_signed_s8, 1
