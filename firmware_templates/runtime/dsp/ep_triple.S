/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_triple.h. Cores with the DSP extension; SMLAD wraps, which is what is wanted.
 *
 * With A, B, C, D the sums of four outputs, the accumulators hold 256 B + A, 256 C + B, 256 D + C
 * modulo 2^32; how the four come out, and why both requantisations are exact: ep_chain.S.
 */
    .syntax unified
    .thumb

/* 4 values of 2 rows: 7 instructions. r3 r4 rows, r11 wide. */
    .macro WIDEN
    ldr r0, [r3], #4
    ldr r1, [r4], #4
    sxtb16 r2, r0, ror #8
    sxtb16 r5, r1, ror #8
    sxtb16 r0, r0
    sxtb16 r1, r1
    stm r11!, {r0, r1, r2, r5}
    .endm

/* The same of 8 values, the rows' words in r0 r1 and \third \fourth: 9 instructions. */
    .macro WIDEN_TWO third, fourth
    sxtb16 r2, r0, ror #8
    sxtb16 r5, r1, ror #8
    sxtb16 r12, \third, ror #8
    sxtb16 lr, \fourth, ror #8
    sxtb16 r0, r0
    sxtb16 r1, r1
    sxtb16 \third, \third
    sxtb16 \fourth, \fourth
    stm r11!, {r0, r1, r2, r5, \third, \fourth, r12, lr}
    .endm

/* What the stack holds during ep_triple_run: from OUTPUTS on ep_triple_run_t, until others take its place. */
    .equ Y, 0            /* of both pixels */
    .equ STREAM_END, 8
    .equ ENTRY, 12
    .equ X_END, 16
    .equ OUTPUTS, 20
    .equ LAST, 20        /* outputs behind the whole fours */
    .equ WHOLE_END, 24   /* of the whole fours' stream */
    .equ FOUR_BYTES, 28  /* of the stream */
    .equ X, 32
    .equ TILES, 44
    .equ LINE, 48
    .equ WIDE, 64
    .equ STREAM, 68
    .equ WIDENING, 72
    .equ STEP, 76
    .equ Y_LAST, 80
    .equ FOURS, 88       /* made where there is less room in y */
    .equ FRAME, 96

