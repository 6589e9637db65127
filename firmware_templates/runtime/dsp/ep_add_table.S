/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_add_table.h. Cores with the DSP extension.
 *
 * r0 a, r1 b, r2 y, r3 table, r4 mantissa, r5 what is added, r6 shift, r7 r8 four elements each,
 * r9 r10 free, r11 elements behind the last whole word, lr end of the words. 40 for 4 elements.
 * Twice a sum by SMMLAR is TFLite's first rounding; the second adds half of 2^shift, and takes one
 * off below zero.
 */
    .syntax unified
    .thumb

    .macro ELEMENT turn
    .if \turn
    uxtb r10, r8, ror #\turn
    sxtb r9, r7, ror #\turn
    .else
    uxtb r10, r8
    sxtb r9, r7
    .endif
    ldr r10, [r3, r10, lsl #2]
    add r9, r10, r9, lsl #20
    add r10, r5, r9, asr #31
    smmlar r9, r9, r4, r10
    asr r9, r9, r6
    ssat r9, #8, r9, asr #1
    strb r9, [r2], #1
    .endm

    .section .text.ep_add_table, "ax", %progbits
    .balign 4
    .global ep_add_table
    .type ep_add_table, %function
ep_add_table:
    push {r4-r11, lr}
    ldm r0, {r4, r5, r6, r7}
    mov r0, r1
    mov r1, r2
    ldr r2, [sp, #36]
    and r11, r4, #3
    bic r4, r4, #3
    add lr, r0, r4
    mov r4, r5
    mov r5, r6
    mov r6, r7
    cmp r0, lr
    beq 2f
1:
    ldr r7, [r0], #4
    ldr r8, [r1], #4
    ELEMENT 0
    ELEMENT 8
    ELEMENT 16
    ELEMENT 24
    cmp r0, lr
    bne 1b
2:
    cmp r11, #0
    beq 4f
3:
    ldrb r7, [r0], #1
    ldrb r8, [r1], #1
    ELEMENT 0
    subs r11, r11, #1
    bne 3b
4:
    pop {r4-r11, pc}
    .size ep_add_table, . - ep_add_table
