/* SPDX-License-Identifier: MIT-0 */
/* ep_mve_windows_s8: rows of 16 bytes or less take 6 instructions, longer ones 5 and 3 for each 16.
 *
 *   r1 r2   x, to           r3 windows left       r4 r5 bytes of a row, rows
 *   r6 r7   this row        r8 r9 line, pitch     r10 r11 step, column
 *   r12     rows left               lr rows, or bytes of a long row */
    .syntax unified
    .thumb

    .section .text.ep_mve_windows_s8, "ax", %progbits
    .balign 4
    .global ep_mve_windows_s8
    .type ep_mve_windows_s8, %function
ep_mve_windows_s8:
    push {r4-r11, lr}
    ldrd r5, r4, [r0]
    ldrd r8, r9, [r0, #8]
    ldrd r10, r11, [r0, #16]
    cmp r4, #16
    bgt .Llong
    vctp.8 r4
.Lwindow:
    mov r6, r1
    mov r7, r2
    dls lr, r5
.Lrow:
    vpstt
    vldrbt.u8 q0, [r6]
    vstrbt.8 q0, [r7]
    add r6, r8
    add r7, r9
    le lr, .Lrow
    add r1, r10
    add r2, r11
    subs r3, #1
    bne .Lwindow
    pop {r4-r11, pc}

.Llong:
    add r0, r4, #15                 /* whole vectors, which the loop goes on by */
    bic r0, r0, #15
    sub r8, r8, r0
    sub r9, r9, r0
.Llong_window:
    mov r6, r1
    mov r7, r2
    mov r12, r5
.Llong_row:
    dlstp.8 lr, r4
.Lbytes:
    vldrb.u8 q0, [r6], #16
    vstrb.8 q0, [r7], #16
    letp lr, .Lbytes
    add r6, r8
    add r7, r9
    subs r12, #1
    bne .Llong_row
    add r1, r10
    add r2, r11
    subs r3, #1
    bne .Llong_window
    pop {r4-r11, pc}
    .size ep_mve_windows_s8, . - ep_mve_windows_s8
