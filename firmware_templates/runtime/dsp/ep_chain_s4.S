/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_chain_s4.h. The halves of a byte are read in place, as the upper ones: each is 16
 * times a weight. 32 multiply-accumulates take 22 instructions. */
    .syntax unified
    .thumb

    .equ GROUP_BYTES, 88

    .macro WEIGHTS
    ldr.w r12, [r1], #4
    and.w r11, r12, #0xF0F0F0F0
    lsl.w r12, r12, #4
    and.w r12, r12, #0xF0F0F0F0
    .endm

#define TWICE_BITS 11
#include "ep_chain_rows.inc"

    ROWS ep_chain_rows_s4
