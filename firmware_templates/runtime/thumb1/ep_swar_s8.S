/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_s8.h for ARMv6-M: 1 output of 4 columns, two columns in a word.
 *
 *   r0  x    r1  the row's weight of x, as an offset from r0    r7  end of x
 *   r2, r3   sums of a group    r4, r5  products    r6  weight    r12  2^15
 *   r8, r10  totals of r2, r3   r9, r11  totals of their upper halves
 *
 * A group of g depths has 6 g + 6 instructions and 2 of the loop for 4 g products: 2.38 each for 2,
 * 2.08 for 3, 2 for 4, 1.83 for 6, 1.75 for 8.
 *
 * The lower sum of a group lies in [-2^15, 2^15), so 2^15 more makes the shift right by 16 the upper
 * sum. The totals wrap at 2^32: total - (upper << 16) is the lower total modulo 2^32, where it is.
 * An output then takes 12 instructions, 10 where it is clamped; signed 18, 15:
 *   r0  limit    r1  y    r2  t    r3  product    r4, r5  factor's parts    r6  nudge
 *   r7  step     lr  low    signed: r0  what a negative sum takes off    r7  unit    r12  limit
 *   lr  step
 */
    .syntax unified
    .thumb

#define X 0
#define W 4
#define ROWS 8
#define OUTPUTS 12
#define SKIP 16
#define SPAN 20
#define LOW 24
#define DONE 28
#define MOVE 32
#define FRAME 36
#define Y (FRAME + 36)
#define STEP (FRAME + 40)

.macro FIRST
    ldrsb   r6, [r1, r0]
    ldmia   r0!, {r2, r3}
    muls    r2, r6, r2
    add     r2, r12
    muls    r3, r6, r3
    add     r3, r12
.endm

.macro TAP
    ldrsb   r6, [r1, r0]
    ldmia   r0!, {r4, r5}
    muls    r4, r6, r4
    adds    r2, r2, r4
    muls    r5, r6, r5
    adds    r3, r3, r5
.endm

.macro FLUSH
    asrs    r4, r2, #16
    add     r9, r4
    add     r8, r2
    asrs    r5, r3, #16
    add     r11, r5
    add     r10, r3
.endm

/* A group of \taps + 1 depths. */
.macro GROUP taps
    FIRST
.rept \taps
    TAP
.endr
    FLUSH
.endm

.macro AGAIN label
    cmp     r0, r7
    bne     \label
.endm

