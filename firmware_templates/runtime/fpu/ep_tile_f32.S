/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_tile_f32.h. Cores with a single-precision FPU.
 *
 * VMUL and VADD and not VMLA: on Cortex-M4 the pair takes 2 cycles, VMLA 3, and both round twice.
 * A multiple load brings the weights of a depth or two, so that 16 products of 4 columns take 35
 * instructions, and 8 of one column 18.
 */
    .syntax unified
    .thumb

/* The products of one depth: \x times the weights s24-s27, added to \a to \d. */
    .macro COLUMN x, a, b, c, d
    vmul.f32 s28, \x, s24
    vmul.f32 s29, \x, s25
    vmul.f32 s30, \x, s26
    vmul.f32 s31, \x, s27
    vadd.f32 \a, \a, s28
    vadd.f32 \b, \b, s29
    vadd.f32 \c, \c, s30
    vadd.f32 \d, \d, s31
    .endm

    .macro COLUMNS x0, x1, x2, x3
    vldmia r2!, {s24-s27}
    COLUMN \x0, s0, s1, s2, s3
    COLUMN \x1, s4, s5, s6, s7
    COLUMN \x2, s8, s9, s10, s11
    COLUMN \x3, s12, s13, s14, s15
    .endm

/* Two depths: 32 products, 70 instructions. */
    .macro TWO
    vldmia r7!, {s16-s17}
    vldmia r4!, {s18-s19}
    vldmia r5!, {s20-s21}
    vldmia r6!, {s22-s23}
    COLUMNS s16, s18, s20, s22
    COLUMNS s17, s19, s21, s23
    .endm

    .macro ADD_BIAS a, b, c, d
    vadd.f32 \a, \a, s24
    vadd.f32 \b, \b, s25
    vadd.f32 \c, \c, s26
    vadd.f32 \d, \d, s27
    .endm

    .macro LOW v
    vcmp.f32 \v, s28
    vmrs APSR_nzcv, fpscr
    it mi
    vmovmi.f32 \v, s28
    .endm

    .macro HIGH v
    vcmp.f32 \v, s29
    vmrs APSR_nzcv, fpscr
    it gt
    vmovgt.f32 \v, s29
    .endm

    .macro EACH what
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \what s\n
    .endr
    .endm

    .macro CLEAR v
    vmov \v, r12
    .endm

/* s24-s27 += v * 0: no number where v is none, or infinite. */
    .macro PROBE a, b, c, d
    vmla.f32 s24, \a, s30
    vmla.f32 s25, \b, s30
    vmla.f32 s26, \c, s30
    vmla.f32 s27, \d, s30
    .endm

    .section .text.ep_tile_f32, "ax", %progbits
    .balign 4
    .global ep_tile_f32
    .type ep_tile_f32, %function
/* r0 p, r7 r4 r5 r6 columns, r2 weights, r1 depths left, r3 bias, s0-s15 sums of the columns,
 * s16-s23 values, s24-s27 weights, s28-s31 products. Behind the loop: s28 low, s29 high, r4 whether
 * low was passed by, r8 r9 the bits of low and high.
 * A range of all floats changes infinite sums only: those are looked for together. */
ep_tile_f32:
    push {r4-r9, lr}
    vpush {s16-s31}
    mov r7, r1
    ldr r1, [r0]
    add r4, r7, r1, lsl #2
    add r5, r4, r1, lsl #2
    add r6, r5, r1, lsl #2
    mov r12, #0
    EACH CLEAR
    subs r1, r1, #2
    blo 2f
1:
    TWO
    subs r1, r1, #2
    bhs 1b
2:
    adds r1, r1, #2
    beq 3f
    vldr s16, [r7]
    vldr s18, [r4]
    vldr s20, [r5]
    vldr s22, [r6]
    COLUMNS s16, s18, s20, s22
