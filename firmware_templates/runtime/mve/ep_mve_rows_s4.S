/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_rows_s4.h. Why it is exact: ep_mve_pixels_s4.S. */
    .syntax unified
    .thumb

    .macro pair kind, low, high
    vldrb.u8 q0, [r11], #16
    vshl.i8 q1, q0, #4
    \kind\().s8 \high, q0, q2
    \kind\().s8 \low, q1, q2
    .endm

    .macro step kind
    vldrb.u8 q2, [r9], #16
    pair \kind, r0, r2
    pair \kind, r4, r6
    pair \kind, r8, r10
    pair \kind, r12, r14
    .endm

    .macro untie
    sub r2, r2, r0, asr #4
    sub r6, r6, r4, asr #4
    sub r10, r10, r8, asr #4
    sub r14, r14, r12, asr #4
    .endm

    .macro scaled_down
    vshr.s32 q0, q0, #4
    vshr.s32 q1, q1, #4
    .endm

#include "ep_mve_rows.inc"

    ROWS ep_mve_rows_s4