/* Stores the output of the sum in r2. */
.macro OUTPUT n, signed
.if \signed
    asrs    r0, r2, #31
    lsls    r0, r0, r7
    ldr     r3, [sp, #MOVE]
    adds    r2, r2, r3
    cmp     r2, r12
.else
    cmp     r2, r0
.endif
    bhi     .Lclamp\n\()_\signed
    movs    r3, r2
    muls    r3, r5, r3
    lsrs    r3, r3, #13
    muls    r2, r4, r2
    adds    r2, r2, r3
    adds    r2, r2, r6
.if \signed
    adds    r2, r2, r0
.endif
    lsrs    r2, r2, #24
.Lclamped\n\()_\signed:
.if \signed
    ldr     r3, [sp, #LOW]
    adds    r2, r2, r3
    strb    r2, [r1]
    add     r1, lr
.else
    add     r2, lr
    strb    r2, [r1]
    adds    r1, r1, r7
.endif
.endm

/* Below 0, or above the limit. */
.macro CLAMP n, signed
.Lclamp\n\()_\signed:
    asrs    r2, r2, #31
    mvns    r2, r2
    ldr     r3, [sp, #SPAN]
    ands    r2, r3
    b       .Lclamped\n\()_\signed
.endm

.macro SWAR name, signed
    .section .text.\name, "ax", %progbits
    .globl  \name
    .type   \name, %function
    .thumb_func
    .balign 4
\name:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    sub     sp, #FRAME
    str     r1, [sp, #X]
    subs    r2, r2, r1
    str     r2, [sp, #W]
    str     r3, [sp, #ROWS]
    ldmia   r0!, {r4, r5, r6, r7}
    str     r4, [sp, #OUTPUTS]
    movs    r4, #0
    str     r4, [sp, #DONE]
    subs    r5, #8
    str     r5, [sp, #SKIP]
    str     r6, [sp, #LOW]
    str     r7, [sp, #SPAN]
10: /* an output */
    movs    r7, #1
    lsls    r7, r7, #15
    mov     r12, r7
    ldr     r0, [sp, #X]
    ldr     r1, [sp, #W]
    ldr     r7, [sp, #ROWS]
    ldr     r2, [r7, #0]
    mov     r9, r2
    mov     r11, r2
    ldr     r3, [r7, #12]
    lsrs    r3, r3, #20
    lsls    r4, r2, #16
    adds    r4, r4, r2
    lsls    r5, r3, #15
    subs    r4, r4, r5
    mov     r8, r4
    mov     r10, r4
    ldrb    r5, [r7, #8]
    muls    r3, r5, r3
    adds    r7, r0, r3
    lsrs    r5, r5, #2
    add     pc, r5
    nop
    nop
    nop
    b       20f
    b       30f
    b       40f
    nop
    b       60f
    nop
    b       70f
20:
    GROUP   1
    GROUP   1
    AGAIN   20b
    b       80f
40:
    GROUP   3
    AGAIN   40b
    b       80f
30:
    GROUP   2
    GROUP   2
    AGAIN   30b
    b       80f
60:
    GROUP   5
    AGAIN   60b
    b       80f
70:
    GROUP   7
    AGAIN   70b
80:
    ldr     r7, [sp, #ROWS]
    ldmia   r7!, {r3, r4, r5, r6}
    lsls    r0, r6, #12
    lsrs    r0, r0, #12
.if \signed
    mov     r12, r0
    ldmia   r7!, {r3}
    str     r7, [sp, #ROWS]
    movs    r7, #31
    ands    r7, r3
    asrs    r3, r3, #5
    str     r3, [sp, #MOVE]
    ldr     r3, [sp, #STEP]
    mov     lr, r3
.else
    str     r7, [sp, #ROWS]
    ldr     r7, [sp, #STEP]
    ldr     r3, [sp, #LOW]
    mov     lr, r3
.endif
    lsrs    r6, r5, #8
    lsls    r5, r4, #19
    lsrs    r5, r5, #19
    lsrs    r4, r4, #13
    ldr     r1, [sp, #Y]
    mov     r2, r9
    lsls    r3, r2, #16
    mov     r2, r8
    subs    r2, r2, r3
    OUTPUT  0, \signed
    mov     r2, r9
    OUTPUT  1, \signed
    mov     r2, r11
    lsls    r3, r2, #16
    mov     r2, r10
    subs    r2, r2, r3
    OUTPUT  2, \signed
    mov     r2, r11
    OUTPUT  3, \signed
    ldr     r1, [sp, #Y]
    adds    r1, #1
    str     r1, [sp, #Y]
    ldr     r1, [sp, #W]
    adds    r1, #1
    ldr     r2, [sp, #DONE]
    adds    r2, #1
    str     r2, [sp, #DONE]
    ldr     r3, [sp, #OUTPUTS]
    cmp     r2, r3
    beq     95f
    lsls    r2, r2, #29
    bne     90f
    ldr     r3, [sp, #SKIP] /* to the next block of 8 outputs */
    adds    r1, r1, r3
90:
    str     r1, [sp, #W]
    b       10b
    CLAMP   0, \signed
    CLAMP   1, \signed
    CLAMP   2, \signed
    CLAMP   3, \signed
95:
    add     sp, #FRAME
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}
    .size   \name, .-\name
.endm

    SWAR    ep_swar_s8, 0
    SWAR    ep_swar_signed_s8, 1
