/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_taps.h. Cores with the DSP extension.
 *
 * r0 taps, r1 stream, r2-r5 256 * sums, r6 r7 weights, r8 a pair of taps of two channels,
 * r9 0xFF00FF00, r10 channel, r11 r12 taps, lr end of taps. 15 instructions for 8 multiply-accumulates:
 * values are 256 times the input's, so that the product's high word keeps their fraction.
 */
    .syntax unified
    .thumb

    .equ Y, 0 /* and the step */
    .equ WINDOW, 8
    .equ LAST, 12
    .equ ENTRY, 16
    .equ FRAME, 20

    .macro PAIR
    ldm r0!, {r11, r12}
    ldm.w r1!, {r6, r7}
    ldr r11, [r11, r10]
    ldr r12, [r12, r10]
    pkhbt r8, r11, r12, lsl #16
    pkhtb r12, r12, r11, asr #16
    and r11, r9, r8, lsl #8
    smlad r2, r11, r6, r2
    and r11, r9, r8
    smlad r3, r11, r7, r3
    ldm.w r1!, {r6, r7}
    and r11, r9, r12, lsl #8
    smlad r4, r11, r6, r4
    and r11, r9, r12
    smlad r5, r11, r7, r5
    .endm

/* Short: one sum with its factor and nudge. */
    .macro SHORT sum, other, factor, nudge, factor_other, nudge_other
    smmla \sum, \sum, \factor, \nudge
    smmla \other, \other, \factor_other, \nudge_other
    ssat \sum, #8, \sum, asr #12
    ssat \other, #8, \other, asr #12
    .endm

/* Both roundings of a high word; r12 the shift and those to come, r0 free. As ep_plane.S explains. */
    .macro TWICE sum, added
    lsr r0, \sum, #31
    sub \added, \added, r0, lsl #7
    add \sum, \sum, \added
    asr \sum, \sum, r12
    ssat \sum, #8, \sum, asr #1
    .endm

    .macro TAPS name, twice
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r4, r5, r6}
    sub r5, r5, #4
    strd r3, r6, [sp, #Y]
    strd r1, r5, [sp, #WINDOW]
    add lr, r1, r4, lsl #2
    adr r6, 2f
    tst r4, #2
    it ne
    addne r6, r6, #3f - 2f
    orr r6, r6, #1
    str r6, [sp, #ENTRY]
    mov r1, r2
    mov r9, #0xFF00FF00
    mov r10, #0
1:
    ldm r1!, {r2, r3, r4, r5}
    ldr r0, [sp, #WINDOW]
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    PAIR
    .balign 4
3:
    PAIR
    cmp r0, lr
    bne 2b
    .if \twice
    ldm r1!, {r6, r7, r8, r11}
    smmul r2, r2, r6
    smmul r3, r3, r7
    smmul r4, r4, r8
    smmul r5, r5, r11
    ldm r1!, {r6, r7, r8, r11, r12}
    TWICE r2, r6
    lsr r12, r12, #8
    TWICE r3, r7
    lsr r12, r12, #8
    TWICE r4, r8
    lsr r12, r12, #8
    TWICE r5, r11
    .else
    ldm r1!, {r6, r7, r8, r11}
    SHORT r2, r3, r6, r7, r8, r11
    ldm r1!, {r6, r7, r8, r11}
    SHORT r4, r5, r6, r7, r8, r11
    .endif
    ldrd r6, r7, [sp, #Y]
    mla r12, r10, r7, r6
    ldr r6, [sp, #LAST]
    strb r2, [r12]
    strb r3, [r12, r7]
    add r12, r12, r7, lsl #1
    strb r4, [r12]
    strb r5, [r12, r7]
    cmp r10, r6
    beq 4f
    add r10, r10, #4
    cmp r10, r6
    it hi
    movhi r10, r6
    b 1b
4:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

    TAPS ep_taps, 0
    TAPS ep_taps_twice, 1
