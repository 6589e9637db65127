/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_pixels_s4.h. As many instructions a step as bytes of their own take.
 *
 * Why it is exact: with 16 b + a in a byte, its sum of products is 16 B + A; shifted left by 4 within
 * the byte it is 16 a, whose sum is 16 A. So 16 B = 16 B + A - 16 A / 16. */
    .syntax unified
    .thumb

    /* two rows of weights for both pixels */
    .macro pair kind, first, second, first_high, second_high, w, v, x0, x1
    vldrb.u8 q\w, [r11], #16
    vshl.i8 q\v, q\w, #4
    \kind\().s8 \first_high, q\w, q\x0
    \kind\().s8 \second_high, q\w, q\x1
    \kind\().s8 \first, q\v, q\x0
    \kind\().s8 \second, q\v, q\x1
    .endm

    .macro rows kind, w0, w1, x0, x1
    pair \kind, r0, r8, r2, r10, \w0, \w1, \x0, \x1
    pair \kind, r4, r12, r6, r14, \w0, \w1, \x0, \x1
    .endm

    .macro untie
    sub r2, r2, r0, asr #4
    sub r6, r6, r4, asr #4
    sub r10, r10, r8, asr #4
    sub r14, r14, r12, asr #4
    .endm

    .macro scaled_down first, second
    vshr.s32 q\first, q\first, #4
    vshr.s32 q\second, q\second, #4
    .endm

#include "ep_mve_pixels.inc"

    PIXELS ep_mve_pixels_s4