/* The values of three lines behind their groups; the fourth is whatever. r9 minus pitch, r6 free. */
    .macro THREE_VALUES row, even, odd
    ldrsb \even, [\row, r9, lsl #1]
    ldrsb \odd, [\row, r9]
    ldrsb r6, [\row]
    pkhbt \even, \even, r6, lsl #16
    .endm

/* 2 values of 4 outputs and 2 pixels: 16 multiply-accumulates, 8 instructions. */
    .macro HALF
    ldm r1!, {r8, r9, r10}
    ldm r0!, {r11, r12}
    smlad r2, r8, r11, r2
    smlad r3, r9, r11, r3
    smlad r4, r10, r11, r4
    smlad r5, r8, r12, r5
    smlad r6, r9, r12, r6
    smlad r7, r10, r12, r7
    .endm

/* 4 values. */
    .macro GROUP
    HALF
    HALF
    .endm

/* The first one of them: r2-r4 are what the sums of both pixels begin with. */
    .macro FIRST
    ldm r1!, {r8, r9, r10}
    ldm r0!, {r11, r12}
    smlad r5, r8, r12, r2
    smlad r6, r9, r12, r3
    smlad r7, r10, r12, r4
    smlad r2, r8, r11, r2
    smlad r3, r9, r11, r3
    smlad r4, r10, r11, r4
    HALF
    .endm

/* 256 * four sums out of three accumulators: the first in \a. */
    .macro RESOLVE a, d1, d2, d3
    sub \a, \d2, \d3, lsl #8
    sub \a, \d1, \a, lsl #8
    lsl \a, \a, #8
    sub \d1, \d1, \a, asr #8
    sub \d2, \d2, \d1, asr #8
    sub \d3, \d3, \d2, asr #8
    .endm

    .macro NARROWED sum
    ssat \sum, #8, \sum, asr #12
    .endm

/* By two roundings: r8 mantissa, r9 what is added, r10 shift + 6, r11 free. */
    .macro TWICE sum
    lsr r11, \sum, #31
    sub r11, r9, r11, lsl #7
    smmla \sum, \sum, r8, r11
    asr \sum, \sum, r10
    ssat \sum, #8, \sum, asr #1
    .endm

    .section .text.ep_triple_run, "ax", %progbits
    .balign 4
    .global ep_triple_run
    .type ep_triple_run, %function
/* Widening: r0 r1 r2 r5 values, r3 r4 rows, r6 end of row a's line, r7 groups of a line, r8 lines left,
 * r9 pitch, r10 whether three lines have one more, r11 wide, r12 from a line's end to the next.
 * Sums: r0 wide, r1 stream, r2-r4 sums of pixel 0, r5-r7 of pixel 1, r8-r10 weights, r11 r12 values,
 * lr end of wide, 4 less to round twice. Results: r0 r2 r3 r4 and r12 r5 r6 r7. */
ep_triple_run:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    add r12, sp, #OUTPUTS
    ldm r0!, {r1-r8}
    stm r12!, {r1-r8}
    mov r11, r8
    ldm r0, {r4-r10}
    stm r12, {r4-r10}
    add r0, r9, r10
    strd r9, r0, [sp, #Y]
    adr r12, 3f
    add r9, r7, r2, lsl #4
    add r10, r2, r2, lsl #1
    lsl r10, r10, #3
    add r10, r10, #44
    cbz r3, 8f
    adr r12, 5f
    sub r9, r9, #4
    add r10, r10, #4
8:
    rsbs r2, r2, #1
    beq 9f
    and r2, r2, #7
    adr r12, 2f
    add r12, r12, r2, lsl #6
9:
    orr r12, r12, #1
    strd r12, r9, [sp, #ENTRY]
    lsr r2, r1, #2
    mla r2, r2, r10, r8
    str r2, [sp, #STREAM_END]
    strd r2, r10, [sp, #WHOLE_END]
    and r1, r1, #3
    str r1, [sp, #LAST]
    add r12, sp, #X
    ldm r12, {r0, r1, r2}
    orr r0, r0, r1
    orr r0, r0, r2
    orr r0, r0, r5
    and r0, r0, #3
    and r1, r11, #1
    orr r0, r0, r1
    orrs r0, r0, r6
    ite eq
    adreq r12, 17f
    adrne r12, 11f
    cmp r11, #2
    it eq
    adreq r12, 15f
    ldr r2, [sp, #STREAM_END]
    cmp r2, r8
    it eq
    adreq r12, 23f
    orr r12, r12, #1
    str r12, [sp, #WIDENING]
10:
    add r12, sp, #X
    ldm r12, {r3-r11}
    add r0, r3, r5
    add r1, r4, r5
    strd r0, r1, [sp, #X]
    ldr pc, [sp, #WIDENING]

/* Two groups a line: 17 instructions. */
    .balign 4
15:
    ldr r0, [r3]
    ldr r1, [r4]
    ldr r6, [r3, #4]
    ldr r7, [r4, #4]
    add r3, r3, r9
    add r4, r4, r9
    subs r8, r8, #1
    WIDEN_TWO r6, r7
    bne 15b
    sub r12, r9, #8
    b 16f

/* Lines of whole words, two groups at a time: 13 instructions. r10 end of row a's line. */
    .balign 4
17:
    add r10, r3, r7, lsl #2
18:
    ldm r3!, {r0, r6}
    ldm r4!, {r1, r7}
    cmp r3, r10
    WIDEN_TWO r6, r7
    bne 18b
    subs r8, r8, #1
    beq 14f
    ldr r12, [sp, #LINE]
    add r10, r10, r9
    sub r12, r9, r12, lsl #2
    add r3, r3, r12
    add r4, r4, r12
    b 18b

/* Any lines; before that, where there are no whole fours, what 20 does behind them. */
    .balign 4
23:
    ldrd r0, r1, [sp, #Y]
    strd r0, r1, [sp, #Y_LAST]
    ldrd r1, r2, [sp, #WHOLE_END]
    add r0, sp, #FOURS
    add r2, r2, r1
    add r1, sp, #FOURS + 4
    stm sp, {r0, r1, r2}
    .balign 4
11:
    add r6, r3, r7, lsl #2
    sub r12, r9, r7, lsl #2
12:
    tst r7, #1
    bne 13f
19:
    WIDEN
13:
    WIDEN
    cmp r3, r6
    bne 19b
    subs r8, r8, #1
    add r3, r3, r12
    add r4, r4, r12
    add r6, r6, r9
    bne 12b
16:
    cmp r10, #0
    beq 14f
    sub r3, r3, r12
    sub r4, r4, r12
    rsb r9, r9, #0
    THREE_VALUES r3, r0, r2
    THREE_VALUES r4, r1, r5
    stm r11, {r0, r1, r2, r5}
14:
    ldr r1, [sp, #STREAM]
    ldr lr, [sp, #X_END]
1:
    ldm r1!, {r2, r3, r4}
    ldr r0, [sp, #WIDE]
    FIRST
    ldr pc, [sp, #ENTRY]
    .balign 4
4:
    bhi.w 5f
2:
    .rept 8
    GROUP
    .endr
    cmp r0, lr
    bne.w 4b
    .balign 4
3:
    RESOLVE r0, r2, r3, r4
    RESOLVE r12, r5, r6, r7
    ldm r1!, {r8, r9, r10, r11}
    smmla r0, r0, r8, r9
    smmla r12, r12, r8, r9
    smmla r2, r2, r10, r11
    smmla r5, r5, r10, r11
    ldm r1!, {r8, r9, r10, r11}
    smmla r3, r3, r8, r9
    smmla r6, r6, r8, r9
    smmla r4, r4, r10, r11
    smmla r7, r7, r10, r11
    NARROWED r0
    NARROWED r2
    NARROWED r3
    NARROWED r4
    NARROWED r12
    NARROWED r5
    NARROWED r6
    NARROWED r7
6:
    ldm sp, {r8, r9, r10}
    strb r0, [r8], #4
    strb r2, [r8, #-3]
    strb r3, [r8, #-2]
    strb r4, [r8, #-1]
    strb r12, [r9], #4
    strb r5, [r9, #-3]
    strb r6, [r9, #-2]
    strb r7, [r9, #-1]
    strd r8, r9, [sp, #Y]
    cmp r1, r10
    bne.w 1b
    ldr r3, [sp, #LAST]
    cbnz r3, 20f
7:
    ldr r0, [sp, #TILES]
    ldr r4, [sp, #STEP]
    subs r0, r0, #1
    str r0, [sp, #TILES]
    add r4, r4, r9
    strd r9, r4, [sp, #Y]
    bne.w 10b
    add sp, sp, #FRAME
    pop {r4-r11, pc}

/* Fewer than four outputs: made beside y, then copied. */
20:
    ldrd r4, r5, [sp, #WHOLE_END]
    cmp r1, r4
    bne 21f
    strd r8, r9, [sp, #Y_LAST]
    add r8, sp, #FOURS
    add r9, sp, #FOURS + 4
    add r10, r4, r5
    stm sp, {r8, r9, r10}
    b 1b
21:
    str r4, [sp, #STREAM_END]
    ldrd r8, r9, [sp, #Y_LAST]
    ldrd r5, r6, [sp, #FOURS]
22:
    strb r5, [r8], #1
    strb r6, [r9], #1
    lsr r5, r5, #8
    lsr r6, r6, #8
    subs r3, r3, #1
    bne 22b
    b 7b

    .balign 4
5:
    RESOLVE r0, r2, r3, r4
    RESOLVE r12, r5, r6, r7
    ldr r10, [r1], #4
    ldm r1!, {r8, r9}
    TWICE r0
    TWICE r12
    ldm r1!, {r8, r9}
    lsr r10, r10, #8
    TWICE r2
    TWICE r5
    ldm r1!, {r8, r9}
    lsr r10, r10, #8
    TWICE r3
    TWICE r6
    ldm r1!, {r8, r9}
    lsr r10, r10, #8
    TWICE r4
    TWICE r7
    b 6b
    .size ep_triple_run, . - ep_triple_run
