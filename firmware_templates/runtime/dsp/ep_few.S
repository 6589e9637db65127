/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_few.h. Cores with the DSP extension.
 *
 * r0 stream, r1 y, r2-r5 values times 256, r6 sum, r7-r10 weights, r11 factor, r12 nudge, lr end of
 * stream. 8 instructions for 8 multiply-accumulates and their output.
 */
    .syntax unified
    .thumb

    .equ STREAM, 0
    .equ X, 4
    .equ STEP, 8
    .equ ENTRY, 12
    .equ Y_END, 16
    .equ FRAME, 20
    .equ RECORD_BYTES, 28
    .equ TOGETHER, 8

    .macro OUTPUT
    ldm r0!, {r6, r7, r8, r9, r10, r11, r12}
    smlad r6, r7, r2, r6
    smlad r6, r8, r3, r6
    smlad r6, r9, r4, r6
    smlad r6, r10, r5, r6
    smmla r6, r6, r11, r12
    ssat r6, #8, r6, asr #12
    strb r6, [r1], #1
    .endm

    .section .text.ep_few, "ax", %progbits
    .balign 4
    .global ep_few
    .type ep_few, %function
ep_few:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r4, r5, r6}
    mov r7, #RECORD_BYTES
    mla lr, r4, r7, r2
    mla r6, r4, r6, r3
    str r6, [sp, #Y_END]
    strd r2, r1, [sp, #STREAM]
    mov r1, r3
    rsb r4, r4, #0
    and r4, r4, #TOGETHER - 1
    adr r3, 2f
    add r3, r3, r4, lsl #5
    orr r3, r3, #1
    strd r5, r3, [sp, #STEP]
1:
    ldm sp, {r0, r6, r7, r8}
    mov r9, #0xFF00FF00
    ldr r3, [r6]
    ldr r5, [r6, #4]
    add r6, r6, r7
    str r6, [sp, #X]
    and r2, r9, r3, lsl #8
    and r3, r3, r9
    and r4, r9, r5, lsl #8
    and r5, r5, r9
    bx r8
    .balign 4
2:
    .rept TOGETHER
    OUTPUT
    .endr
    cmp r0, lr
    bne.w 2b
    ldr r6, [sp, #Y_END]
    cmp r1, r6
    bne.w 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size ep_few, . - ep_few
