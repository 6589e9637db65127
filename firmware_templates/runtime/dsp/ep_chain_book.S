/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_chain_book.h. A pair of weights takes two loads in the place of one SXTB16. */
    .syntax unified
    .thumb

    .equ GROUP_BYTES, 88
    .equ TABLE_BYTES, 1024

#define TWICE_BITS 7
#include "ep_chain_rows.inc"

    .purgem GROUP
    .purgem FIRST

/* A pair of weights of an output: r11 the table. */
    .macro PAIR
    ldrb.w r12, [r1], #1
    ldr.w lr, [r11, r12, lsl #2]
    .endm

/* Two values of two outputs and 4 pixels. */
    .macro TWO x, y, z
    ldm.w r0!, {r8, r9, r10}
    PAIR
    smlad r2, lr, \x, r2
    smlad r3, lr, \y, r3
    smlad r4, lr, \z, r4
    PAIR
    smlad r5, lr, \x, r5
    smlad r6, lr, \y, r6
    smlad r7, lr, \z, r7
    .endm

/* 4 values of 2 outputs and 4 pixels: 32 multiply-accumulates, 22 instructions. */
    .macro GROUP
    TWO r8, r9, r10
    TWO r10, r8, r9
    .endm

/* The first one of them: r2 and r5 are what the sums begin with. */
    .macro FIRST
    sub.w r11, r0, #TABLE_BYTES
    ldm.w r0!, {r8, r9, r10}
    PAIR
    smlad r4, lr, r10, r2
    smlad r3, lr, r9, r2
    smlad r2, lr, r8, r2
    PAIR
    smlad r7, lr, r10, r5
    smlad r6, lr, r9, r5
    smlad r5, lr, r8, r5
    TWO r10, r8, r9
    .endm

    ROWS ep_chain_rows_book
