/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_triple.h. Cores with the DSP extension; SMLAD wraps, which is what is wanted.
 *
 * With A, B, C, D the sums of four outputs, the accumulators hold 256 B + A, 256 C + B, 256 D + C
 * modulo 2^32; how the four come out, and why both requantisations are exact: ep_chain.S.
 */
    .syntax unified
    .thumb

/* 4 values of 2 rows: 7 instructions. r2 wide, r3 r4 rows. */
    .macro WIDEN
    ldr r5, [r3], #4
    ldr r6, [r4], #4
    sxtb16 r7, r5, ror #8
    sxtb16 r8, r6, ror #8
    sxtb16 r5, r5
    sxtb16 r6, r6
    stm r2!, {r5, r6, r7, r8}
    .endm

/* What the stack holds during ep_triple_run: from OUTPUTS on ep_triple_run_t. */
    .equ ENTRY, 0
    .equ FINISH, 4
    .equ Y, 8
    .equ LEFT, 12
    .equ X_END, 16
    .equ OUTPUTS, 20
    .equ X, 32
    .equ X_STEP, 40
    .equ TILES, 44
    .equ LINE, 48
    .equ THREE, 60
    .equ WIDE, 64
    .equ STREAM, 68
    .equ Y_TILE, 72
    .equ STEP, 76
    .equ FRAME, 80

/* The values of three lines behind their groups; the fourth is whatever. r6 minus pitch. */
    .macro THREE_VALUES row, even, odd
    ldrsb \even, [\row, r6, lsl #1]
    ldrsb \odd, [\row, r6]
    ldrsb r0, [\row]
    pkhbt \even, \even, r0, lsl #16
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
/* Widening: r0 groups of a line, r1 from its end to the next, r2 wide, r3 r4 rows, r5-r8 values, r9 end
 * of row a's line, r10 lines left, r11 pitch.
 * Sums: r0 wide, r1 stream, r2-r4 sums of pixel 0, r5-r7 of pixel 1, r8-r10 weights, r11 r12 values,
 * lr end of wide. Results: r0 r2 r3 r4 and r12 r5 r6 r7. */
ep_triple_run:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    add r12, sp, #OUTPUTS
    ldm r0!, {r1-r8}
    stm r12!, {r1-r8}
    ldm r0, {r4-r10}
    stm r12, {r4-r10}
    add r4, r7, r2, lsl #4
    str r4, [sp, #X_END]
    strd r9, r1, [sp, #Y]
    adr r4, 4f
    cmp r3, #0
    it ne
    addne r4, r4, #5f - 4f
    orr r4, r4, #1
    str r4, [sp, #FINISH]
    rsbs r2, r2, #1
    and r2, r2, #7
    adr r4, 2f
    add r4, r4, r2, lsl #6
    it eq
    addeq r4, r4, #3f - 2f
    orr r4, r4, #1
    str r4, [sp, #ENTRY]
10:
    ldrd r3, r4, [sp, #X]
    ldr r5, [sp, #X_STEP]
    add r0, sp, #LINE
    ldm r0, {r9, r10, r11}
    add r6, r3, r5
    add r7, r4, r5
    strd r6, r7, [sp, #X]
    mov r0, r9
    ldr r2, [sp, #WIDE]
    sub r1, r11, r9, lsl #2
    add r9, r3, r9, lsl #2
11:
    tst r0, #1
    bne 13f
12:
    WIDEN
13:
    WIDEN
    cmp r3, r9
    bne 12b
    subs r10, r10, #1
    add r3, r3, r1
    add r4, r4, r1
    add r9, r9, r11
    bne 11b
    ldr r0, [sp, #THREE]
    cbz r0, 14f
    sub r3, r3, r1
    sub r4, r4, r1
    rsb r6, r11, #0
    THREE_VALUES r3, r5, r8
    THREE_VALUES r4, r7, r9
    stm r2, {r5, r7, r8, r9}
14:
    ldr r1, [sp, #STREAM]
    ldr lr, [sp, #X_END]
1:
    ldm r1!, {r2, r3, r4}
    ldr r0, [sp, #WIDE]
    FIRST
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    .rept 8
    GROUP
    .endr
    cmp r0, lr
    bne.w 2b
    .balign 4
3:
    RESOLVE r0, r2, r3, r4
    RESOLVE r12, r5, r6, r7
    ldr pc, [sp, #FINISH]
    .balign 4
4:
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
    ldrd r11, r10, [sp, #Y]
    ldr r8, [sp, #STEP]
    subs r10, r10, #4
    add r8, r8, r11
    blo 7f
    strb r0, [r11], #1
    strb r2, [r11], #1
    strb r3, [r11], #1
    strb r4, [r11], #1
    strb r12, [r8]
    strb r5, [r8, #1]
    strb r6, [r8, #2]
    strb r7, [r8, #3]
    strd r11, r10, [sp, #Y]
    bne 1b
    b 8f
7:
    strb r0, [r11]
    strb r12, [r8]
    adds r10, r10, #3
    beq 8f
    strb r2, [r11, #1]
    strb r5, [r8, #1]
    cmp r10, #1
    beq 8f
    strb r3, [r11, #2]
    strb r6, [r8, #2]
8:
    ldr r0, [sp, #TILES]
    ldr r3, [sp, #Y_TILE]
    ldr r4, [sp, #OUTPUTS]
    subs r0, r0, #1
    str r0, [sp, #TILES]
    add r3, r3, r4, lsl #1
    str r3, [sp, #Y_TILE]
    strd r3, r4, [sp, #Y]
    bne 10b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .balign 4
5:
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
