/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_triple_dense.h. Cores with the DSP extension; SMLAD wraps, which is what is wanted.
 *
 * How four sums come out of three: ep_chain.S. With s = 256 * sum, floor(s * mantissa / 2^32) holds 7
 * bits more than the result before its shift: adding half of 2^(shift + 7) rounds once.
 */
    .syntax unified
    .thumb

#include "ep_dense_finish.inc"

/* 4 values of 4 rows: 16 multiply-accumulates, 8 instructions of 4 bytes. */
    .macro GROUP
    ldm r0!, {r11, r12}
    ldm r1!, {r5, r6, r7, r8, r9, r10}
    smlad r2, r5, r11, r2
    smlad r3, r6, r11, r3
    smlad r4, r7, r11, r4
    smlad r2, r8, r12, r2
    smlad r3, r9, r12, r3
    smlad r4, r10, r12, r4
    .endm

/* r0 wide, r1 stream, r2-r4 sums, r5-r10 weights, r11 r12 values, lr end of wide.
 * Results: r0 r2 r3 r4. */
    .macro ROWS name, channels
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r4, r5, r6, r7, r8}
    str r1, [sp, #WIDE]
    strd r3, r4, [sp, #Y]
    str r7, [sp, #MANTISSA]
    str r8, [sp, #SHIFT]
    .if \channels == 0
    lsl r6, r6, r8
    .endif
    str r6, [sp, #ROUND]
    add lr, r1, r5, lsl #3
    rsb r5, r5, #0
    and r5, r5, #7
    adr r3, 2f
    add r3, r3, r5, lsl #5
    orr r3, r3, #1
    str r3, [sp, #ENTRY]
    mov r1, r2
1:
    ldm r1!, {r2, r3, r4}
    ldr r0, [sp, #WIDE]
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    .rept 8
    GROUP
    .endr
    cmp r0, lr
    bne 2b
    sub r0, r3, r4, lsl #8
    sub r0, r2, r0, lsl #8
    lsl r0, r0, #8
    sub r2, r2, r0, asr #8
    sub r3, r3, r2, asr #8
    sub r4, r4, r3, asr #8
    .if \channels
    FINISH_CHANNELS r0, r2, r3, r4
    .else
    FINISH_ALL r0, r2, r3, r4
    .endif
    ldrd r11, r12, [sp, #Y]
    subs r12, r12, #4
    strb r0, [r11], #1
    blo 3f
    strb r2, [r11], #1
    strb r3, [r11], #1
    strb r4, [r11], #1
    strd r11, r12, [sp, #Y]
    bne 1b
    b 4f
3:
    adds r12, r12, #3
    beq 4f
    strb r2, [r11], #1
    cmp r12, #1
    beq 4f
    strb r3, [r11]
4:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

    ROWS ep_triple_dense, 0
    ROWS ep_triple_dense_channels, 1
