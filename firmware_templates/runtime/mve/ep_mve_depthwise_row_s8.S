/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_depthwise_row_s8: one window, 16 channels at a time.
 *
 *   r0 r8    inputs under the window, step        r1 r2   outputs, step
 *   r3 r4 r5 weights of lines 0, 1, 2             r6 r7   tables, biases
 *   r9       after the first rounding             r10     the parameters
 *   r11      groups left                          r12     zero point of y
 *   lr       windows left
 *   q0-q3 sums, q4 inputs, q5 weights, q6 q7 sums of two products as int16, even and odd channels
 *
 * 9 products of 16 channels take 82 instructions, scaling and the loop 38, 8 more with signs. Three
 * products in an int16 would save 12, but weights scaled channel by channel hardly ever allow it
 * for 16 channels at once. VMULLB and VMULLT give products of even and odd channels,
 * VMOVLB and VMOVLT widen them, which makes the lane order; VQMOVNB and VQMOVNT undo it.
 * Exact as ep_mve_pixels_s8 is. */
    .syntax unified
    .thumb

    .macro load line, column, weights
    vldrw.u32 q4, [r0, #48 * \column + 16 * \line]
    vldrw.u32 q5, [\weights, #16 * \column]
    .endm

    /* the products of a tap, alone */
    .macro begin line, column, weights, even, odd
    load \line, \column, \weights
    vmullb.s8 q\even, q4, q5
    vmullt.s8 q\odd, q4, q5
    .endm

    /* added to others, with a register to spare */
    .macro tap line, column, weights, even, odd, spare
    load \line, \column, \weights
    vmullb.s8 q\spare, q4, q5
    vmullt.s8 q4, q4, q5
    vadd.i16 q\even, q\even, q\spare
    vadd.i16 q\odd, q\odd, q4
    .endm

    /* without one */
    .macro tight_tap line, column, weights, even, odd
    load \line, \column, \weights
    vmullb.s8 q5, q4, q5
    vadd.i16 q\even, q\even, q5
    vldrw.u32 q5, [\weights, #16 * \column]
    vmullt.s8 q4, q4, q5
    vadd.i16 q\odd, q\odd, q4
    .endm

    /* sum += half of more */
    .macro widen_add half, sum, spare, more
    vmovl\half\().s16 q\spare, q\more
    vadd.i32 q\sum, q\sum, q\spare
    .endm

    /* q0-q3 += q6 and q7 */
    .macro widen_all
    widen_add b, 0, 4, 6
    widen_add t, 1, 4, 6
    widen_add b, 2, 4, 7
    widen_add t, 3, 4, 7
    .endm

    .macro first_rounding sum, spare, place
    vldrw.u32 q\spare, [r7, #16 * \place]
    vadd.i32 q\sum, q\sum, q\spare
    vldrw.u32 q\spare, [r6, #16 * \place]
    vqrdmulh.s32 q\sum, q\sum, q\spare
    .endm

    .macro add_sign sum, spare
    vshr.s32 q\spare, q\sum, #31
    vadd.i32 q\sum, q\sum, q\spare
    .endm

    .macro second_rounding sum, spare, place
    vldrb.s32 q\spare, [r6, #64 + 4 * \place]
    vrshl.s32 q\sum, q\sum, q\spare
    .endm

    .macro first_roundings a, b, c, d, spare
    first_rounding \a, \spare, 0
    first_rounding \b, \spare, 1
    first_rounding \c, \spare, 2
    first_rounding \d, \spare, 3
    bx r9
    .endm

    .macro add_signs a, b, c, d, spare
    add_sign \a, \spare
    add_sign \b, \spare
    add_sign \c, \spare
    add_sign \d, \spare
    .endm

    .macro store a, b, c, d, spare
    second_rounding \a, \spare, 0
    second_rounding \b, \spare, 1
    second_rounding \c, \spare, 2
    second_rounding \d, \spare, 3
    vqmovnb.s32 q\a, q\a
    vqmovnt.s32 q\a, q\b
    vqmovnb.s32 q\c, q\c
    vqmovnt.s32 q\c, q\d
    vqadd.s16 q\a, q\a, r12
    vqadd.s16 q\c, q\c, r12
    vqmovnb.s16 q\a, q\a
    vqmovnt.s16 q\a, q\c
    vpst
    vstrbt.8 q\a, [r1]
    add r1, r2
    add r0, r8
    .endm

    /* the Thumb address of a label */
    .macro address register, label
    adr.w \register, \label
    orr \register, \register, #1
    .endm

    .section .text.ep_mve_depthwise_row_s8, "ax", %progbits
    .balign 4
    .global ep_mve_depthwise_row_s8
    .type ep_mve_depthwise_row_s8, %function
ep_mve_depthwise_row_s8:
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, #20                     /* x, y, w, tables of the next group */
    mov r10, r0
    ldr r11, [r10, #32]
    ldr r12, [r10, #44]
    ldr r1, [r10, #36]
    vctp.8 r1
    ldr r0, [r10]
    ldr r1, [r10, #20]
    ldrd r2, r3, [r10, #12]
    strd r0, r1, [sp]
    strd r2, r3, [sp, #8]
    ldr r2, [r10, #24]
    ldr r8, [r10, #8]

.Lgroup:
    ldrd r0, r1, [sp]
    ldr r3, [r10, #4]
    add r4, r0, r3
    add r5, r1, #16
    strd r4, r5, [sp]
    ldrd r3, r6, [sp, #8]
    add r7, r3, #144
    add r4, r3, #208
    add r5, r6, #80
    strd r4, r5, [sp, #8]
    add r4, r3, #48
    add r5, r3, #96
    ldr r9, [r10, #40]
    cmp r9, #1
    blt .Lturned
    beq .Lonce
    mov r9, r3                      /* the window's lines 1 2 0 */
    mov r3, r4
    mov r4, r5
    mov r5, r9
    b .Lturned
.Lonce:                             /* 2 0 1 */
    mov r9, r5
    mov r5, r4
    mov r4, r3
    mov r3, r9
.Lturned:
    ldr lr, [r10, #48]
    address r9, .Lstore
    cmp lr, #0
    beq .Lready
    address r9, .Lsigns
.Lready:
    ldr lr, [r10, #28]
    dls lr, lr
.Lwindow:
    begin 0, 0, r3, 6, 7
    tap 0, 1, r3, 6, 7, 0
    begin 0, 2, r3, 2, 3
    tap 1, 0, r4, 2, 3, 0
    vmovlb.s16 q0, q6
    vmovlt.s16 q1, q6
    widen_add b, 0, 4, 2
    widen_add t, 1, 4, 2
    vmovlb.s16 q2, q3
    vmovlt.s16 q3, q3
    widen_add b, 2, 4, 7
    widen_add t, 3, 4, 7
    begin 1, 1, r4, 6, 7
    tight_tap 1, 2, r4, 6, 7
    widen_all
    begin 2, 0, r5, 6, 7
    tight_tap 2, 1, r5, 6, 7
    widen_all
    begin 2, 2, r5, 6, 7
    widen_all
    first_roundings 0, 1, 2, 3, 4
.Lsigns:
    add_signs 0, 1, 2, 3, 4
.Lstore:
    store 0, 1, 2, 3, 4
    le lr, .Lwindow
    subs r11, #1
    bne .Lgroup
    add sp, #20
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size ep_mve_depthwise_row_s8, . - ep_mve_depthwise_row_s8
