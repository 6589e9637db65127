/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_pieces.h. Cores with the DSP extension.
 *
 * Why it is exact: with A, B, C, D the sums of four rows and u = w + offset, the four sums of products
 * are, modulo 2^32 and but for multiples of sum(x), which are taken off where they begin:
 * L2 = A, F2 = 256 B + A, L1 = 16 C + A and F1 = 4096 D + 256 B + 16 C + A. So 256 times each of A to C
 * follows modulo 2^32, and 4096 D, which is exact as |D| < 2^19.
 */
    .syntax unified
    .thumb

#include "ep_dense_finish.inc"

    .equ SURPLUS, FRAME /* of L2, F2, L1, F1 */
    .equ END, FRAME + 16
    .equ PIECES_FRAME, FRAME + 20

/* FINISH with both roundings: the low byte of r10 is shift + 6, r11 free. As ep_plane.S explains. */
    .macro FINISH_TWICE sum, added
    lsr r11, \sum, #31
    sub \added, \added, r11, lsl #7
    add \sum, \sum, \added
    asr \sum, \sum, r10
    ssat \sum, #8, \sum, asr #1
    .endm

/* Two values of four rows, 8 multiply-accumulates in 7 instructions: r12 lr free. */
    .macro NUMBERS w, x
    uxtb16 r12, \w
    smlad r5, \w, \x, r5
    and.w lr, \w, #0x0F0F0F0F
    smlad r4, r12, \x, r4
    uxtb16 r12, lr
    smlad r3, lr, \x, r3
    smlad r2, r12, \x, r2
    .endm

/* 4 values of 4 rows: 16 multiply-accumulates, 16 instructions. */
    .macro GROUP_s4
    ldm.w r0!, {r6, r7}
    ldm.w r1!, {r8, r9}
    NUMBERS r8, r6
    NUMBERS r9, r7
    .endm

/* The same: 18 instructions; r10 0x33333333. */
    .macro GROUP_s2
    ldm.w r0!, {r6, r7}
    ldr.w r8, [r1], #4
    and.w r9, r10, r8
    NUMBERS r9, r6
    and.w r9, r10, r8, lsr #2
    NUMBERS r9, r7
    .endm

    .equ GROUP_BYTES_s4, 64
    .equ GROUP_BYTES_s2, 72

/* What \sum has too much: sum(x) in r5 times a number. */
    .macro TOO_MUCH place, factor
    movw r6, #\factor
    mul r6, r5, r6
    str r6, [sp, #SURPLUS + 4 * \place]
    .endm

/* r0 wide, r1 stream, r2-r5 sums L2 F2 L1 F1 (r3 F2, r4 L1), r6 r7 values, r8 r9 numbers, r11 end of
 * wide. */
    .macro ROWS name, bits, channels
    .section .text.\name\bits, "ax", %progbits
    .balign 4
    .global \name\bits
    .type \name\bits, %function
\name\bits:
    push {r4-r11, lr}
    sub sp, sp, #PIECES_FRAME
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
    add r11, r1, r5, lsl #3
    rsb r5, r5, #0
    and r5, r5, #3
    mov r6, #GROUP_BYTES\bits
    adr r3, 2f
    mla r3, r5, r6, r3
    orr r3, r3, #1
    str r3, [sp, #ENTRY]
    mov r0, r1
    mov r1, r2
    mov r5, #0
    mov r10, #0x00010001
6:
    ldm.w r0!, {r6, r7}
    smlad r5, r10, r6, r5
    smlad r5, r10, r7, r5
    cmp r0, r11
    bne 6b
    .ifc \bits, _s4
    TOO_MUCH 0, 0x0008
    TOO_MUCH 1, 0x0808
    TOO_MUCH 2, 0x0088
    TOO_MUCH 3, 0x0888
    .else
    TOO_MUCH 0, 0x0002
    TOO_MUCH 1, 0x0202
    TOO_MUCH 2, 0x0022
    TOO_MUCH 3, 0x2222
    .endif
1:
    ldm r1!, {r2, r3, r4, r5}
    add r12, sp, #SURPLUS
    ldm r12, {r6, r7, r8, r9}
    sub r2, r2, r6
    sub r3, r3, r7
    sub r4, r4, r8
    sub r5, r5, r9
    .ifc \bits, _s2
    mov r10, #0x33333333
    .endif
    ldr r0, [sp, #WIDE]
    ldr pc, [sp, #ENTRY]
    .balign 4
2:
    GROUP\bits
    GROUP\bits
    GROUP\bits
    GROUP\bits
    cmp r0, r11
    bne.w 2b
    sub r5, r5, r4
    sub r3, r3, r2
    sub r4, r4, r2
    sub r5, r5, r3
    lsl r2, r2, #8
    lsl r4, r4, #4
    asr r5, r5, #4
    str r11, [sp, #END]
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
    ldr r11, [sp, #END]
    bne.w 1b
    b 4f
3:
    cmp r12, #2
    blo 4f
    strb r3, [r11], #1
    beq 4f
    strb r4, [r11], #1
4:
    add sp, sp, #PIECES_FRAME
    pop {r4-r11, pc}
    .size \name\bits, . - \name\bits
    .endm

    ROWS ep_pieces_rows, _s4, 0
    ROWS ep_pieces_channels, _s4, 1
    ROWS ep_pieces_twice, _s4, 2
    ROWS ep_pieces_rows, _s2, 0
    ROWS ep_pieces_channels, _s2, 1
    ROWS ep_pieces_twice, _s2, 2
