/* SPDX-License-Identifier: MIT-0 */
/* Contracts: ep_fuse.h. Cores with the DSP extension. */
    .syntax unified
    .thumb

    .section .text.ep_fuse_line, "ax", %progbits
    .balign 4
    .global ep_fuse_line
    .type ep_fuse_line, %function
/* r0 x, r1 the pixel behind it, r2 words left, r3 fused, r8 0x80808080; GE selects bytes 1 and 3.
 * 10 instructions for 4 channels. */
ep_fuse_line:
    push {r4-r8, lr}
    add r1, r0, r1, lsl #2
    mov r8, #0xFF00FF00
    uadd8 r8, r8, r8
    mov r8, #0x80808080
1:
    ldr r4, [r0], #4
    ldr r5, [r1], #4
    eor r4, r4, r8
    lsl r6, r5, #8
    sel r6, r6, r4
    lsr r4, r4, #8
    sel r7, r5, r4
    stm r3!, {r6, r7}
    subs r2, r2, #1
    bne 1b
    pop {r4-r8, pc}
    .size ep_fuse_line, . - ep_fuse_line

/* One group: X1 X2 X3 of values 0 and 2, X2 X3 X1 of values 1 and 3; 4 instructions for 16 values. */
    .macro GROUP
    ldm r0!, {r4, r9}
    ldm r1!, {r5, r7}
    ldm r2!, {r6, r8}
    stm r3!, {r4-r9}
    .endm

    .section .text.ep_fuse_gather, "ax", %progbits
    .balign 4
    .global ep_fuse_gather
    .type ep_fuse_gather, %function
/* r0-r2 fused pixels 0 to 2 of a line, r3 chained, r10 pixel_bytes, r11 lines left, r12 start of the
 * line, lr end of pixel 0's part; the stack holds 3 * pixel_bytes and the pitch. */
ep_fuse_gather:
    push {r4-r11, lr}
    sub sp, sp, #12
    mov r3, r2
    mov r12, r0
    ldm r1, {r5, r6, r7}
    mov r10, r6
    mov r11, r5
    add r6, r6, r6, lsl #1
    str r6, [sp]
    str r7, [sp, #4]
1:
    ldr r4, [sp]
    mov r0, r12
    add r1, r0, r10
    add r2, r1, r10
    add lr, r0, r4
2:
    GROUP
    GROUP
    GROUP
    cmp r0, lr
    bne 2b
    ldr r4, [sp, #4]
    subs r11, r11, #1
    add r12, r12, r4
    bne 1b
    add sp, sp, #12
    pop {r4-r11, pc}
    .size ep_fuse_gather, . - ep_fuse_gather
