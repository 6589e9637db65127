/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_chain_s4.h. 32 multiply-accumulates take 19 instructions. */
    .syntax unified
    .thumb

    .equ BITS, 4
    .equ MASK, 0x000F000F
    .equ OFFSET_BITS, 3
    .equ TURN_GROUPS, 1
    .equ TURN_BYTES, 76

#include "ep_chain_narrow.inc"

    NARROW_ROWS ep_chain_rows_s4
