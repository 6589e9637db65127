/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_pack.h for ARMv6-M: 13 instructions a depth of four pixels.
 *
 *   r0-r3  ends of the pixels    r4, r5  values    r6  to    r7  index, up to 0
 */
    .syntax unified
    .thumb
    .section .text.ep_swar_pack, "ax", %progbits
    .globl  ep_swar_pack
    .type   ep_swar_pack, %function
    .thumb_func
    .balign 4
ep_swar_pack:
    push    {r4-r7, lr}
    mov     r6, r2
    mov     r5, r1
    ldmia   r0!, {r1, r2, r3, r4}
    adds    r0, r1, r5
    adds    r1, r2, r5
    adds    r2, r3, r5
    adds    r3, r4, r5
    rsbs    r7, r5, #0
1:
    ldrsb   r5, [r1, r7]
    lsls    r5, r5, #16
    ldrsb   r4, [r0, r7]
    adds    r4, r4, r5
    str     r4, [r6, #0]
    ldrsb   r5, [r3, r7]
    lsls    r5, r5, #16
    ldrsb   r4, [r2, r7]
    adds    r4, r4, r5
    str     r4, [r6, #4]
    adds    r6, #8
    adds    r7, #1
    bne     1b
    mov     r0, r6
    pop     {r4-r7, pc}
    .size   ep_swar_pack, .-ep_swar_pack
