/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_pack.h for ARMv7-M: 9 instructions a depth of four pixels.
 *
 *   r3-r6  pixels    r1  end of the first    r2  to    r0, r7, r8, r12  values
 */
    .syntax unified
    .thumb
    .section .text.ep_swar_pack, "ax", %progbits
    .globl  ep_swar_pack
    .type   ep_swar_pack, %function
    .thumb_func
    .balign 4
ep_swar_pack:
    push    {r4-r8, lr}
    ldmia   r0, {r3, r4, r5, r6}
    add     r1, r1, r3
1:
    ldrsb   r0, [r3], #1
    ldrsb   r7, [r4], #1
    ldrsb   r8, [r5], #1
    ldrsb   r12, [r6], #1
    add     r0, r0, r7, lsl #16
    add     r7, r8, r12, lsl #16
    stmia   r2!, {r0, r7}
    cmp     r3, r1
    bne     1b
    mov     r0, r2
    pop     {r4-r8, pc}
    .size   ep_swar_pack, .-ep_swar_pack
