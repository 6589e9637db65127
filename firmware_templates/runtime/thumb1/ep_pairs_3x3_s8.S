/* SPDX-License-Identifier: MIT-0 */
/* ep_pairs_3x3_s8.h for ARMv6-M: two outputs of a channel in one word.
 *
 *   r0-r2  x of three lines    r3  x, product    r4  weight    r5  sum of a group
 *   r6  the lower outputs' total    r7  the total of words, modulo 2^32
 *   r8  limit   r9  nudge   r10  bias * 65537   r11  bias   r12  x_column   lr  low
 * Stack: the 9 weights as words, the factor's parts, and what a line needs.
 *
 * The taps take 42 instructions for 18 products (kind 0), 46 (kind 1), both outputs 22, and 17 more
 * for what is stored and moved on: 40.5 and 42.5 an output.
 *
 * The upper sum of a group lies in [-2^15, 2^15), so the shift right by 16 leaves the lower sum less
 * what the upper one borrowed, its sign, which is bit 15: the last bit shifted out, the carry.
 */
    .syntax unified
    .thumb

#define WEIGHTS 0
#define LOWER_PART 36
#define UPPER_PART 40
#define Y 44
#define Y_END 48
#define Y_COLUMN 52
#define BELOW 56
#define SPAN 60
#define X_LINE 64
#define X_START 68
#define Y_START 72
#define Y_LINE 76
#define LENGTH 80
#define PITCH 84
#define LINES 88
#define KIND 92
#define FRAME 96

.macro FIRST k, at, line
    ldr     r5, [\line, #\at]
    ldr     r4, [sp, #4*\k]
    muls    r5, r4, r5
.endm

.macro TAP k, at, line
    ldr     r3, [\line, #\at]
    ldr     r4, [sp, #4*\k]
    muls    r3, r4, r3
    adds    r5, r5, r3
.endm

.macro FLUSH
    asrs    r3, r5, #16
    adcs    r6, r3
    adds    r7, r7, r5
.endm

/* An output from the sum in \sum; r4, r5: the factor's parts. */
.macro OUTPUT sum, n
    cmp     \sum, r8
    bhi     .Lclamp\n
    movs    r3, \sum
    muls    r3, r4, r3
    lsrs    r3, r3, #13
    muls    \sum, r5, \sum
    adds    \sum, \sum, r3
    add     \sum, r9
    lsrs    \sum, \sum, #24
.Lclamped\n:
    add     \sum, lr
.endm

.macro CLAMP sum, n
.Lclamp\n:
    asrs    \sum, \sum, #31
    mvns    \sum, \sum
    ldr     r3, [sp, #SPAN]
    ands    \sum, r3
    b       .Lclamped\n
.endm

/* What follows the taps of a word. */
.macro FINISH n, again
    lsls    r3, r6, #16
    subs    r7, r7, r3
    ldr     r4, [sp, #LOWER_PART]
    ldr     r5, [sp, #UPPER_PART]
    OUTPUT  r7, \n\()0
    OUTPUT  r6, \n\()1
    ldr     r3, [sp, #Y]
    strb    r7, [r3]
    ldr     r4, [sp, #BELOW]
    strb    r6, [r3, r4]
    ldr     r4, [sp, #Y_COLUMN]
    adds    r3, r3, r4
    str     r3, [sp, #Y]
    add     r0, r12
    add     r1, r12
    add     r2, r12
    ldr     r4, [sp, #Y_END]
    cmp     r3, r4
    bne     \again
.endm

    .section .text.ep_pairs_3x3_s8, "ax", %progbits
    .globl  ep_pairs_3x3_s8
    .type   ep_pairs_3x3_s8, %function
    .thumb_func
    .balign 4
ep_pairs_3x3_s8:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    sub     sp, #FRAME
    str     r1, [sp, #X_START]
    ldr     r1, [sp, #FRAME+36]
    str     r1, [sp, #Y_START]
    movs    r6, #8
    mov     r7, sp
    adds    r7, #32
1:
    ldrsb   r5, [r2, r6]
    str     r5, [r7]
    subs    r7, #4
    subs    r6, #1
    bpl     1b
    ldmia   r3!, {r4, r5, r6, r7}
    mov     r11, r4
    lsls    r1, r4, #16
    adds    r4, r4, r1
    mov     r10, r4
    lsls    r4, r5, #19
    lsrs    r4, r4, #19
    str     r4, [sp, #LOWER_PART]
    lsrs    r5, r5, #13
    str     r5, [sp, #UPPER_PART]
    uxtb    r4, r6
    str     r4, [sp, #KIND]
    lsrs    r6, r6, #8
    mov     r9, r6
    mov     r8, r7
    ldmia   r0!, {r1, r2, r3, r4, r5, r6, r7}
    str     r1, [sp, #LINES]
    muls    r2, r7, r2
    str     r2, [sp, #LENGTH]
    str     r3, [sp, #PITCH]
    str     r4, [sp, #X_LINE]
    mov     r12, r5
    str     r6, [sp, #Y_LINE]
    str     r7, [sp, #Y_COLUMN]
    ldmia   r0!, {r1, r2, r3}
    str     r1, [sp, #BELOW]
    mov     lr, r2
    str     r3, [sp, #SPAN]
10: /* a line */
    ldr     r0, [sp, #X_START]
    ldr     r3, [sp, #PITCH]
    adds    r1, r0, r3
    adds    r2, r1, r3
    ldr     r3, [sp, #Y_START]
    str     r3, [sp, #Y]
    ldr     r4, [sp, #LENGTH]
    adds    r3, r3, r4
    str     r3, [sp, #Y_END]
    ldr     r4, [sp, #KIND]
    cmp     r4, #0
    beq     20f
    b       30f
20: /* by lines of the window */
    mov     r6, r11
    mov     r7, r10
    FIRST   0, 0, r0
    TAP     1, 4, r0
    TAP     2, 8, r0
    FLUSH
    FIRST   3, 0, r1
    TAP     4, 4, r1
    TAP     5, 8, r1
    FLUSH
    FIRST   6, 0, r2
    TAP     7, 4, r2
    TAP     8, 8, r2
    FLUSH
    FINISH  0, 20b
    b       40f
    CLAMP   r7, 00
    CLAMP   r6, 01
30: /* by pairs of taps */
    mov     r6, r11
    mov     r7, r10
    FIRST   0, 0, r0
    TAP     1, 4, r0
    FLUSH
    FIRST   2, 8, r0
    TAP     3, 0, r1
    FLUSH
    FIRST   4, 4, r1
    TAP     5, 8, r1
    FLUSH
    FIRST   6, 0, r2
    TAP     7, 4, r2
    FLUSH
    FIRST   8, 8, r2
    FLUSH
    FINISH  1, 30b
    b       40f
    CLAMP   r7, 10
    CLAMP   r6, 11
40:
    ldr     r0, [sp, #X_START]
    ldr     r1, [sp, #X_LINE]
    adds    r0, r0, r1
    str     r0, [sp, #X_START]
    ldr     r0, [sp, #Y_START]
    ldr     r1, [sp, #Y_LINE]
    adds    r0, r0, r1
    str     r0, [sp, #Y_START]
    ldr     r0, [sp, #LINES]
    subs    r0, #1
    str     r0, [sp, #LINES]
    beq     50f
    b       10b
50:
    add     sp, #FRAME
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}
    .size   ep_pairs_3x3_s8, .-ep_pairs_3x3_s8
