/* SPDX-License-Identifier: MIT-0 */
/* ep_dot_two_s8.h for ARMv6-M: 8 instructions for 2 products, and one more every 8 depths.
 *
 *   r0  x's end    r1, r2  the rows' ends    r3  index, up to 0    r4  x    r5  product
 *   r6, r7  sums
 */
    .syntax unified
    .thumb

.macro TAP
    ldrsb   r4, [r0, r3]
    ldrsb   r5, [r1, r3]
    muls    r5, r4, r5
    adds    r6, r6, r5
    ldrsb   r5, [r2, r3]
    muls    r5, r4, r5
    adds    r7, r7, r5
    adds    r3, #1
.endm

    .section .text.ep_dot_two_s8, "ax", %progbits
    .globl  ep_dot_two_s8
    .type   ep_dot_two_s8, %function
    .thumb_func
    .balign 4
ep_dot_two_s8:
    push    {r4-r7, lr}
    mov     r12, r3
    ldr     r6, [r3, #0]
    ldr     r7, [r3, #4]
    ldr     r4, [r1, #0]
    ldr     r5, [r1, #4]
    adds    r0, r0, r2
    adds    r1, r4, r2
    rsbs    r3, r2, #0
    adds    r2, r5, r2
    movs    r4, #7
    ands    r4, r3
    lsls    r4, r4, #4 /* of 8 taps, 16 bytes each, skip those that the first turn has not */
    add     pc, r4
    nop
1:
    TAP
    TAP
    TAP
    TAP
    TAP
    TAP
    TAP
    TAP
    bne     1b
    mov     r0, r12
    stmia   r0!, {r6, r7}
    pop     {r4-r7, pc}
    .size   ep_dot_two_s8, .-ep_dot_two_s8
