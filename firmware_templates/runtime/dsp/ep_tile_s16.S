/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_tile_s16.h. Cores with the DSP extension. 16 multiply-accumulates take 13
 * instructions: weights are extended once for four pixels. */
    .syntax unified
    .thumb

    .macro PAIR
    ldr r12, [r1], #4
    ldrd r10, r11, [r0], #8
    sxtb16 lr, r12
    sxtb16 r12, r12, ror #8
    smlad r2, r10, lr, r2
    smlad r3, r11, lr, r3
    smlad r6, r10, r12, r6
    smlad r7, r11, r12, r7
    ldrd r10, r11, [r0], #8
    smlad r4, r10, lr, r4
    smlad r5, r11, lr, r5
    smlad r8, r10, r12, r8
    smlad r9, r11, r12, r9
    .endm

    .section .text.ep_tile_s16, "ax", %progbits
    .balign 4
    .global ep_tile_s16
    .type ep_tile_s16, %function
/* r0 x, r1 w, r2-r5 sums of row a, r6-r9 of row b, r10 r11 two pixels, lr r12 weights of a and b;
 * stack: end of w. */
ep_tile_s16:
    push {r4-r11, lr}
    sub sp, sp, #4
    add r12, r1, r2, lsl #2
    str r12, [sp]
    ldm r3, {r2, r6}
    mov r3, r2
    mov r4, r2
    mov r5, r2
    mov r7, r6
    mov r8, r6
    mov r9, r6
1:
    PAIR
    PAIR
    PAIR
    PAIR
    ldr r12, [sp]
    cmp r1, r12
    bne 1b
    ldr r12, [sp, #40]
    stm r12, {r2-r9}
    add sp, sp, #4
    pop {r4-r11, pc}
    .size ep_tile_s16, . - ep_tile_s16
