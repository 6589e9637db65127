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

    .section .text.ep_triple_widen, "ax", %progbits
    .balign 4
    .global ep_triple_widen
    .type ep_triple_widen, %function
/* r9 end of row a's whole pairs of groups. */
ep_triple_widen:
    push {r4-r9, lr}
    ldm r0, {r3, r4}
    lsrs r1, r1, #1
    bcc 1f
    WIDEN
1:
    add r9, r3, r1, lsl #3
    cmp r3, r9
    beq 3f
2:
    WIDEN
    WIDEN
    cmp r3, r9
    bne 2b
3:
    mov r0, r2
    pop {r4-r9, pc}
    .size ep_triple_widen, . - ep_triple_widen

    .section .text.ep_triple_window, "ax", %progbits
    .balign 4
    .global ep_triple_window
    .type ep_triple_window, %function
/* r0 groups, r1 from the end of a line to the next, r9 end of row a's line, r10 lines left, r11 pitch. */
ep_triple_window:
    push {r4-r11, lr}
    ldm r1, {r9, r10, r11}
    ldm r0, {r3, r4}
    mov r0, r9
    sub r1, r11, r9, lsl #2
    add r9, r3, r9, lsl #2
1:
    tst r0, #1
    beq 3f
    b 4f
2:
    WIDEN
4:
    WIDEN
    cmp r3, r9
    bne 2b
    b 5f
3:
    WIDEN
    WIDEN
    cmp r3, r9
    bne 3b
5:
    subs r10, r10, #1
    add r3, r3, r1
    add r4, r4, r1
    add r9, r9, r11
    bne 1b
    mov r0, r2
    pop {r4-r11, pc}
    .size ep_triple_window, . - ep_triple_window

/* A row's three values of as many lines to two words. r4 where they begin, r6 pitch. */
    .macro THREE row, even, odd
    add \row, \row, r4
    ldrsb \odd, [\row, r6]
    ldrsb \even, [\row, r6, lsl #1]
    ldrsb \row, [\row]
    pkhbt \even, \row, \even, lsl #16
    uxth \odd, \odd
    .endm

    .section .text.ep_triple_three, "ax", %progbits
    .balign 4
    .global ep_triple_three
    .type ep_triple_three, %function
ep_triple_three:
    push {r4-r8, lr}
    ldm r1, {r4, r5, r6}
    lsl r4, r4, #2
    ldm r0, {r0, r1}
    THREE r0, r5, r7
    THREE r1, r6, r8
    stm r2, {r5, r6, r7, r8}
    pop {r4-r8, pc}
    .size ep_triple_three, . - ep_triple_three

/* What the stack holds during ep_triple_rows. */
    .equ X_START, 0
    .equ X_END, 4
    .equ ENTRY, 8
    .equ FINISH, 12
    .equ Y, 16
    .equ LEFT, 20
    .equ STEP, 24
    .equ FRAME, 28
    .equ STEP_ARGUMENT, FRAME + 36
    .equ GROUP_BYTES, 64

/* 4 values of 4 outputs and 2 pixels: 32 multiply-accumulates, 16 instructions. */
    .macro GROUP
    ldm r1!, {r8, r9, r10}
    ldm r0!, {r11, r12}
    smlad r2, r8, r11, r2
    smlad r3, r9, r11, r3
    smlad r4, r10, r11, r4
    smlad r5, r8, r12, r5
    smlad r6, r9, r12, r6
    smlad r7, r10, r12, r7
    ldm r1!, {r8, r9, r10}
    ldm r0!, {r11, r12}
    smlad r2, r8, r11, r2
    smlad r3, r9, r11, r3
    smlad r4, r10, r11, r4
    smlad r5, r8, r12, r5
    smlad r6, r9, r12, r6
    smlad r7, r10, r12, r7
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
    ldm r1!, {r8, r9, r10}
    ldm r0!, {r11, r12}
    smlad r2, r8, r11, r2
    smlad r3, r9, r11, r3
    smlad r4, r10, r11, r4
    smlad r5, r8, r12, r5
    smlad r6, r9, r12, r6
    smlad r7, r10, r12, r7
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

    .section .text.ep_triple_rows, "ax", %progbits
    .balign 4
    .global ep_triple_rows
    .type ep_triple_rows, %function
/* r0 wide, r1 stream, r2-r4 sums of pixel 0, r5-r7 of pixel 1, r8-r10 weights, r11 r12 values,
 * lr end of wide. Results: r0 r2 r3 r4 and lr r5 r6 r7. */
ep_triple_rows:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldr r12, [sp, #STEP_ARGUMENT]
    ldm r0, {r4, r5, r6}
    str r1, [sp, #X_START]
    strd r3, r4, [sp, #Y]
    str r12, [sp, #STEP]
    add lr, r1, r5, lsl #4
    str lr, [sp, #X_END]
    adr r3, 4f
    cmp r6, #0
    it ne
    addne r3, r3, #5f - 4f
    orr r3, r3, #1
    str r3, [sp, #FINISH]
    rsbs r5, r5, #1
    and r5, r5, #7
    adr r3, 2f
    add r3, r3, r5, lsl #6
    it eq
    addeq r3, r3, #3f - 2f
    orr r3, r3, #1
    str r3, [sp, #ENTRY]
    mov r1, r2
1:
    ldm r1!, {r2, r3, r4}
    ldr r0, [sp, #X_START]
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
    RESOLVE lr, r5, r6, r7
    ldr pc, [sp, #FINISH]
    .balign 4
4:
    ldm r1!, {r8, r9, r10, r11}
    smmla r0, r0, r8, r9
    smmla lr, lr, r8, r9
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
    NARROWED lr
    NARROWED r5
    NARROWED r6
    NARROWED r7
6:
    ldrd r11, r12, [sp, #Y]
    ldr r8, [sp, #STEP]
    subs r12, r12, #4
    add r8, r8, r11
    blo 7f
    strb r0, [r11], #1
    strb r2, [r11], #1
    strb r3, [r11], #1
    strb r4, [r11], #1
    strb lr, [r8]
    strb r5, [r8, #1]
    strb r6, [r8, #2]
    strb r7, [r8, #3]
    strd r11, r12, [sp, #Y]
    ldr lr, [sp, #X_END]
    bne 1b
    b 8f
7:
    strb r0, [r11]
    strb lr, [r8]
    adds r12, r12, #3
    beq 8f
    strb r2, [r11, #1]
    strb r5, [r8, #1]
    cmp r12, #1
    beq 8f
    strb r3, [r11, #2]
    strb r6, [r8, #2]
8:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .balign 4
5:
    ldr r10, [r1], #4
    ldm r1!, {r8, r9}
    TWICE r0
    TWICE lr
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
    .size ep_triple_rows, . - ep_triple_rows
