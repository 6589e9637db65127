/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_s8.h for RV32IM: 2 outputs of 4 columns, two columns in a word. Outputs 2 i and 2 i + 1
 * have the same group and groups.
 *
 *   a1  x    a2  w    a7  end of x    t0, t1  words of x    t2, t3  weights    t4  product
 *   s0-s3    sums of a group          s4-s7   their totals, modulo 2^32
 *   s8-s11   totals of their upper halves     a6  2^15
 *   a0  outputs left    a3  rows    a4  y    a5  step    t6  x's start    ra  w of the first output
 *
 * A group of g depths has 12 g + 12 instructions and 3 of the loop for 8 g products: 2.34 each for 2,
 * 2.06 for 3, 1.97 for 4, 1.81 for 6, 1.73 for 8.
 *
 * The lower sum of a group lies in [-2^15, 2^15), so 2^15 more makes the shift right by 16 the upper
 * sum; total - (upper << 16) is the lower total modulo 2^32, where it is. Outputs:
 *   t0, t1  factor's parts    t2  nudge    t3  limit    a1  y    a7  low
 *   signed: a2  move    a6  unit    t6  what a negative sum takes off
 */
#define SPAN 0
#define LOW 4
#define SKIP 8
#define BLOCK 12
#define X 16
#define FRAME 80
#include "ep_saved.inc"

.macro LOAD k
    lw      t0, 8*\k(a1)
    lw      t1, 8*\k+4(a1)
    lb      t2, 8*\k(a2)
    lb      t3, 8*\k+1(a2)
.endm

.macro FIRST k
    LOAD    \k
    mul     s0, t0, t2
    mul     s1, t1, t2
    mul     s2, t0, t3
    mul     s3, t1, t3
    add     s0, s0, a6
    add     s1, s1, a6
    add     s2, s2, a6
    add     s3, s3, a6
.endm

.macro TAP k
    LOAD    \k
    mul     t4, t0, t2
    add     s0, s0, t4
    mul     t4, t1, t2
    add     s1, s1, t4
    mul     t4, t0, t3
    add     s2, s2, t4
    mul     t4, t1, t3
    add     s3, s3, t4
.endm

.macro TOTAL sum, total, upper
    srai    t4, \sum, 16
    add     \upper, \upper, t4
    add     \total, \total, \sum
.endm

.macro FLUSH
    TOTAL   s0, s4, s8
    TOTAL   s1, s5, s9
    TOTAL   s2, s6, s10
    TOTAL   s3, s7, s11
.endm

.macro AGAIN depths, label
    addi    a1, a1, 8*\depths
    addi    a2, a2, 8*\depths
    bne     a1, a7, \label
.endm

/* Totals of an output at \row(a3) with \groups << 15 in t1. */
.macro START row, total0, total1, upper0, upper1
    lw      \upper0, \row(a3)
    slli    \total0, \upper0, 16
    add     \total0, \total0, \upper0
    sub     \total0, \total0, t1
    mv      \total1, \total0
    mv      \upper1, \upper0
.endm

/* Stores the output of \sum. */
.macro OUTPUT sum, signed, n
.if \signed
    srai    t6, \sum, 31
    sll     t6, t6, a6
    add     \sum, \sum, a2
.endif
    bltu    t3, \sum, .Lclamp\n\()_\signed
    mul     t5, \sum, t1
    mul     t4, \sum, t0
    srli    t5, t5, 13
    add     t4, t4, t5
    add     t4, t4, t2
.if \signed
    add     t4, t4, t6
.endif
    srli    t4, t4, 24
.Lclamped\n\()_\signed:
    add     t4, t4, a7
    sb      t4, 0(a1)
    add     a1, a1, a5
.endm

/* Below 0, or above the limit. */
.macro CLAMP sum, signed, n
.Lclamp\n\()_\signed:
    srai    t4, \sum, 31
    not     t4, t4
    lw      t5, SPAN(sp)
    and     t4, t4, t5
    j       .Lclamped\n\()_\signed
.endm

