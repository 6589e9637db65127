/* SPDX-License-Identifier: MIT-0 */
/* ep_pairs_3x3_s8.h for ARMv7-M without the DSP extension: two outputs of a channel in one word.
 *
 *   r0  x of the window    r1-r3  words of x    r4-r6  weights    r7  sum of a group
 *   r8  the lower outputs' total    r9  the total of words, modulo 2^32
 *   r10  y    r11  pitch    r12  2^15    lr  x_column
 * Stack: the 9 weights as words, the factor's parts, and what a line needs.
 *
 * The taps take 28 instructions for 18 products (kind 0), 34 (kind 1), both outputs and what is stored
 * and moved on 28: 28 and 31 an output.
 *
 * The upper sum of a group lies in [-2^15, 2^15), so 2^15 more makes the shift right by 16 the lower
 * sum. Outputs: r1  nudge    r2  limit    r3  product    r4, r5  factor's parts    r6  span
 * r7  low
 */
    .syntax unified
    .thumb

#define PARTS 36
#define NUDGE 44
#define LIMIT 48
#define BIAS 52
#define BOTH 56
#define SPAN 60
#define LOW 64
#define BELOW 68
#define Y_COLUMN 72
#define Y_END 76
#define X_START 80
#define Y_START 84
#define X_LINE 88
#define Y_LINE 92
#define LENGTH 96
#define LINES 100
#define KIND 104
#define FRAME 108

.macro LINE k
    ldmia   r0, {r1, r2, r3}
    add     r7, sp, #12*\k
    ldmia   r7, {r4, r5, r6}
    add     r0, r0, r11
.endm

.macro FLUSH
    add     r8, r8, r7, asr #16
    add     r9, r9, r7
.endm

.macro OUTPUT sum, n
    cmp     \sum, r2
    bhi     .Lclamp\n
    mul     r3, \sum, r4
    add     r3, r1, r3, lsr #13
    mla     r3, \sum, r5, r3
    lsrs    r3, r3, #24
.Lclamped\n:
    add     r3, r3, r7
.endm

.macro CLAMP sum, n
.Lclamp\n:
    bic     r3, r6, \sum, asr #31
    b       .Lclamped\n
.endm

/* What follows the taps of a word. */
.macro FINISH n, again
    sub     r0, r0, r11, lsl #1
    sub     r0, r0, r11
    add     r0, r0, lr
    sub     r9, r9, r8, lsl #16
    ldrd    r4, r5, [sp, #PARTS]
    ldrd    r1, r2, [sp, #NUDGE]
    ldrd    r6, r7, [sp, #SPAN]
    OUTPUT  r9, \n\()0
    strb    r3, [r10]
    OUTPUT  r8, \n\()1
    ldrd    r1, r2, [sp, #BELOW]
    strb    r3, [r10, r1]
    add     r10, r10, r2
    ldr     r1, [sp, #Y_END]
    cmp     r10, r1
    bne     \again
    b       40f
    CLAMP   r9, \n\()0
    CLAMP   r8, \n\()1
.endm

    .section .text.ep_pairs_3x3_s8, "ax", %progbits
    .globl  ep_pairs_3x3_s8
    .type   ep_pairs_3x3_s8, %function
    .thumb_func
    .balign 4
ep_pairs_3x3_s8:
    push    {r4-r11, lr}
    sub     sp, #FRAME
    str     r1, [sp, #X_START]
    ldr     r1, [sp, #FRAME+36]
    str     r1, [sp, #Y_START]
    mov     r7, sp
    add     r6, r2, #9
1:
    ldrsb   r5, [r2], #1
    str     r5, [r7], #4
    cmp     r2, r6
    bne     1b
    ldmia   r3, {r4, r5, r6, r7}
    add     r8, r4, r4, lsl #16
    str     r4, [sp, #BIAS]
    ubfx    r9, r5, #0, #13
    lsrs    r5, r5, #13
    strd    r9, r5, [sp, #PARTS]
    uxtb    r4, r6
    str     r4, [sp, #KIND]
    cmp     r4, #0
    ite     eq
    subeq   r8, r8, #0x18000 /* 2^15 of each of 3 groups */
    subne   r8, r8, #0x28000 /* of 5 */
    str     r8, [sp, #BOTH]
    lsrs    r6, r6, #8
    strd    r6, r7, [sp, #NUDGE]
    ldmia   r0!, {r1, r2, r3, r4, r5, r6, r7}
    str     r1, [sp, #LINES]
    mul     r2, r7, r2
    str     r2, [sp, #LENGTH]
    mov     r11, r3
    str     r4, [sp, #X_LINE]
    mov     lr, r5
    str     r6, [sp, #Y_LINE]
    str     r7, [sp, #Y_COLUMN]
    ldmia   r0, {r1, r2, r3}
    str     r1, [sp, #BELOW]
    strd    r3, r2, [sp, #SPAN]
    mov     r12, #0x8000
10: /* a line */
    ldr     r0, [sp, #X_START]
    ldr     r10, [sp, #Y_START]
    ldr     r4, [sp, #LENGTH]
    add     r4, r4, r10
    str     r4, [sp, #Y_END]
    ldr     r4, [sp, #KIND]
    cmp     r4, #0
    bne     30f
20: /* by lines of the window */
    ldrd    r8, r9, [sp, #BIAS]
    .irp    k, 0, 1, 2
    LINE    \k
    mla     r7, r1, r4, r12
    mla     r7, r2, r5, r7
    mla     r7, r3, r6, r7
    FLUSH
    .endr
    FINISH  0, 20b
30: /* by pairs of taps */
    ldrd    r8, r9, [sp, #BIAS]
    LINE    0
    mla     r7, r1, r4, r12
    mla     r7, r2, r5, r7
    FLUSH
    mul     r3, r3, r6
    add     r12, r12, r3
    LINE    1
    mla     r7, r1, r4, r12
    FLUSH
    mov     r12, #0x8000
    mla     r7, r2, r5, r12
    mla     r7, r3, r6, r7
    FLUSH
    LINE    2
    mla     r7, r1, r4, r12
    mla     r7, r2, r5, r7
    FLUSH
    mla     r7, r3, r6, r12
    FLUSH
    FINISH  1, 30b
40:
    ldr     r0, [sp, #X_START]
    ldr     r1, [sp, #X_LINE]
    add     r0, r0, r1
    str     r0, [sp, #X_START]
    ldr     r0, [sp, #Y_START]
    ldr     r1, [sp, #Y_LINE]
    add     r0, r0, r1
    str     r0, [sp, #Y_START]
    ldr     r0, [sp, #LINES]
    subs    r0, #1
    str     r0, [sp, #LINES]
    bne     10b
    add     sp, #FRAME
    pop     {r4-r11, pc}
    .size   ep_pairs_3x3_s8, .-ep_pairs_3x3_s8
