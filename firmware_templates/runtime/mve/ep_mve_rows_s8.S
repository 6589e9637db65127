/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_rows_s8: eight outputs at a time.
 *
 *   r0 r2 r4 r6 r8 r10 r12 r14   sums, spare between blocks
 *   r1 end of the blocks in y    r3 r9 r7 inputs, the next ones, their end
 *   r5 y                         r11 weights
 *   r10                          tables of the outputs left
 *   q0 q1 weights, q2 inputs
 *
 * A step is 128 products in 17 instructions; steps after the first are unrolled 8 times and entered
 * so that they end with the last one. Scaling takes 27 for 8 outputs, the loop included, or 35
 * with a scale each.
 * Exact: VQDMULH cuts what VRSHL would round, and nested floors are one. */
    .syntax unified
    .thumb

    .set ENTRY, 0     /* where the steps after the first are entered */
    .set ZERO, 4
    .set SCALE, 8     /* mantissa, shift */
    .set OUTPUTS, 16
    .set STEPS, 20
    .set TABLES, 24
    .set SCALES, 28   /* how a block is scaled */
    .set FRAME, 36

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

    .section .text.ep_mve_rows_s8, "ax", %progbits
    .balign 4
    .global ep_mve_rows_s8
    .type ep_mve_rows_s8, %function
ep_mve_rows_s8:
    push {r4-r11, lr}
    sub sp, #FRAME
    str r3, [sp, #TABLES]
    adr.w r5, .Lone
    adr.w r4, .Leach
    cmp r3, #0
    it ne
    movne r5, r4
    orr r5, r5, #1                  /* Thumb */
    str r5, [sp, #SCALES]
    ldr r5, [sp, #FRAME + 36]
    mov r11, r2
    mov r3, r1
    ldrd r6, r8, [r0]               /* steps, outputs */
    ldrd r2, r4, [r0, #8]
    strd r2, r4, [sp, #SCALE]
    ldr r2, [r0, #16]
    str r2, [sp, #ZERO]
    strd r8, r6, [sp, #OUTPUTS]
    bic r8, r8, #7
    add r1, r5, r8
    add r7, r3, r6, lsl #4
    adr.w r4, .Lcheck
    orr r4, r4, #1
    subs r6, #1
    beq .Lentered
    subs r6, #1                     /* 1 to 8 steps, then whole rounds of 8 */
    and r6, r6, #7
    adds r6, #1
    movs r2, #68                    /* bytes of a step */
    mls r4, r6, r2, r4
.Lentered:
    str r4, [sp, #ENTRY]
    cmp r5, r1
    beq .Lleft

.Lblock:
    mov r9, r3
    step vmladav
    ldr pc, [sp, #ENTRY]
.Lmore:
    .rept 8
    step vmladava
    .endr
.Lcheck:
    cmp r9, r7
    bne .Lmore
    vmov q0[2], q0[0], r0, r8
    vmov q0[3], q0[1], r4, r12
    vmov q1[2], q1[0], r2, r10
    vmov q1[3], q1[1], r6, r14
    vldrw.u32 q2, [r11], #16
    vldrw.u32 q3, [r11], #16
    vadd.i32 q0, q0, q2
    vadd.i32 q1, q1, q3
    ldr pc, [sp, #SCALES]
.Leach:
    ldr r6, [sp, #TABLES]
    vldrw.u32 q2, [r6], #16
    vldrw.u32 q3, [r6], #16
    vqdmulh.s32 q0, q0, q2
    vqdmulh.s32 q1, q1, q3
    vldrb.s32 q2, [r6], #4
    vldrb.s32 q3, [r6], #4
    vrshl.s32 q0, q0, q2
    vrshl.s32 q1, q1, q3
    str r6, [sp, #TABLES]
    b .Lnarrow
.Lone:
    ldrd r0, r2, [sp, #SCALE]
    vqdmulh.s32 q0, q0, r0
    vqdmulh.s32 q1, q1, r0
    vrshl.s32 q0, r2
    vrshl.s32 q1, r2
.Lnarrow:
    ldr r4, [sp, #ZERO]
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, r4
    vqmovnb.s16 q0, q0
    vstrb.16 q0, [r5], #8
    cmp r5, r1
    bne .Lblock

.Lleft:                             /* one by one */
    ldrd r6, r8, [sp, #OUTPUTS]     /* and steps */
    ands r6, r6, #7
    beq .Ldone
    ldrd r7, r2, [sp, #SCALE]
    ldr r4, [sp, #ZERO]
    ldr r10, [sp, #TABLES]
.Lrow:
    cmp r10, #0
    it ne
    ldrdne r7, r2, [r10], #8
    mov r9, r3
    ldr r0, [r11], #4
    dls lr, r8
.Lproducts:
    vldrb.u8 q0, [r11], #16
    vldrb.u8 q1, [r9], #16
    vmladava.s8 r0, q0, q1
    le lr, .Lproducts
    vdup.32 q0, r0
    vqdmulh.s32 q0, q0, r7
    vrshl.s32 q0, r2
    vqmovnb.s32 q0, q0
    vqadd.s16 q0, q0, r4
    vqmovnb.s16 q0, q0
    vmov.u8 r0, q0[0]
    strb r0, [r5], #1
    subs r6, #1
    bne .Lrow
.Ldone:
    add sp, #FRAME
    pop {r4-r11, pc}
    .size ep_mve_rows_s8, . - ep_mve_rows_s8
