/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_chain_s2.h. 64 multiply-accumulates take 37 instructions. */
    .syntax unified
    .thumb

    .equ BITS, 2
    .equ MASK, 0x00030003
    .equ OFFSET_BITS, 1
    .equ TURN_GROUPS, 2
    .equ TURN_BYTES, 148

#include "ep_chain_narrow.inc"

    NARROW_ROWS ep_chain_rows_s2