3:
    vldmia r3, {s24-s27}
    ldrd r8, r9, [r0, #8]
    vmov s28, r8
    vmov s29, r9
    vmov s30, r12
    ADD_BIAS s0, s1, s2, s3
    ADD_BIAS s4, s5, s6, s7
    ADD_BIAS s8, s9, s10, s11
    ADD_BIAS s12, s13, s14, s15
    mov r4, #1
    movw r5, #0xFFFF
    movt r5, #0x7F7F
    orr r6, r5, #0x80000000
    cmp r8, r6
    beq 5f
4:
    mov r4, #0
    EACH LOW
5:
    cmp r9, r5
    bne 6f
    vmov s24, r12
    vmov s25, r12
    vmov s26, r12
    vmov s27, r12
    PROBE s0, s1, s2, s3
    PROBE s4, s5, s6, s7
    PROBE s8, s9, s10, s11
    PROBE s12, s13, s14, s15
    vadd.f32 s24, s24, s25
    vadd.f32 s26, s26, s27
    vadd.f32 s24, s24, s26
    vcmp.f32 s24, s24
    vmrs APSR_nzcv, fpscr
    bvc 7f
    cmp r4, #0
    bne 4b
6:
    EACH HIGH
7:
    ldr r1, [sp, #28 + 64]
    ldr r2, [r0, #4]
    vstmia r1, {s0-s3}
    add r1, r1, r2, lsl #2
    vstmia r1, {s4-s7}
    add r1, r1, r2, lsl #2
    vstmia r1, {s8-s11}
    add r1, r1, r2, lsl #2
    vstmia r1, {s12-s15}
    vpop {s16-s31}
    pop {r4-r9, pc}
    .size ep_tile_f32, . - ep_tile_f32

/* One depth of one column: \x times \w0 to \w3. */
    .macro DEPTH x, w0, w1, w2, w3
    vmul.f32 s4, \x, \w0
    vmul.f32 s5, \x, \w1
    vmul.f32 s6, \x, \w2
    vmul.f32 s7, \x, \w3
    vadd.f32 s0, s0, s4
    vadd.f32 s1, s1, s5
    vadd.f32 s2, s2, s6
    vadd.f32 s3, s3, s7
    .endm

    .section .text.ep_four_f32, "ax", %progbits
    .balign 4
    .global ep_four_f32
    .type ep_four_f32, %function
/* r0 column, r1 weights, r2 depths left, s0-s3 sums, s4-s7 products, s8-s11 values, s16-s31 weights. */
ep_four_f32:
    vpush {s16-s31}
    mov r12, #0
    vmov s0, r12
    vmov s1, r12
    vmov s2, r12
    vmov s3, r12
    subs r2, r2, #4
    blo 2f
1:
    vldmia r0!, {s8-s11}
    vldmia r1!, {s16-s31}
    DEPTH s8, s16, s17, s18, s19
    DEPTH s9, s20, s21, s22, s23
    DEPTH s10, s24, s25, s26, s27
    DEPTH s11, s28, s29, s30, s31
    subs r2, r2, #4
    bhs 1b
2:
    adds r2, r2, #4
    beq 4f
3:
    vldmia r0!, {s8}
    vldmia r1!, {s16-s19}
    DEPTH s8, s16, s17, s18, s19
    subs r2, r2, #1
    bne 3b
4:
    vstmia r3!, {s0-s3}
    vpop {s16-s31}
    bx lr
    .size ep_four_f32, . - ep_four_f32

    .section .text.ep_put_f32, "ax", %progbits
    .balign 4
    .global ep_put_f32
    .type ep_put_f32, %function
/* r0 to, r1 from, r2 floats left, s0-s15 values: four instructions for 16. */
ep_put_f32:
    cmp r1, #0
    beq 5f
    subs r2, r2, #16
    blo 2f
1:
    vldmia r1!, {s0-s15}
    subs r2, r2, #16
    vstmia r0!, {s0-s15}
    bhs 1b
2:
    adds r2, r2, #16
    beq 4f
3:
    ldr r3, [r1], #4
    subs r2, r2, #1
    str r3, [r0], #4
    bne 3b
4:
    bx lr
5:
    cmp r2, #0
    beq 4b
6:
    subs r2, r2, #1
    str r1, [r0], #4
    bne 6b
    bx lr
    .size ep_put_f32, . - ep_put_f32
