/* SPDX-License-Identifier: MIT-0 */
/* Contract: ep_mve_pixels_s8.h. */
    .syntax unified
    .thumb

    /* one row of weights for both pixels */
    .macro row kind, first, second, w, x0, x1
    vldrb.u8 q\w, [r11], #16
    \kind\().s8 \first, q\w, q\x0
    \kind\().s8 \second, q\w, q\x1
    .endm

    .macro rows kind, w0, w1, x0, x1
    row \kind, r0, r8, \w0, \x0, \x1
    row \kind, r2, r10, \w1, \x0, \x1
    row \kind, r4, r12, \w0, \x0, \x1
    row \kind, r6, r14, \w1, \x0, \x1
    .endm

    .macro untie
    .endm

    .macro scaled_down first, second
    .endm

#include "ep_mve_pixels.inc"

    PIXELS ep_mve_pixels_s8