.macro OUTPUTS row, total0, total1, upper0, upper1, signed, n
    lw      t0, \row+4(a3)
    lw      t2, \row+8(a3)
    lw      t3, \row+12(a3)
    slli    t1, t0, 19
    srli    t1, t1, 19
    srli    t0, t0, 13
    srli    t2, t2, 8
    slli    t3, t3, 12
    srli    t3, t3, 12
.if \signed
    lw      a2, \row+16(a3)
    andi    a6, a2, 31
    srai    a2, a2, 5
.endif
    mv      a1, a4
    slli    t4, \upper0, 16
    sub     \total0, \total0, t4
    OUTPUT  \total0, \signed, \n\()0
    OUTPUT  \upper0, \signed, \n\()1
    slli    t4, \upper1, 16
    sub     \total1, \total1, t4
    OUTPUT  \total1, \signed, \n\()2
    OUTPUT  \upper1, \signed, \n\()3
.endm

.macro SWAR name, signed
    .section .text.\name, "ax", @progbits
    .globl  \name
    .type   \name, @function
    .balign 4
\name:
    SAVE
    lw      t0, 4(a0)
    lw      t1, 8(a0)
    lw      t2, 12(a0)
    lw      a0, 0(a0)
    addi    t0, t0, -8
    li      t3, 4
    sw      t0, SKIP(sp)
    sw      t1, LOW(sp)
    sw      t2, SPAN(sp)
    sw      t3, BLOCK(sp)
    sw      a1, X(sp)
    mv      ra, a2
10: /* two outputs */
    lw      a1, X(sp)
    mv      a2, ra
    lui     a6, 8
    lw      t0, 12(a3)
    lbu     t2, 8(a3)
    srli    t0, t0, 20
    slli    t1, t0, 15
    mul     t0, t0, t2
    add     a7, a1, t0
    START   0, s4, s5, s8, s9
    START   16+4*\signed, s6, s7, s10, s11
    li      t0, 24
    beq     t2, t0, 30f
    bltu    t2, t0, 20f
    li      t0, 48
    beq     t2, t0, 60f
    bltu    t0, t2, 70f
40:
    FIRST   0
    TAP     1
    TAP     2
    TAP     3
    FLUSH
    AGAIN   4, 40b
    j       80f
20:
    FIRST   0
    TAP     1
    FLUSH
    FIRST   2
    TAP     3
    FLUSH
    AGAIN   4, 20b
    j       80f
30:
    FIRST   0
    TAP     1
    TAP     2
    FLUSH
    FIRST   3
    TAP     4
    TAP     5
    FLUSH
    AGAIN   6, 30b
    j       80f
60:
    FIRST   0
    TAP     1
    TAP     2
    TAP     3
    TAP     4
    TAP     5
    FLUSH
    AGAIN   6, 60b
    j       80f
70:
    FIRST   0
    TAP     1
    TAP     2
    TAP     3
    TAP     4
    TAP     5
    TAP     6
    TAP     7
    FLUSH
    AGAIN   8, 70b
80:
    lw      a7, LOW(sp)
    OUTPUTS 0, s4, s5, s8, s9, \signed, 0
    addi    a4, a4, 1
    addi    a0, a0, -1
    beqz    a0, 90f
    OUTPUTS 16+4*\signed, s6, s7, s10, s11, \signed, 1
    addi    a4, a4, 1
    addi    a3, a3, 32+8*\signed
    addi    ra, ra, 2
    addi    a0, a0, -1
    beqz    a0, 90f
    lw      t0, BLOCK(sp)
    addi    t0, t0, -1
    sw      t0, BLOCK(sp)
    beqz    t0, 85f
    j       10b
85: /* the next 8 outputs */
    lw      t1, SKIP(sp)
    li      t0, 4
    sw      t0, BLOCK(sp)
    add     ra, ra, t1
    j       10b
90:
    RETURN
    CLAMP   s4, \signed, 00
    CLAMP   s8, \signed, 01
    CLAMP   s5, \signed, 02
    CLAMP   s9, \signed, 03
    CLAMP   s6, \signed, 10
    CLAMP   s10, \signed, 11
    CLAMP   s7, \signed, 12
    CLAMP   s11, \signed, 13
    .size   \name, .-\name
.endm

    SWAR    ep_swar_s8, 0
    SWAR    ep_swar_signed_s8, 1
