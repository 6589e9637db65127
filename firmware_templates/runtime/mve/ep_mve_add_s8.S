/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_add_s8: four sums at a time, 18 instructions.
 *
 *   r2 r3 r4   a, b, y                          lr        sums left
 *   r5 r6 r7   b's mantissa, minus its right shift, minus its zero point shifted left
 *   r8 r9      a's factor and offset
 *   r10 r11    mantissa and minus the right shift of the sum     r12   zero point of y
 *   q0 the sum, q1 spare, q2 what shifts b left, q3 q4 the activation's range
 *
 * Exact: VQRDMULH is TFLite's first rounding, VRSHL with the sign added beforehand the
 * second one. */
    .syntax unified
    .thumb

    .macro rescale mantissa, shift
    vqrdmulh.s32 q0, q0, \mantissa
    vshr.s32 q1, q0, #31
    vadd.i32 q0, q0, q1
    vrshl.s32 q0, \shift
    .endm

    .section .text.ep_mve_add_s8, "ax", %progbits
    .balign 4
    .global ep_mve_add_s8
    .type ep_mve_add_s8, %function
ep_mve_add_s8:
    push {r3-r11, lr}
    vpush {d8-d9}
    ldr r4, [sp, #56]
    ldrsb r5, [r0, #31]
    ldrsb r6, [r0, #32]
    vdup.32 q3, r5
    vdup.32 q4, r6
    ldrsb r5, [r0, #28]             /* b's left shift, which counts 2 for VQRDMULH's doubling */
    ldrsh r7, [r0, #24]
    subs r5, #2
    movs r6, #1
    lsls r6, r5
    vdup.32 q2, r6
    rsbs r7, r7, #0
    muls r7, r6, r7
    ldrsb r6, [r0, #29]
    rsb r6, r6, #1
    ldrsb r11, [r0, #30]
    rsb r11, r11, #1
    ldrsh r12, [r0, #26]
    ldrd r5, r10, [r0]
    ldrd r8, r9, [r0, #8]
    wlstp.32 lr, r1, .Ldone
.Lsum:
    vldrb.s32 q0, [r3], #4
    vmlas.s32 q0, q2, r7
    rescale r5, r6
    vldrb.s32 q1, [r2], #4
    vmla.s32 q0, q1, r8
    vadd.i32 q0, q0, r9
    rescale r10, r11
    vadd.i32 q0, q0, r12
    vmax.s32 q0, q0, q3
    vmin.s32 q0, q0, q4
    vstrb.32 q0, [r4], #4
    letp lr, .Lsum
.Ldone:
    vpop {d8-d9}
    pop {r3-r11, pc}
    .size ep_mve_add_s8, . - ep_mve_add_s8
