/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_planar_line_s8: four windows of a channel in 19 instructions, 21 with signs.
 *
 *   r0 r1        inputs, outputs               r2 r4 r6 r8   sums
 *   r3 r5 r7     minus the shift, multiplier, bias           r9    zero point of y
 *   r10          from four outputs to the next four          r11   the parameters
 *   r12          channels left                 lr            fours of windows left
 *   q0 weights, q1 q2 inputs, q3 results, q4 offsets of four outputs, q5 where the weights are
 *
 * The three lines of a column lie side by side, so a window is 9 bytes in a row: one load and one
 * VMLADAV, whose other 7 weights are 0. Lines go round, so the weights are picked in their order.
 * The last windows, where they are not four, are done with some of those before once more.
 * Exact as ep_mve_pixels_s8 is. */
    .syntax unified
    .thumb

    .set X, 0
    .set Y, 4
    .set W, 8
    .set BIAS, 12
    .set TABLES, 16
    .set LOOP, 20
    .set FRAME, 28

    .macro loop name, step, signs
    .balign 4
\name:
    vldrb.u8 q1, [r0, #\step]
    vldrb.u8 q2, [r0, #2 * \step]
    vmladav.s8 r4, q1, q0
    vldrb.u8 q1, [r0, #3 * \step]
    vmladav.s8 r6, q2, q0
    vldrb.u8 q2, [r0], #4 * \step
    vmladav.s8 r8, q1, q0
    vmladav.s8 r2, q2, q0
    vmov q3[2], q3[0], r2, r6
    vmov q3[3], q3[1], r4, r8
    vadd.i32 q3, q3, r7
    vqrdmulh.s32 q3, q3, r5
    .if \signs
    vshr.s32 q1, q3, #31
    vadd.i32 q3, q3, q1
    .endif
    vrshl.s32 q3, r3
    vqmovnb.s32 q3, q3
    vqadd.s16 q3, q3, r9
    vqmovnb.s16 q3, q3
    vstrb.32 q3, [r1, q4]
    add r1, r10
    le lr, \name
    b .Lended
    .endm

    .section .text.ep_mve_planar_line_s8, "ax", %progbits
    .balign 4
    .global ep_mve_planar_line_s8
    .type ep_mve_planar_line_s8, %function
ep_mve_planar_line_s8:
    push {r4-r11, lr}
    vpush {d8-d11}
    sub sp, #FRAME
    mov r11, r0
    ldr r1, [r11, #0]
    ldrd r2, r12, [r11, #8]         /* y, channels */
    strd r1, r2, [sp, #X]
    ldrd r1, r2, [r11, #36]
    ldr r3, [r11, #44]
    strd r1, r2, [sp, #W]
    str r3, [sp, #TABLES]
    lsl r10, r12, #2
    movs r2, #0
    vidup.u32 q4, r2, #1
    vmul.i32 q4, q4, r12
    adr.w r2, .Lorders
    ldrd r1, r9, [r11, #24]         /* turn, zero */
    add r2, r2, r1, lsl #4
    vldrb.u8 q5, [r2]
    ldr r1, [r11, #20]              /* stride */
    ldr r2, [r11, #32]              /* signs */
    adr.w r3, .Lloops
    cmp r2, #0
    it ne
    addne r3, r3, #8
    subs r1, #1
    ldr r2, [r3, r1, lsl #2]
    add r2, r2, r3
    orr r2, r2, #1                  /* Thumb */
    str r2, [sp, #LOOP]
    movs r1, #9
    vctp.8 r1

.Lchannel:
    ldrd r0, r1, [sp, #X]
    ldr r2, [r11, #4]
    add r3, r1, #1
    add r2, r0
    strd r2, r3, [sp, #X]
    ldrd r2, r4, [sp, #W]
    vpst
    vldrbt.u8 q0, [r2, q5]
    adds r2, #9
    ldr r7, [r4], #4
    strd r2, r4, [sp, #W]
    ldr r2, [sp, #TABLES]
    ldrd r5, r3, [r2], #8
    str r2, [sp, #TABLES]
    ldr r2, [r11, #16]
    lsr lr, r2, #2
    dls lr, lr
    ldr pc, [sp, #LOOP]
.Lended:
    ldr r2, [r11, #16]
    ands r2, r2, #3
    beq .Lnext
    ldr r4, [sp, #Y]                /* of the next channel: how far this one is */
    ldr r6, [r11, #16]
    mul r6, r6, r10
    add r4, r4, r6, lsr #2
    subs r4, #1
    cmp r1, r4
    bhs .Lnext                      /* once is enough */
    rsb r2, r2, #4
    ldr r4, [r11, #20]
    mul r4, r4, r2
    add r4, r4, r4, lsl #1
    sub r0, r0, r4
    lsr r4, r10, #2
    mls r1, r2, r4, r1
    mov lr, #1
    dls lr, lr
    ldr pc, [sp, #LOOP]
.Lnext:
    subs r12, #1
    bne .Lchannel
    add sp, #FRAME
    vpop {d8-d11}
    pop {r4-r11, pc}

    .balign 4
.Lloops:                            /* by signs and stride */
    .word .Lone - .Lloops, .Ltwo - .Lloops
    .word .Lsigned_one - .Lloops - 8, .Lsigned_two - .Lloops - 8
.Lorders:                           /* which weight meets a byte of a window, by turn */
    .byte 0, 3, 6, 1, 4, 7, 2, 5, 8, 0, 0, 0, 0, 0, 0, 0
    .byte 6, 0, 3, 7, 1, 4, 8, 2, 5, 0, 0, 0, 0, 0, 0, 0
    .byte 3, 6, 0, 4, 7, 1, 5, 8, 2, 0, 0, 0, 0, 0, 0, 0
    loop .Lone, 3, 0
    loop .Ltwo, 6, 0
    loop .Lsigned_one, 3, 1
    loop .Lsigned_two, 6, 1
    .size ep_mve_planar_line_s8, . - ep_mve_planar_line_s8
