/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_pixels_s2.h. As many instructions a step as bytes of their own take.
 *
 * Why it is exact: with 64 d + 16 c + 4 b + a in a byte, shifts to the left within it leave
 * 64 c + 16 b + 4 a, then 64 b + 16 a, then 64 a. Each sum of these is 64 times an output's and a quarter of
 * the next one's. */
    .syntax unified
    .thumb

    .macro row kind, first, second, w, x0, x1
    \kind\().s8 \first, q\w, q\x0
    \kind\().s8 \second, q\w, q\x1
    .endm

    .macro rows kind, w0, w1, x0, x1
    vldrb.u8 q\w0, [r11], #16
    vshl.i8 q\w1, q\w0, #2
    row \kind, r6, r14, \w0, \x0, \x1
    vshl.i8 q\w0, q\w0, #4
    row \kind, r4, r12, \w1, \x0, \x1
    vshl.i8 q\w1, q\w1, #4
    row \kind, r2, r10, \w0, \x0, \x1
    row \kind, r0, r8, \w1, \x0, \x1
    .endm

    .macro untie
    sub r6, r6, r4, asr #2
    sub r4, r4, r2, asr #2
    sub r2, r2, r0, asr #2
    sub r14, r14, r12, asr #2
    sub r12, r12, r10, asr #2
    sub r10, r10, r8, asr #2
    .endm

    .macro scaled_down first, second
    vshr.s32 q\first, q\first, #6
    vshr.s32 q\second, q\second, #6
    .endm

#include "ep_mve_pixels.inc"

    PIXELS ep_mve_pixels_s2
