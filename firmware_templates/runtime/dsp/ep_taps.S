/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_taps.h. Cores with the DSP extension.
 *
 * r0 taps, r1 stream, r2-r5 256 * sums, r6 r7 weights, r8 a pair of taps of two channels,
 * r9 0xFF00FF00, r10 channel, r11 r12 taps, lr end of taps. 15 instructions for 8 multiply-accumulates:
 * values are 256 times the input's, so that the product's high word keeps their fraction.
 */
    .syntax unified
    .thumb

    .equ Y, 0
    .equ TAPS, 4
    .equ LAST, 8
    .equ ENTRY, 12
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

    .section .text.ep_taps, "ax", %progbits
    .balign 4
    .global ep_taps
    .type ep_taps, %function
ep_taps:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r4, r5}
    str r3, [sp, #Y]
    str r1, [sp, #TAPS]
    sub r5, r5, #4
    str r5, [sp, #LAST]
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
    ldr r0, [sp, #TAPS]
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    PAIR
    .balign 4
3:
    PAIR
    cmp r0, lr
    bne 2b
    ldm r1!, {r6, r7, r8, r11}
    smmla r2, r2, r6, r7
    smmla r3, r3, r8, r11
    ldm r1!, {r6, r7, r8, r11}
    smmla r4, r4, r6, r7
    smmla r5, r5, r8, r11
    ssat r2, #8, r2, asr #12
    ssat r3, #8, r3, asr #12
    ssat r4, #8, r4, asr #12
    ssat r5, #8, r5, asr #12
    ldr r12, [sp, #Y]
    ldr r6, [sp, #LAST]
    add r12, r12, r10
    strb r2, [r12]
    strb r3, [r12, #1]
    strb r4, [r12, #2]
    strb r5, [r12, #3]
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
    .size ep_taps, . - ep_taps
