/* SPDX-License-Identifier: MIT-0 */
/* Contracts and layout: ep_plane.h. Cores with the DSP extension.
 *
 * r0 plane, r1 y, r2-r4 {top tap, middle tap} of columns 0 to 2, r5-r7 {middle, bottom} of them,
 * r8-r11 256 * sums, r12 lr a column's two pairs of rows.
 * Two roundings: floor(256 * sum * mantissa / 2^32) holds 7 bits more than TFLite's first rounding,
 * which adds 64; the second adds half of 2^shift, less one below zero, which is 128 here.
 * A multiplier of 2^-(n + 1): with c = 2^n + 1 and the zero point, both are floor((sum + c) / 2^(n + 1)),
 * less 2 before it where the sum is below zero. Weights are enlarged until that shift is the same for
 * all channels, and one SSAT: 43 instructions, 56 with results below the zero point.
 * Stride 1: 48 instructions for 4 outputs of 9 taps, a row alone 52; stride 2: 55.
 */
    .syntax unified
    .thumb

/* A column of four channels. r8 r9 four values each, r7 0xFF00FF00. */
    .macro SPREAD
    pkhbt r10, r8, r9, lsl #16
    pkhtb r11, r9, r8, asr #16
    ldr r8, [r4, #8]
    and r9, r7, r10
    strd r8, r9, [r5, #8]
    ldr r8, [r4, #16]
    and r9, r7, r11, lsl #8
    strd r8, r9, [r5, #16]
    ldr r8, [r4, #24]
    and r9, r7, r11
    strd r8, r9, [r5, #24]
    ldr r8, [r4], #32
    and r9, r7, r10, lsl #8
    strd r8, r9, [r5], #32
    .endm

    .section .text.ep_plane_pair, "ax", %progbits
    .balign 4
    .global ep_plane_pair
    .type ep_plane_pair, %function
/* r0 upper, r1 lower, r2 r3 their steps, r4 from, r5 to, r6 columns left; 36 for 16 values. */
ep_plane_pair:
    push {r4-r11, lr}
    ldm r0, {r0-r6}
    mov r7, #0xFF00FF00
    lsrs r6, r6, #1
    bcc 1f
    ldr r8, [r0]
    ldr r9, [r1]
    add r0, r0, r2
    add r1, r1, r3
    SPREAD
    cmp r6, #0
    beq 2f
1:
    ldr r8, [r0]
    ldr r9, [r1]
    SPREAD
    ldr r8, [r0, r2]
    ldr r9, [r1, r3]
    add r0, r0, r2, lsl #1
    add r1, r1, r3, lsl #1
    SPREAD
    subs r6, r6, #1
    bne 1b
2:
    pop {r4-r11, pc}
    .size ep_plane_pair, . - ep_plane_pair

/* What the stack holds. */
    .equ FACTOR, 0
    .equ NUDGE, 4
    .equ PIXEL_STEP, 8   /* and on: ep_plane_t */
    .equ ROW_STEP, 12
    .equ LINE_STEP, 16
    .equ PLANE_STEP, 20
    .equ SPAN, 24
    .equ LINES, 28
    .equ REST, 32
    .equ ZERO_TERM, 36
    .equ BIAS, 40
    .equ END, 44         /* of the outputs that are made several at a time */
    .equ SHIFT, 48
    .equ FRAME, 52

    .equ SHIFTED, 18 /* the right shift of sums that are a power of two as large */

/* Both weights of a word times r12, a power of two; lr free. */
    .macro ENLARGE pair
    smultb lr, \pair, r12
    smulbb \pair, \pair, r12
    pkhbt \pair, \pair, lr, lsl #16
    .endm

/* Saves registers, unpacks p (r0), plane (r1), channel (r2) and y (r3). */
    .macro ENTER name, twice
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r4-r11}
    add r12, sp, #PIXEL_STEP
    stm r12, {r4-r11}
    mov r0, r1
    mov r1, r3
    .if \twice >= 2
    ldm r2, {r8-r11}
    asr r12, r10, #16
    str r11, [sp, #BIAS]
    .else
    ldm r2, {r8-r12}
    str r11, [sp, #BIAS]
    .endif
    .if \twice == 3
    lsl r11, r12, #9
    ldr lr, [sp, #ZERO_TERM]
    lsl lr, lr, #SHIFTED - 1
    add lr, lr, r11, lsr #1
    strd r11, lr, [sp, #FACTOR]
    .elseif \twice == 1
    ldr r11, [sp, #ZERO_TERM]
    asr lr, r10, #8
    lsl r11, r11, lr
    add r11, r11, #64
    strd r12, r11, [sp, #FACTOR]
    str lr, [sp, #SHIFT]
    .elseif \twice == 0
    asr r11, r10, #8
    strd r12, r11, [sp, #FACTOR]
    .endif
    sxtb16 r2, r8
    sxtb16 r3, r8, ror #8
    sxtb16 r4, r9
    sxtb16 r11, r9, ror #8
    sxtb r10, r10
    .if \twice >= 2
    ENLARGE r2
    ENLARGE r3
    ENLARGE r4
    ENLARGE r11
    mul r10, r10, r12
    .endif
    asr r5, r2, #16
    pkhbt r5, r5, r11, lsl #16
    pkhtb r6, r11, r3, asr #16
    asr r7, r4, #16
    pkhbt r7, r7, r10, lsl #16
1:
    ldrd r12, lr, [sp, #SPAN]
    subs lr, lr, #1
    str lr, [sp, #LINES]
    add r12, r12, r1
    str r12, [sp, #END]
    cmp r1, r12
    beq 3f
2:
    ldr r11, [sp, #BIAS]
    .endm

/* The next line, or the end. */
    .macro LEAVE name
4:
    ldrd r11, r12, [sp, #LINE_STEP]
    ldr lr, [sp, #LINES]
    add r1, r1, r11
    add r0, r0, r12
    cmp lr, #0
    bne 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

/* r12 factor, lr nudge. */
    .macro SCALED sum
    smmla \sum, \sum, r12, lr
    .endm

/* r12 mantissa. */
    .macro SCALED_TWICE sum
    smmul \sum, \sum, r12
    .endm

/* r12 free, lr what is added. */
    .macro ROUNDED sum
    lsr r12, \sum, #31
    sub r12, lr, r12, lsl #7
    add \sum, \sum, r12
    .endm

    .macro NARROWED sum
    asr \sum, \sum, r12
    ssat \sum, #8, \sum, asr #1
    .endm

/* r12 what rounding takes off below lr, which a sum of zero comes to. */
    .macro SIGNED sum
    cmp \sum, lr
    it lt
    sublt \sum, \sum, r12
    .endm

    .macro EACH way, sums:vararg
    .irp sum, \sums
    \way \sum
    .endr
    .endm

    .macro SATURATED sum
    ssat \sum, #8, \sum, asr #12
    .endm

    .macro SATURATED_SHIFTED sum
    ssat \sum, #8, \sum, asr #SHIFTED
    .endm

    .macro RESULTS twice, sums:vararg
    .if \twice != 2
    ldrd r12, lr, [sp, #FACTOR]
    .endif
    .if \twice >= 2
    .if \twice == 3
    EACH SIGNED, \sums
    .endif
    EACH SATURATED_SHIFTED, \sums
    .elseif \twice
    EACH SCALED_TWICE, \sums
    EACH ROUNDED, \sums
    ldr r12, [sp, #SHIFT]
    EACH NARROWED, \sums
    .else
    EACH SCALED, \sums
    EACH SATURATED, \sums
    .endif
    .endm

/* A column's part in two outputs, one above the other; `from` is what sums begin with. */
    .macro COLUMN above, below, top, bottom, from_above, from_below
    smlad \above, r12, \top, \from_above
    smlatb \below, r12, \top, \from_below
    smlabt \above, lr, \bottom, \above
    smlad \below, lr, \bottom, \below
    .endm

    .macro ROWS name, twice
    ENTER \name, \twice
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
    RESULTS \twice, r8, r9, r10, r11
    ldrd r12, lr, [sp, #PIXEL_STEP]
    strb r9, [r1, lr]
    strb r8, [r1]
    add r1, r1, r12
    strb r11, [r1, lr]
    strb r10, [r1]
    add r1, r1, r12
    ldr r12, [sp, #END]
    cmp r1, r12
    bne 2b
3:
    ldr r12, [sp, #REST]
    cmp r12, #0
    beq 4f
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    COLUMN r8, r9, r2, r5, r11, r11
    ldrd r12, lr, [r0, #32]
    COLUMN r8, r9, r3, r6, r8, r9
    ldrd r12, lr, [r0, #64]
    COLUMN r8, r9, r4, r7, r8, r9
    RESULTS \twice, r8, r9
    ldr lr, [sp, #ROW_STEP]
    strb r9, [r1, lr]
    strb r8, [r1]
    LEAVE \name
    .endm

/* A column's part in one output. */
    .macro HALF sum, top, bottom, from
    smlad \sum, r12, \top, \from
    smlabt \sum, lr, \bottom, \sum
    .endm

/* Four outputs of a row, and then the rest of the row; r10 what is left of it. */
    .macro FOUR_IN_A_ROW twice
    RESULTS \twice, r8, r9, r10, r11
    ldr lr, [sp, #PIXEL_STEP]
    strb r8, [r1]
    strb r9, [r1, lr]
    strb r10, [r1, lr, lsl #1]
    add r1, r1, lr
    strb r11, [r1, lr, lsl #1]
    add r1, r1, lr
    ldr r12, [sp, #END]
    add r1, r1, lr, lsl #1
    cmp r1, r12
    bne 2b
    .endm

    .macro REST_OF_ROW step, twice
3:
    ldr r10, [sp, #REST]
    cmp r10, #0
    beq 4f
5:
    ldr r11, [sp, #BIAS]
    ldrd r12, lr, [r0]
    HALF r8, r2, r5, r11
    ldrd r12, lr, [r0, #32]
    HALF r8, r3, r6, r8
    ldrd r12, lr, [r0, #64]
    HALF r8, r4, r7, r8
    RESULTS \twice, r8
    ldr lr, [sp, #PIXEL_STEP]
    add r0, r0, #\step
    strb r8, [r1]
    add r1, r1, lr
    subs r10, r10, #1
    bne 5b
    .endm

    .macro HALVES name, twice
    ENTER \name, \twice
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
    FOUR_IN_A_ROW \twice
    REST_OF_ROW 64, \twice
    LEAVE \name
    .endm

    .macro SINGLE name, twice
    ENTER \name, \twice
    ldrd r12, lr, [r0]
    HALF r8, r2, r5, r11
    ldrd r12, lr, [r0, #32]
    HALF r8, r3, r6, r8
    HALF r9, r2, r5, r11
    ldrd r12, lr, [r0, #64]
    HALF r8, r4, r7, r8
    HALF r9, r3, r6, r9
    HALF r10, r2, r5, r11
    ldrd r12, lr, [r0, #96]
    HALF r9, r4, r7, r9
    HALF r10, r3, r6, r10
    HALF r11, r2, r5, r11
    ldrd r12, lr, [r0, #128]!
    HALF r10, r4, r7, r10
    HALF r11, r3, r6, r11
    ldrd r12, lr, [r0, #32]
    HALF r11, r4, r7, r11
    FOUR_IN_A_ROW \twice
    REST_OF_ROW 32, \twice
    LEAVE \name
    .endm

    ROWS ep_plane_rows, 0
    ROWS ep_plane_rows_twice, 1
    ROWS ep_plane_rows_shift, 2
    ROWS ep_plane_rows_signed, 3
    SINGLE ep_plane_single, 0
    SINGLE ep_plane_single_twice, 1
    SINGLE ep_plane_single_shift, 2
    SINGLE ep_plane_single_signed, 3
    HALVES ep_plane_halves, 0
    HALVES ep_plane_halves_twice, 1
    HALVES ep_plane_halves_shift, 2
    HALVES ep_plane_halves_signed, 3
