/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_rows_s2.h. Why it is exact: ep_mve_pixels_s2.S. */
    .syntax unified
    .thumb

    .macro four kind, a, b, c, d
    vldrb.u8 q0, [r11], #16
    vshl.i8 q1, q0, #2
    \kind\().s8 \d, q0, q2
    vshl.i8 q0, q0, #4
    \kind\().s8 \c, q1, q2
    vshl.i8 q1, q1, #4
    \kind\().s8 \b, q0, q2
    \kind\().s8 \a, q1, q2
    .endm

    .macro step kind
    vldrb.u8 q2, [r9], #16
    four \kind, r0, r2, r4, r6
    four \kind, r8, r10, r12, r14
    .endm

    .macro untie
    sub r6, r6, r4, asr #2
    sub r4, r4, r2, asr #2
    sub r2, r2, r0, asr #2
    sub r14, r14, r12, asr #2
    sub r12, r12, r10, asr #2
    sub r10, r10, r8, asr #2
    .endm

    .macro scaled_down
    vshr.s32 q0, q0, #6
    vshr.s32 q1, q1, #6
    .endm

#include "ep_mve_rows.inc"

    ROWS ep_mve_rows_s2
