/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_pixels_s8: two pixels and four outputs at a time.
 *
 *   r0 r2 r4 r6      sums of the first pixel, spare between blocks
 *   r8 r10 r12 r14   sums of the second pixel
 *   r11 r1           weights with biases, tables
 *   r5               outputs of the first pixel
 *   q7               zero point of y, 8 times
 *
 *   up to 4 steps    r3 outputs of the second pixel, r9 its inputs, r7 where the blocks end;
 *                    q0-q3 inputs of the first pixel, q4 q5 weights, q6 inputs of the second one
 *   more             r3 r9 inputs of both, r7 where the first one's end;
 *                    q0 q1 weights, q2 q3 inputs
 *
 * A step is 128 products in 13 or 14 instructions: weights loaded once serve two pixels, inputs
 * four outputs. Steps after the first are unrolled and entered so that they end with the last one.
 * Scaling takes 24 or 29 instructions for 8 outputs, the loop's included, and 4 more with signs.
 * Exact: VQRDMULH is TFLite's first rounding; VRSHL is the second one but for ties of negative
 * numbers, which adding the sign beforehand sets right. */
    .syntax unified
    .thumb

    .set ENTRY, 0     /* where the steps after the first are entered */
    .set SIGNS, 4     /* where a block goes on after the first rounding */
    .set BLOCK, 8     /* where a block begins */
    .set END, 12      /* where the blocks of a pixel end in y */
    .set ACROSS, 16   /* from the first pixel's outputs to the second one's */
    .set X0, 20
    .set X1, 24
    .set WEIGHTS, 28
    .set TABLES, 32
    .set LEFT, 36     /* pixels */
    .set Y, 40
    .set STEPS, 44
    .set DEPTH, 48
    .set OUTPUTS, 52
    .set QUICK, 56    /* pairs that follow without a look at the frame, with up to 4 steps */
    .set LOAD, 60     /* where the inputs of a first pixel are loaded */
    .set FRAME, 68
    .set SAVED, 36 + 64

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

    .macro held_step kind, number
    vldrb.u8 q6, [r9, #16 * \number]
    rows \kind, 4, 5, \number, 6
    .endm

    .macro step kind
    vldrb.u8 q2, [r3], #16
    vldrb.u8 q3, [r9], #16
    rows \kind, 0, 1, 2, 3
    .endm

    /* sums of both pixels to lanes */
    .macro gather first, second
    vmov q\first[2], q\first[0], r0, r4
    vmov q\first[3], q\first[1], r2, r6
    vmov q\second[2], q\second[0], r8, r12
    vmov q\second[3], q\second[1], r10, r14
    .endm

    .macro first_rounding first, second, spare
    vldrw.u32 q\spare, [r11], #16
    vadd.i32 q\first, q\first, q\spare
    vadd.i32 q\second, q\second, q\spare
    vldrw.u32 q\spare, [r1], #16
    vqrdmulh.s32 q\first, q\first, q\spare
    vqrdmulh.s32 q\second, q\second, q\spare
    ldr pc, [sp, #SIGNS]
    .endm

    .macro add_signs first, second, spare
    vshr.s32 q\spare, q\first, #31
    vadd.i32 q\first, q\first, q\spare
    vshr.s32 q\spare, q\second, #31
    vadd.i32 q\second, q\second, q\spare
    .endm

    /* bytes of the first pixel at the bottom of q first's words, of the second one in q second */
    .macro second_rounding first, second, spare
    vldrb.s32 q\spare, [r1], #4
    vrshl.s32 q\first, q\first, q\spare
    vrshl.s32 q\second, q\second, q\spare
    vqmovnb.s32 q\first, q\first
    vqmovnt.s32 q\first, q\second
    vqadd.s16 q\first, q\first, q7
    vqmovnb.s16 q\first, q\first
    vshr.u32 q\second, q\first, #16
    .endm

    /* the Thumb address of a label, plus r register */
    .macro address register, label
    adr.w \register, \label
    orr \register, \register, #1
    .endm

    .section .text.ep_mve_pixels_s8, "ax", %progbits
    .balign 4
    .global ep_mve_pixels_s8
    .type ep_mve_pixels_s8, %function
ep_mve_pixels_s8:
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, #FRAME
    ldr r4, [sp, #FRAME + SAVED]
    ldr r5, [sp, #FRAME + SAVED + 4]
    strd r3, r4, [sp, #WEIGHTS]
    strd r1, r5, [sp, #LEFT]
    str r2, [sp, #X0]
    ldrd r4, r5, [r0]
    ldr r6, [r0, #8]
    ldrsh r7, [r0, #12]
    ldrsb r8, [r0, #14]
    strd r4, r5, [sp, #STEPS]
    str r6, [sp, #OUTPUTS]
    vdup.16 q7, r7
    cmp r4, #4
    bgt .Lmany
    address r1, .Lheld_block
    address r2, .Lheld_scale
    movs r3, #52                    /* bytes of a step */
    subs r4, #1
    mls r2, r4, r3, r2
    address r5, .Lload
    sub r5, r5, r4, lsl #2
    str r5, [sp, #LOAD]
    address r3, .Lheld_shift
    cmp r8, #0
    beq .Lready
    address r3, .Lheld_signs
    b .Lready
.Lmany:
    address r1, .Lblock
    address r2, .Lcheck
    subs r4, #2                     /* 1 to 8 steps, then whole rounds of 8 */
    and r4, r4, #7
    adds r4, #1
    movs r3, #56
    mls r2, r4, r3, r2
    address r3, .Lshift
    cmp r8, #0
    beq .Lready
    address r3, .Lsigns
.Lready:
    strd r2, r3, [sp, #ENTRY]
    str r1, [sp, #BLOCK]
    movs r0, #4
    vctp.32 r0

.Lpair:
    ldrd r0, r5, [sp, #LEFT]        /* and y */
    ldr r9, [sp, #X0]
    ldrd r4, r6, [sp, #STEPS]       /* and depth */
    ldr r8, [sp, #OUTPUTS]
    bic r7, r8, #3
    add r7, r5
    str r7, [sp, #END]
    cmp r0, #1                      /* a last pixel alone is done twice */
    itt eq
    moveq r6, #0
    moveq r8, #0
    mov r3, r9
    add r9, r6
    strd r8, r3, [sp, #ACROSS]
    str r9, [sp, #X1]
    ldrd r11, r1, [sp, #WEIGHTS]
    cmp r4, #4
    bgt .Lstart
    add r3, r5, r8
    lsrs r2, r0, #1
    it ne
    subne r2, #1
    tst r8, #3
    it ne
    movne r2, #0
    str r2, [sp, #QUICK]
    sub r0, r0, r2, lsl #1          /* the frame goes on with the last of those pairs */
    mul r8, r2, r8
    add r8, r5, r8, lsl #1
    strd r0, r8, [sp, #LEFT]
    ldr r0, [sp, #X0]
    mul r6, r2, r6
    add r6, r0, r6, lsl #1
    str r6, [sp, #X0]
    mov r2, r0
    cmp r5, r7
    beq .Lrest
    ldr pc, [sp, #LOAD]
.Lstart:
    cmp r5, r7
    beq .Lrest
    ldr pc, [sp, #BLOCK]

.Lquick:
    str r0, [sp, #QUICK]
    ldrd r4, r8, [sp, #DEPTH]       /* and outputs */
    mov r5, r3
    add r3, r8
    mov r7, r3
    add r2, r9, r4
    add r9, r2, r4
    ldrd r11, r1, [sp, #WEIGHTS]
    ldr pc, [sp, #LOAD]
    vldrb.u8 q3, [r2, #48]
    vldrb.u8 q2, [r2, #32]
    vldrb.u8 q1, [r2, #16]
.Lload:
    vldrb.u8 q0, [r2]
.Lheld_block:
    held_step vmladav, 0
    ldr pc, [sp, #ENTRY]
    held_step vmladava, 3
    held_step vmladava, 2
    held_step vmladava, 1
.Lheld_scale:
    gather 4, 5
    first_rounding 4, 5, 6
.Lheld_signs:
    add_signs 4, 5, 6
.Lheld_shift:
    second_rounding 4, 5, 6
    vpstt
    vstrbt.32 q4, [r5], #4
    vstrbt.32 q5, [r3], #4
    cmp r5, r7
    bne .Lheld_block
    ldr r0, [sp, #QUICK]
    subs r0, #1
    bpl .Lquick

.Lrest:                             /* once more for the last 1 to 3 outputs */
    ldr r0, [sp, #OUTPUTS]
    ands r0, r0, #3
    beq .Lnext
    vmrs r2, p0
    lsrs r2, r2, #12
    beq .Lrested
    vctp.32 r0
    ldr r7, [sp, #END]
    adds r7, #4
    str r7, [sp, #END]
    ldr r4, [sp, #STEPS]
    cmp r4, #4
    bgt .Lblock_again
    ldr r2, [sp, #X0]
    ldr pc, [sp, #LOAD]
.Lrested:
    movs r0, #4
    vctp.32 r0
.Lnext:
    ldrd r0, r9, [sp, #LEFT]
    ldr r5, [sp, #X0]
    ldrd r6, r8, [sp, #DEPTH]       /* and outputs */
    add r9, r9, r8, lsl #1
    add r5, r5, r6, lsl #1
    subs r0, #2
    strd r0, r9, [sp, #LEFT]
    str r5, [sp, #X0]
    bgt .Lpair
    add sp, #FRAME
    vpop {d8-d15}
    pop {r4-r11, pc}

.Lblock_again:
    ldrd r3, r9, [sp, #X0]
.Lblock:
    ldr r7, [sp, #STEPS]
    add r7, r3, r7, lsl #4
    step vmladav
    ldr pc, [sp, #ENTRY]
.Lmore:
    .rept 8
    step vmladava
    .endr
.Lcheck:
    cmp r3, r7
    bne .Lmore
    gather 0, 1
    first_rounding 0, 1, 2
.Lsigns:
    add_signs 0, 1, 2
.Lshift:
    second_rounding 0, 1, 2
    ldr r4, [sp, #ACROSS]
    ldr r2, [sp, #END]
    add r4, r5
    ldrd r3, r9, [sp, #X0]
    vpstt
    vstrbt.32 q0, [r5], #4
    vstrbt.32 q1, [r4]
    cmp r5, r2
    bne .Lblock
    b .Lrest
    .size ep_mve_pixels_s8, . - ep_mve_pixels_s8
