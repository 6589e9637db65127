/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_blocks.h. How a sum becomes an output: ep_pairs.S. */
    .syntax unified
    .thumb

    .equ WIDE, 0
    .equ ROUND, 4
    .equ FRAME, 8
    .equ TOGETHER, 16
    .equ BLOCK_BYTES, 32

/* 4 values of an output: 4 multiply-accumulates, 8 instructions of 32 bytes. r0 wide, r1 stream,
 * r2 256 * sum, r5 places, r8 r9 values, r10 0xFF00FF00, r11 r12 256 * weights, r12 groups between. */
    .macro BLOCK
    ldrb.w r12, [r5], #1
    ldr.w r11, [r1], #4
    add.w r0, r0, r12, lsl #3
    ldm.w r0!, {r8, r9}
    and.w r12, r10, r11, lsl #8
    and.w r11, r11, r10
    smlad r2, r12, r8, r2
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
    mov r10, #0xFF00FF00
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
1:
    ldr r2, [r1], #4
    ldrb r8, [r5], #1
    ldrb r6, [r5], #1
    ldr r0, [sp, #WIDE]
    tbb [pc, r8]
3:
    .set skipped, 0
    .rept TOGETHER
    .byte (2f - 3b + BLOCK_BYTES * skipped) / 2
    .set skipped, skipped + 1
    .endr
    .byte (4f - 3b) / 2
    .balign 2
4:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
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
    lsr r8, r2, #31
    sub r4, r4, r8, lsl #7
    .elseif \channels
    ldr r3, [r1], #4
    ldrb r7, [r5], #1
    ldr r4, [sp, #ROUND]
    lsl r4, r4, r7
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
    b.w 1b
    .size \name, . - \name
    .endm

    ROWS ep_blocks_rows, 0
    ROWS ep_blocks_channels, 1
    ROWS ep_blocks_twice, 2
