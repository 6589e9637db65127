/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_blocks.h. How a sum becomes an output: ep_pairs.S. */
    .syntax unified
    .thumb

    .equ WIDE, 0
    .equ ENTRY, 4
    .equ Y_END, 8
    .equ ROUND, 12
    .equ FRAME, 16
    .equ TOGETHER, 8
    .equ BLOCK_BYTES, 32

/* 4 values of an output: 4 multiply-accumulates, 8 instructions of 32 bytes. r0 wide, r1 stream, r2 sum,
 * r5 places, r8 r9 values, r10 r11 weights, r12 groups between. */
    .macro BLOCK
    ldrb.w r12, [r5], #1
    ldr.w r11, [r1], #4
    add.w r0, r0, r12, lsl #3
    ldm.w r0!, {r8, r9}
    sxtb16 r10, r11
    sxtb16 r11, r11, ror #8
    smlad r2, r10, r8, r2
    smlad r2, r11, r9, r2
    .endm

/* One for all, a scale a row, or that with two roundings: 0, 1, 2. r3 mantissa, r4 what is added,
 * r6 turns, r7 shift + 6, lr y. */
    .macro ROWS name, channels
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    mov lr, r3
    ldm r0, {r4, r5, r6, r8, r9}
    str r1, [sp, #WIDE]
    add r4, r4, lr
    str r4, [sp, #Y_END]
    .if \channels
    str r6, [sp, #ROUND]
    .else
    mov r3, r8
    mov r7, r9
    lsl r4, r6, r7
    .endif
    ldr r5, [r2]
    add r5, r5, r2
    add r1, r2, #4
    adr r2, 2f
    orr r2, r2, #1
    str r2, [sp, #ENTRY]
1:
    ldr r2, [r1], #4
    ldrb r8, [r5], #1
    ldrb r6, [r5], #1
    ldr r9, [sp, #ENTRY]
    ldr r0, [sp, #WIDE]
    add r9, r9, r8, lsl #2
    bx r9
    .balign 4
2:
    .rept TOGETHER
    BLOCK
    .endr
    subs r6, r6, #1
    bne.w 2b
    .if \channels == 2
    ldm r1!, {r3, r4}
    ldrb r7, [r5], #1
    lsl r2, r2, #8
    lsr r8, r2, #31
    sub r4, r4, r8, lsl #7
    .elseif \channels
    ldr r3, [r1], #4
    ldrb r7, [r5], #1
    ldr r4, [sp, #ROUND]
    lsl r2, r2, #8
    lsl r4, r4, r7
    .else
    lsl r2, r2, #8
    .endif
    .if \channels == 2
    smmul r2, r2, r3
    add r2, r2, r4
    .else
    smmla r2, r2, r3, r4
    .endif
    asr r2, r2, r7
    ssat r2, #8, r2, asr #1
    strb r2, [lr], #1
    ldr r9, [sp, #Y_END]
    cmp r9, lr
    bne.w 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

    ROWS ep_blocks_rows, 0
    ROWS ep_blocks_channels, 1
    ROWS ep_blocks_twice, 2
