/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_weighted.h. Cores with the DSP extension.
 *
 * r0 a, r1 b, r2 y, r3 elements left, r4 r5 factors, r6 offset, r7-r10 values times 256 of both, r11
 * sum, r12 0xFF00FF00. 24 instructions for 4 elements, and 2 for the loop.
 */
    .syntax unified
    .thumb

/* One element; half: b or t of both words. */
    .macro ELEMENT half, a, b
    smlaw\half r11, r4, \a, r6
    smlaw\half r11, r5, \b, r11
    ssat r11, #8, r11, asr #20
    strb r11, [r2], #1
    .endm

    .section .text.ep_weighted, "ax", %progbits
    .balign 4
    .global ep_weighted
    .type ep_weighted, %function
ep_weighted:
    push {r4-r11, lr}
    mov r12, r3
    ldm r0, {r3, r4, r5, r6}
    mov r0, r1
    mov r1, r2
    mov r2, r12
    mov r12, #0xFF00FF00
    subs r3, r3, #4
    blo 2f
1:
    ldr r8, [r0], #4
    ldr r10, [r1], #4
    and r7, r12, r8, lsl #8
    and r8, r8, r12
    and r9, r12, r10, lsl #8
    and r10, r10, r12
    ELEMENT b, r7, r9
    ELEMENT b, r8, r10
    ELEMENT t, r7, r9
    ELEMENT t, r8, r10
    subs r3, r3, #4
    bhs 1b
2:
    adds r3, r3, #4
    beq 4f
3:
    ldrb r7, [r0], #1
    ldrb r9, [r1], #1
    lsl r7, r7, #8
    lsl r9, r9, #8
    ELEMENT b, r7, r9
    subs r3, r3, #1
    bne 3b
4:
    pop {r4-r11, pc}
    .size ep_weighted, . - ep_weighted
