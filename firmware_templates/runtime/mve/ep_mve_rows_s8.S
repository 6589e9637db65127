/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_rows_s8.h. */
    .syntax unified
    .thumb

    .macro step kind
    vldrb.u8 q2, [r9], #16
    vldrb.u8 q0, [r11], #16
    \kind\().s8 r0, q0, q2
    vldrb.u8 q1, [r11], #16
    \kind\().s8 r2, q1, q2
    vldrb.u8 q0, [r11], #16
    \kind\().s8 r4, q0, q2
    vldrb.u8 q1, [r11], #16
    \kind\().s8 r6, q1, q2
    vldrb.u8 q0, [r11], #16
    \kind\().s8 r8, q0, q2
    vldrb.u8 q1, [r11], #16
    \kind\().s8 r10, q1, q2
    vldrb.u8 q0, [r11], #16
    \kind\().s8 r12, q0, q2
    vldrb.u8 q1, [r11], #16
    \kind\().s8 r14, q1, q2
    .endm

    .macro untie
    .endm

    .macro scaled_down
    .endm

#include "ep_mve_rows.inc"

    ROWS ep_mve_rows_s8
