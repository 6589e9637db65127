/* SPDX-License-Identifier: MIT-0 */
/* ep_plane_3x3_s8.h for RV32IM: the 9 weights stay in registers, every value is loaded once.
 *
 *   s0-s8  weights, column by column     s9-s11  sums of the windows that see this column
 *   a0-a2  x of the three lines          a3  bias    a4  y    a5  y's step    a6  y of the line's end
 *   t0-t3  factor, nudge, low, high      t4  x       t5  product              a7  shift (signed)
 *   t6     output line of x, ra: output line of y
 * Stack: lines left, pitch, steps from line to line.
 *
 * Stride 1: a column gives 3 products to each of three windows and ends one of them: 30 instructions
 * an output. Stride 2: two columns, 6 loads, 36 instructions an output. No sum can leave int32.
 */
#include "ep_steps.inc"

#define LINES 0
#define PITCH 4
#define X_LINE 8
#define Y_LINE 12
#define LENGTH 16
#define FRAME 80
#include "ep_saved.inc"

.macro PRODUCT sum, w
    mul     t5, t4, \w
    add     \sum, \sum, t5
.endm

/* A window's first product. */
.macro START sum, w
    mul     t5, t4, \w
    add     \sum, a3, t5
.endm

/* A column at \at: the third of window \a, the second of \b, the first of \c. */
.macro COLUMN at, a, b, c
    lb      t4, \at(a0)
    PRODUCT \a, s6
    PRODUCT \b, s3
    START   \c, s0
    lb      t4, \at(a1)
    PRODUCT \a, s7
    PRODUCT \b, s4
    PRODUCT \c, s1
    lb      t4, \at(a2)
    PRODUCT \a, s8
    PRODUCT \b, s5
    PRODUCT \c, s2
.endm

.macro STORE sum, signed
.if \signed
    OUTPUT  \sum, 0(a4), 1, a7
.else
    OUTPUT  \sum, 0(a4), 0, t0
.endif
    add     a4, a4, a5
.endm

.macro PLANE name, signed
    .section .text.\name, "ax", @progbits
    .globl  \name
    .type   \name, @function
    .balign 4
\name:
    SAVE
    lb      s0, 0(a2)
    lb      s3, 1(a2)
    lb      s6, 2(a2)
    lb      s1, 3(a2)
    lb      s4, 4(a2)
    lb      s7, 5(a2)
    lb      s2, 6(a2)
    lb      s5, 7(a2)
    lb      s8, 8(a2)
    lw      t0, 0(a4)
    lw      t1, 4(a4)
.if \signed
    lw      a7, 8(a4)
.endif
    mv      t6, a1
    mv      ra, a5
    lw      t2, 0(a0)
    lw      t3, 4(a0)
    lw      t4, 8(a0)
    lw      t5, 12(a0)
    lw      a1, 20(a0)
    lw      a5, 24(a0)
    sw      t2, LINES(sp)
    mul     t3, t3, a5
    sw      t3, LENGTH(sp)
    sw      t4, PITCH(sp)
    sw      t5, X_LINE(sp)
    sw      a1, Y_LINE(sp)
    lw      t2, 28(a0)
    lw      t3, 32(a0)
    lw      t4, 16(a0)
    addi    t4, t4, -1
    bnez    t4, 50f

10: /* a line of outputs with stride 1 */
    lw      t5, PITCH(sp)
    lw      a6, LENGTH(sp)
    mv      a0, t6
    add     a1, a0, t5
    add     a2, a1, t5
    mv      a4, ra
    add     a6, a6, a4
    lb      t4, 0(a0)
    START   s9, s0
    lb      t4, 0(a1)
    PRODUCT s9, s1
    lb      t4, 0(a2)
    PRODUCT s9, s2
    lb      t4, 1(a0)
    PRODUCT s9, s3
    START   s10, s0
    lb      t4, 1(a1)
    PRODUCT s9, s4
    PRODUCT s10, s1
    lb      t4, 1(a2)
    PRODUCT s9, s5
    PRODUCT s10, s2
20:
    COLUMN  2, s9, s10, s11
    STORE   s9, \signed
    beq     a4, a6, 30f
    COLUMN  3, s10, s11, s9
    STORE   s10, \signed
    beq     a4, a6, 30f
    COLUMN  4, s11, s9, s10
    STORE   s11, \signed
    addi    a0, a0, 3
    addi    a1, a1, 3
    addi    a2, a2, 3
    bne     a4, a6, 20b
30:
    lw      t4, LINES(sp)
    lw      t5, X_LINE(sp)
    lw      a6, Y_LINE(sp)
    addi    t4, t4, -1
    sw      t4, LINES(sp)
    add     t6, t6, t5
    add     ra, ra, a6
    bnez    t4, 10b
    j       90f

50: /* a line of outputs with stride 2 */
    lw      t5, PITCH(sp)
    lw      a6, LENGTH(sp)
    mv      a0, t6
    add     a1, a0, t5
    add     a2, a1, t5
    mv      a4, ra
    add     a6, a6, a4
    lb      t4, 0(a0)
    START   s9, s0
    lb      t4, 0(a1)
    PRODUCT s9, s1
    lb      t4, 0(a2)
    PRODUCT s9, s2
60:
    lb      t4, 1(a0)
    PRODUCT s9, s3
    lb      t4, 1(a1)
    PRODUCT s9, s4
    lb      t4, 1(a2)
    PRODUCT s9, s5
    lb      t4, 2(a0)
    PRODUCT s9, s6
    START   s10, s0
    lb      t4, 2(a1)
    PRODUCT s9, s7
    PRODUCT s10, s1
    lb      t4, 2(a2)
    PRODUCT s9, s8
    PRODUCT s10, s2
    STORE   s9, \signed
    mv      s9, s10
    addi    a0, a0, 2
    addi    a1, a1, 2
    addi    a2, a2, 2
    bne     a4, a6, 60b
    lw      t4, LINES(sp)
    lw      t5, X_LINE(sp)
    lw      a6, Y_LINE(sp)
    addi    t4, t4, -1
    sw      t4, LINES(sp)
    add     t6, t6, t5
    add     ra, ra, a6
    bnez    t4, 50b
90:
    RETURN
    .size   \name, .-\name
.endm

    PLANE   ep_plane_3x3_s8, 0
    PLANE   ep_plane_3x3_signed_s8, 1
