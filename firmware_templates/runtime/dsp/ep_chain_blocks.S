/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_chain_blocks.h. Why four sums come out of three accumulators: ep_chain.S. */
    .syntax unified
    .thumb

#define TWICE_BITS 7
#include "ep_chain_rows.inc"

    .equ TOGETHER, 8
    .equ BLOCK_WORDS, 13

/* 4 values of an output and 4 pixels: 16 multiply-accumulates, 13 instructions of 52 bytes. r0 chained
 * values, r1 stream, r5 places, r7 bytes of a group, r2-r4 sums, r8-r10 X1 X2 X3, r11 four weights,
 * lr two of them, r12 groups between. */
    .macro BLOCK
    ldrb.w r12, [r5], #1
    ldr.w r11, [r1], #4
    mla r0, r12, r7, r0
    ldm.w r0!, {r8, r9, r10}
    sxtb16 lr, r11
    smlad r2, lr, r8, r2
    smlad r3, lr, r9, r3
    smlad r4, lr, r10, r4
    ldm.w r0!, {r8, r9, r10}
    sxtb16 lr, r11, ror #8
    smlad r2, lr, r10, r2
    smlad r3, lr, r8, r3
    smlad r4, lr, r9, r4
    .endm

/* Between an output and the next one; equal: there is none. */
    .macro ADVANCE
    ldr r0, [sp, #Y_END]
    add r11, r11, #1
    str r11, [sp, #Y]
    cmp r0, r11
    .endm

    .section .text.ep_chain_rows_blocks, "ax", %progbits
    .balign 4
    .global ep_chain_rows_blocks
    .type ep_chain_rows_blocks, %function
/* r6 turns left; the rest as BLOCK has it. */
ep_chain_rows_blocks:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldr r12, [sp, #STEP_ARGUMENT]
    ldm r0, {r4, r5, r6}
    str r1, [sp, #X_START]
    str r3, [sp, #Y]
    str r12, [sp, #STEP]
    add r3, r3, r4
    str r3, [sp, #Y_END]
    adr r3, 4f
    cmp r6, #0
    it ne
    addne r3, r3, #5f - 4f
    orr r3, r3, #1
    str r3, [sp, #FINISH]
    adr r3, 2f
    orr r3, r3, #1
    str r3, [sp, #ENTRY]
    ldr r5, [r2]
    add r5, r5, r2
    add r1, r2, #4
    mov r7, #24
1:
    ldr r2, [r1], #4
    ldrb r8, [r5], #1
    ldrb r6, [r5], #1
    ldr r9, [sp, #ENTRY]
    ldr r0, [sp, #X_START]
    mov r3, r2
    add r9, r9, r8, lsl #2
    mov r4, r2
    bx r9
    .balign 4
2:
    .rept TOGETHER
    BLOCK
    .endr
    subs r6, r6, #1
    bne.w 2b
    ldrd r11, r12, [sp, #Y]
    ldr pc, [sp, #FINISH]
    .balign 4
4:
    ldm r1!, {r8, r9}
    OUTPUT r2, r3, r4, SHORT
    ADVANCE
    bne.w 1b
    b.w 3f
    .balign 4
5:
    ldm r1!, {r8, r9}
    ldrb r10, [r5], #1
    OUTPUT r2, r3, r4, TWICE
    ADVANCE
    bne.w 1b
3:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size ep_chain_rows_blocks, . - ep_chain_rows_blocks
