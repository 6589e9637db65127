/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_pairs.h. Cores with the DSP extension.
 *
 * Why it is exact: with A and B the sums of two rows, one sum of products with 256 * b + a is
 * F = 256 B + A modulo 2^32, the other, of the low bytes, is A; so 256 B = F - A. With s = 256 * sum,
 * floor(s * mantissa / 2^32) holds 7 bits more than the result before its shift: adding half of
 * 2^(shift + 7) rounds once, as nested floors are one.
 */
    .syntax unified
    .thumb

    .section .text.ep_pairs_widen, "ax", %progbits
    .balign 4
    .global ep_pairs_widen
    .type ep_pairs_widen, %function
/* r0 x, r1 its end, r2 wide; 6 instructions for 4 values. */
ep_pairs_widen:
    push {r4, lr}
    add r1, r0, r1, lsl #2
1:
    ldr r3, [r0], #4
    sxtb16 r4, r3, ror #8
    sxtb16 r3, r3
    stm r2!, {r3, r4}
    cmp r0, r1
    bne 1b
    pop {r4, pc}
    .size ep_pairs_widen, . - ep_pairs_widen

#include "ep_dense_finish.inc"

    .equ GROUP_BYTES, 56

/* Two values of two rows: r12 the low bytes. */
    .macro PAIR low, both, x, w
    sxtb16 r12, \w
    smlad \low, r12, \x, \low
    smlad \both, \w, \x, \both
    .endm

/* 4 values of 4 rows: 16 multiply-accumulates, 14 instructions. */
    .macro GROUP
    ldm.w r0!, {r6, r7}
    ldm r1!, {r8, r9, r10, r11}
    PAIR r2, r3, r6, r8
    PAIR r2, r3, r7, r9
    PAIR r4, r5, r6, r10
    PAIR r4, r5, r7, r11
    .endm

/* FINISH with both roundings: the low byte of r10 is shift + 6, r11 free. As ep_plane.S explains. */
    .macro FINISH_TWICE sum, added
    lsr r11, \sum, #31
    sub \added, \added, r11, lsl #7
    add \sum, \sum, \added
    asr \sum, \sum, r10
    ssat \sum, #8, \sum, asr #1
    .endm

/* r0 wide, r1 stream, r2 r4 sums A, r3 r5 sums F, r6 r7 values, r8-r11 weights, lr end of wide. */
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
    str r3, [sp, #Y]
    str r4, [sp, #LEFT]
    str r7, [sp, #MANTISSA]
    str r8, [sp, #SHIFT]
    .if \channels == 0
    lsl r6, r6, r8
    .endif
    str r6, [sp, #ROUND]
    add lr, r1, r5, lsl #3
    rsb r5, r5, #0
    and r5, r5, #3
    mov r6, #GROUP_BYTES
    adr r3, 2f
    mla r3, r5, r6, r3
    orr r3, r3, #1
    str r3, [sp, #ENTRY]
    mov r1, r2
1:
    ldm r1!, {r2, r3, r4, r5}
    ldr r0, [sp, #WIDE]
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    GROUP
    GROUP
    GROUP
    GROUP
    cmp r0, lr
    bne 2b
    sub r3, r3, r2
    sub r5, r5, r4
    lsl r2, r2, #8
    lsl r4, r4, #8
    .if \channels == 2
    ldm r1!, {r6, r7, r8, r9}
    smmul r2, r2, r6
    smmul r3, r3, r7
    smmul r4, r4, r8
    smmul r5, r5, r9
    ldm r1!, {r6, r7, r8, r9, r10}
    FINISH_TWICE r2, r6
    lsr r10, r10, #8
    FINISH_TWICE r3, r7
    lsr r10, r10, #8
    FINISH_TWICE r4, r8
    lsr r10, r10, #8
    FINISH_TWICE r5, r9
    .elseif \channels
    FINISH_CHANNELS r2, r3, r4, r5
    .else
    FINISH_ALL r2, r3, r4, r5
    .endif
    ldrd r11, r12, [sp, #Y]
    strb r2, [r11], #1
    cmp r12, #4
    blo 3f
    strb r3, [r11], #1
    strb r4, [r11], #1
    strb r5, [r11], #1
    subs r12, r12, #4
    strd r11, r12, [sp, #Y]
    bne 1b
    b 4f
3:
    cmp r12, #2
    blo 4f
    strb r3, [r11], #1
    beq 4f
    strb r4, [r11], #1
4:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

    ROWS ep_pairs_rows, 0
    ROWS ep_pairs_channels, 1
    ROWS ep_pairs_twice, 2
