/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_chain.h. Cores with the DSP extension; SMLAD wraps, which is what is wanted.
 *
 * Why four sums come out of three: with A, B, C, D the sums of pixels 0 to 3, the accumulators hold
 * D1 = 256 B + A, D2 = 256 C + B, D3 = 256 D + C modulo 2^32. So D2 - 256 D3 is B modulo 2^16,
 * D1 - 256 of that is A modulo 2^24, and |A| < 2^23 makes it A; then B, C and D follow. The low byte
 * of a half is x + 128, so that every half fits 16 bits; 128 * sum(w) is taken off beforehand.
 *
 * Why two roundings are exact in one: with a = 256 * sum, h = floor(a * mantissa / 2^32) holds 7 bits
 * more than TFLite's first rounding, floor((h + 64) / 128). The second one adds half of 2^shift, less
 * one below zero, which is 128 here; nested floors make that one shift.
 */
    .syntax unified
    .thumb

/* 4 values of 4 rows: 20 instructions. r2 chained, r3-r6 rows, r7-r10 four values each,
 * r11 0x80808080, r0 r1 r7 and r8 r9 r12 the words; GE selects bytes 1 and 3. */
    .macro WIDEN
    ldr r7, [r3], #4
    ldr r8, [r4], #4
    ldr r9, [r5], #4
    ldr r10, [r6], #4
    CHAIN
    .endm

    .macro CHAIN
    eor r7, r7, r11
    lsl r0, r8, #8
    sel r0, r0, r7
    lsr r7, r7, #8
    sel r12, r8, r7
    eor r8, r8, r11
    lsl r1, r9, #8
    sel r1, r1, r8
    lsr r8, r8, #8
    sel r8, r9, r8
    eor r9, r9, r11
    lsl r7, r10, #8
    sel r7, r7, r9
    lsr r9, r9, #8
    sel r9, r10, r9
    stm r2!, {r0, r1, r7, r8, r9, r12}
    .endm

    .macro SELECT_ODD_BYTES
    mov r11, #0xFF00FF00
    uadd8 r11, r11, r11
    mov r11, #0x80808080
    .endm

    .section .text.ep_chain_widen, "ax", %progbits
    .balign 4
    .global ep_chain_widen
    .type ep_chain_widen, %function
/* lr end of row 0. */
ep_chain_widen:
    push {r4-r11, lr}
    ldm r0, {r3-r6}
    add lr, r3, r1, lsl #2
    SELECT_ODD_BYTES
1:
    WIDEN
    cmp r3, lr
    bne 1b
    mov r0, r2
    pop {r4-r11, pc}
    .size ep_chain_widen, . - ep_chain_widen

    .section .text.ep_chain_window, "ax", %progbits
    .balign 4
    .global ep_chain_window
    .type ep_chain_window, %function
/* lr end of row 0's line; stack: lines left, bytes of a line, from a line to the next. */
ep_chain_window:
    push {r4-r11, lr}
    sub sp, sp, #12
    ldm r1, {r4, r5, r7}
    lsl r4, r4, #2
    str r5, [sp, #0]
    str r4, [sp, #4]
    str r7, [sp, #8]
    add lr, r4, #0
    ldm r0, {r3-r6}
    add lr, lr, r3
    SELECT_ODD_BYTES
1:
    WIDEN
    cmp r3, lr
    bne 1b
    ldr r0, [sp, #4]
    ldr r1, [sp, #8]
    ldr r7, [sp, #0]
    add lr, lr, r1
    sub r1, r1, r0
    add r3, r3, r1
    add r4, r4, r1
    add r5, r5, r1
    add r6, r6, r1
    subs r7, r7, #1
    str r7, [sp, #0]
    bne 1b
    mov r0, r2
    add sp, sp, #12
    pop {r4-r11, pc}
    .size ep_chain_window, . - ep_chain_window

    .section .text.ep_chain_rests, "ax", %progbits
    .balign 4
    .global ep_chain_rests
    .type ep_chain_rests, %function
/* r0 rows, r2 values of a line, r3 copies, r4 where they begin in a line, r5 lines, r6 pitch,
 * r7 bytes of a copy, r8 rows left, r9 line, r12 its copy, lr lines left. */
ep_chain_rests:
    push {r4-r9, lr}
    ldm r1, {r4, r5, r6}
    lsl r4, r4, #2
    mul r7, r5, r2
    add r7, r7, #3
    bic r7, r7, #3
    ldr r8, [sp, #28]
1:
    ldr r9, [r0], #4
    mov r12, r3
    mov lr, r5
    add r9, r9, r4
2:
    ldrb r1, [r9]
    strb r1, [r12], #1
    cmp r2, #2
    blo 3f
    ldrb r1, [r9, #1]
    strb r1, [r12], #1
    beq 3f
    ldrb r1, [r9, #2]
    strb r1, [r12], #1
3:
    add r9, r9, r6
    subs lr, lr, #1
    bne 2b
    add r3, r3, r7
    subs r8, r8, #1
    bne 1b
    pop {r4-r9, pc}
    .size ep_chain_rests, . - ep_chain_rests

/* A row's three values of as many lines to one word. r4 where they begin, r6 pitch. */
    .macro THREE row
    add \row, \row, r4
    ldrb r0, [\row, r6]
    ldrb r1, [\row, r6, lsl #1]
    ldrb \row, [\row]
    orr \row, \row, r0, lsl #8
    orr \row, \row, r1, lsl #16
    .endm

    .section .text.ep_chain_three, "ax", %progbits
    .balign 4
    .global ep_chain_three
    .type ep_chain_three, %function
ep_chain_three:
    push {r4-r11, lr}
    ldm r1, {r4, r5, r6}
    lsl r4, r4, #2
    ldm r0, {r7, r8, r9, r10}
    THREE r7
    THREE r8
    THREE r9
    THREE r10
    SELECT_ODD_BYTES
    CHAIN
    pop {r4-r11, pc}
    .size ep_chain_three, . - ep_chain_three

    .section .text.ep_chain_move, "ax", %progbits
    .balign 4
    .global ep_chain_move
    .type ep_chain_move, %function
/* r0 to, r1 from, r2 words left; 4 instructions for 8 words. */
ep_chain_move:
    push {r4-r10, lr}
    subs r2, r2, #8
    blo 2f
1:
    ldm r1!, {r3-r10}
    subs r2, r2, #8
    stm r0!, {r3-r10}
    bhs 1b
2:
    adds r2, r2, #8
    beq 4f
3:
    ldr r3, [r1], #4
    subs r2, r2, #1
    str r3, [r0], #4
    bne 3b
4:
    pop {r4-r10, pc}
    .size ep_chain_move, . - ep_chain_move

    .equ GROUP_BYTES, 76

    .macro WEIGHTS
    ldm r1!, {r11, r12}
    .endm

#define TWICE_BITS 7
#include "ep_chain_rows.inc"

    ROWS ep_chain_rows
