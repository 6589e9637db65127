/* SPDX-License-Identifier: MIT-0 */
/* Contracts and layout: ep_plane.h. Cores with the DSP extension.
 *
 * r0 plane, r1 y, r2-r4 {top tap, middle tap} of columns 0 to 2, r5-r7 {middle, bottom} of them,
 * r8-r11 sums, r12 lr a column's two pairs of rows. Weights and bias are doubled, so that SMMLAR
 * gives TFLite's first rounding, floor((sum * mantissa + 2^30) / 2^31), with what the second one
 * adds: half of 2^shift and the output's zero point; it takes one off below zero.
 * Stride 1: 53 instructions for 4 outputs of 9 taps; stride 2: 58.
 */
    .syntax unified
    .thumb

    .section .text.ep_plane_pair, "ax", %progbits
    .balign 4
    .global ep_plane_pair
    .type ep_plane_pair, %function
/* r0 upper, r1 lower, r2 r3 their steps, r4 first, r5 second, r6 columns left; 22 for 8 values. */
ep_plane_pair:
    push {r4-r11, lr}
    ldm r0, {r0-r6}
1:
    ldr r8, [r0]
    add r0, r0, r2
    ldr r9, [r1]
    add r1, r1, r3
    sxtb16 r10, r8
    sxtb16 r11, r8, ror #8
    sxtb16 r12, r9
    sxtb16 lr, r9, ror #8
    pkhbt r8, r10, r12, lsl #16
    pkhbt r9, r11, lr, lsl #16
    pkhtb r10, r12, r10, asr #16
    pkhtb r11, lr, r11, asr #16
    str r9, [r4, #8]
    str r10, [r4, #16]
    str r11, [r4, #24]
    str r8, [r4], #32
    str r9, [r5, #8]
    str r10, [r5, #16]
    str r11, [r5, #24]
    str r8, [r5], #32
    subs r6, r6, #1
    bne 1b
    pop {r4-r11, pc}
    .size ep_plane_pair, . - ep_plane_pair

/* What the stack holds. */
    .equ MANTISSA, 0
    .equ ROUND, 4
    .equ SHIFT, 8
    .equ ROW_STEP, 12
    .equ PIXEL_STEP, 16
    .equ BIAS, 20
    .equ END, 24         /* of the outputs that are made several at a time */
    .equ LINES, 28
    .equ PITCH, 32
    .equ PLANE, 36
    .equ LINE, 40        /* y of the line */
    .equ OUT_W, 44
    .equ LAST_ROW_STEP, 48
    .equ LINE_STEP, 52
    .equ SPAN, 56
    .equ FRAME, 60

/* Saves registers, unpacks p (r0), plane (r1), channel (r2) and y (r3). */
    .macro ENTER name, rows
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    str r1, [sp, #PLANE]
    str r3, [sp, #LINE]
    ldm r0, {r4-r10}
    str r4, [sp, #LINES]
    str r5, [sp, #PITCH]
    str r6, [sp, #OUT_W]
    str r7, [sp, #PIXEL_STEP]
    str r8, [sp, #ROW_STEP]
    str r9, [sp, #LAST_ROW_STEP]
    .if \rows == 2
    lsl r8, r8, #1
    .endif
    str r8, [sp, #LINE_STEP]
    mov r1, r2
    ldrsb r12, [r1, #9]
    str r12, [sp, #SHIFT]
    lsl r10, r10, r12
    str r10, [sp, #ROUND]
    ldr r8, [r1, #12]
    str r8, [sp, #BIAS]
    ldr r9, [r1, #16]
    str r9, [sp, #MANTISSA]
    ldrd r8, r9, [r1]
    ldrsb r10, [r1, #8]
    sxtb16 r2, r8
    sxtb16 r3, r8, ror #8
    sxtb16 r4, r9
    sxtb16 r11, r9, ror #8
    sadd16 r2, r2, r2
    sadd16 r3, r3, r3
    sadd16 r4, r4, r4
    sadd16 r11, r11, r11
    lsl r10, r10, #17
    asr r5, r2, #16
    pkhbt r5, r5, r11, lsl #16
    pkhtb r6, r11, r3, asr #16
    pkhtb r7, r10, r4, asr #16
    .endm

    .macro LEAVE name
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

/* The first of two roundings and what the second adds; r12 mantissa, lr what is added. */
    .macro ROUNDED sum, signed
    .if \signed
    smmulr \sum, \sum, r12
    add \sum, \sum, \sum, asr #31
    add \sum, \sum, lr
    .else
    smmlar \sum, \sum, r12, lr
    .endif
    .endm

/* The rest; r12 shift - 1. */
    .macro NARROWED sum
    asr \sum, \sum, r12
    ssat \sum, #8, \sum, asr #1
    .endm

/* A column's part in two outputs, one above the other; `from` is what sums begin with. */
    .macro COLUMN above, below, top, bottom, from_above, from_below
    smlad \above, r12, \top, \from_above
    smlatb \below, r12, \top, \from_below
    smlabt \above, lr, \bottom, \above
    smlad \below, lr, \bottom, \below
    .endm

    .macro ROWS name, signed
    ENTER \name, 2
    ldr r0, [sp, #PLANE]
    ldr r1, [sp, #LINE]
    ldr r12, [sp, #OUT_W]
    ldr lr, [sp, #PITCH]
    ldr r8, [sp, #LINE_STEP]
    ldr r9, [sp, #PIXEL_STEP]
    bic r12, r12, #1
    sub lr, lr, r12, lsl #5
    mul r12, r12, r9
    str lr, [sp, #PITCH]       /* from the end of a line's whole columns to the next line */
    sub r8, r8, r12
    str r8, [sp, #LINE_STEP]   /* likewise in y */
    str r12, [sp, #SPAN]
1:
    ldr r12, [sp, #LINES]
    ldr lr, [sp, #SPAN]
    subs r12, r12, #1
    str r12, [sp, #LINES]
    bne 6f
    ldr r12, [sp, #LAST_ROW_STEP]
    str r12, [sp, #ROW_STEP]
6:
    add r12, r1, lr
    str r12, [sp, #END]
    cmp r1, r12
    beq 3f
2:
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    COLUMN r8, r9, r2, r5, r11, r11
    ldrd r12, lr, [r0, #32]
    COLUMN r8, r9, r3, r6, r8, r9
    COLUMN r10, r11, r2, r5, r11, r11
    ldrd r12, lr, [r0, #64]!
    COLUMN r8, r9, r4, r7, r8, r9
    COLUMN r10, r11, r3, r6, r10, r11
    ldrd r12, lr, [r0, #32]
    COLUMN r10, r11, r4, r7, r10, r11
    ldrd r12, lr, [sp, #MANTISSA]
    ROUNDED r8, \signed
    ROUNDED r9, \signed
    ROUNDED r10, \signed
    ROUNDED r11, \signed
    ldrd r12, lr, [sp, #SHIFT]
    NARROWED r8
    NARROWED r9
    NARROWED r10
    NARROWED r11
    strb r9, [r1, lr]      /* the row below first: without one, it is written over */
    strb r8, [r1]
    ldr r12, [sp, #PIXEL_STEP]
    add r1, r1, r12
    strb r11, [r1, lr]
    strb r10, [r1]
    add r1, r1, r12
    ldr r12, [sp, #END]
    cmp r1, r12
    bne 2b
3:
    ldr r12, [sp, #OUT_W]
    tst r12, #1
    beq 4f
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    COLUMN r8, r9, r2, r5, r11, r11
    ldrd r12, lr, [r0, #32]
    COLUMN r8, r9, r3, r6, r8, r9
    ldrd r12, lr, [r0, #64]
    COLUMN r8, r9, r4, r7, r8, r9
    ldrd r12, lr, [sp, #MANTISSA]
    ROUNDED r8, \signed
    ROUNDED r9, \signed
    ldrd r12, lr, [sp, #SHIFT]
    NARROWED r8
    NARROWED r9
    strb r9, [r1, lr]
    strb r8, [r1]
4:
    ldr r12, [sp, #PITCH]
    ldr lr, [sp, #LINES]
    ldr r11, [sp, #LINE_STEP]
    add r0, r0, r12
    add r1, r1, r11
    cmp lr, #0
    bne 1b
    LEAVE \name
    .endm

/* A column's part in one output. */
    .macro HALF sum, top, bottom, from
    smlad \sum, r12, \top, \from
    smlabt \sum, lr, \bottom, \sum
    .endm

    .macro HALVES name, signed
    ENTER \name, 1
1:
    ldr r0, [sp, #PLANE]
    ldr r12, [sp, #PITCH]
    ldr r1, [sp, #LINE]
    add r12, r12, r0
    str r12, [sp, #PLANE]
    ldr r12, [sp, #OUT_W]
    ldr lr, [sp, #PIXEL_STEP]
    bic r12, r12, #3
    mla r12, r12, lr, r1
    str r12, [sp, #END]
    cmp r1, r12
    beq 3f
2:
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    HALF r8, r2, r5, r11
    ldrd r12, lr, [r0, #32]
    HALF r8, r3, r6, r8
    ldrd r12, lr, [r0, #64]
    HALF r8, r4, r7, r8
    HALF r9, r2, r5, r11
    ldrd r12, lr, [r0, #96]
    HALF r9, r3, r6, r9
    ldrd r12, lr, [r0, #128]
    HALF r9, r4, r7, r9
    HALF r10, r2, r5, r11
    ldrd r12, lr, [r0, #160]
    HALF r10, r3, r6, r10
    ldrd r12, lr, [r0, #192]
    HALF r10, r4, r7, r10
    HALF r11, r2, r5, r11
    ldrd r12, lr, [r0, #224]
    HALF r11, r3, r6, r11
    ldrd r12, lr, [r0, #256]!
    HALF r11, r4, r7, r11
    ldrd r12, lr, [sp, #MANTISSA]
    ROUNDED r8, \signed
    ROUNDED r9, \signed
    ROUNDED r10, \signed
    ROUNDED r11, \signed
    ldr r12, [sp, #SHIFT]
    ldr lr, [sp, #PIXEL_STEP]
    NARROWED r8
    NARROWED r9
    NARROWED r10
    NARROWED r11
    strb r8, [r1]
    strb r9, [r1, lr]
    strb r10, [r1, lr, lsl #1]
    add r1, r1, lr
    strb r11, [r1, lr, lsl #1]
    add r1, r1, lr
    add r1, r1, lr, lsl #1
    ldr r12, [sp, #END]
    cmp r1, r12
    bne 2b
3:
    ldr r10, [sp, #OUT_W]
    ands r10, r10, #3
    beq 5f
4:
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    HALF r8, r2, r5, r11
    ldrd r12, lr, [r0, #32]
    HALF r8, r3, r6, r8
    ldrd r12, lr, [r0, #64]!
    HALF r8, r4, r7, r8
    ldrd r12, lr, [sp, #MANTISSA]
    ROUNDED r8, \signed
    ldr r12, [sp, #SHIFT]
    ldr lr, [sp, #PIXEL_STEP]
    NARROWED r8
    strb r8, [r1]
    add r1, r1, lr
    subs r10, r10, #1
    bne 4b
5:
    ldr r0, [sp, #LINE]
    ldr r12, [sp, #LINE_STEP]
    ldr lr, [sp, #LINES]
    add r0, r0, r12
    str r0, [sp, #LINE]
    subs lr, lr, #1
    str lr, [sp, #LINES]
    bne 1b
    LEAVE \name
    .endm

    ROWS ep_plane_rows, 0
    ROWS ep_plane_rows_signed, 1
    HALVES ep_plane_halves, 0
    HALVES ep_plane_halves_signed, 1
