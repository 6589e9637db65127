/* SPDX-License-Identifier: MIT-0 */
/* ep_swar_s8.h for ARMv7-M without the DSP extension: 1 output of 4 columns, two columns in a word.
 *
 *   r0  x    r1  the row's weight of x, as an offset from r0    r7  end of x
 *   r2, r3   sums of a group    r4, r5  words of x    r6  weight    r12  2^15    lr  rows
 *   r8, r10  totals of r2, r3   r9, r11  totals of their upper halves
 *
 * A group of g depths has 4 g + 4 instructions and 2 of the loop for 4 g products: 1.63 each for 2,
 * 1.42 for 3, 1.38 for 4, 1.25 for 6, 1.19 for 8.
 *
 * The lower sum of a group lies in [-2^15, 2^15), so 2^15 more makes the shift right by 16 the upper
 * sum. The totals wrap at 2^32: total - (upper << 16) is the lower total modulo 2^32, where it is.
 * An output then takes 7 instructions, signed 10. The nudge carries the activation's low end in its
 * upper byte, of which a byte is stored:
 *   r0  limit    r3  product    r4, r5  factor's parts    r6  nudge    r7  step
 *   r2  y    r12  3 steps    signed: r1  y    r2  what a negative sum takes off    r12  move
 */
    .syntax unified
    .thumb

#define X 0
#define OUTPUTS 4
#define SKIP 8
#define LOW 12
#define SPAN 16
#define BLOCK 20
#define W 24
#define FRAME 28
#define Y (FRAME + 36)

.macro FIRST
    ldrsb   r6, [r1, r0]
    ldmia   r0!, {r4, r5}
    mla     r2, r6, r4, r12
    mla     r3, r6, r5, r12
.endm

.macro TAP
    ldrsb   r6, [r1, r0]
    ldmia   r0!, {r4, r5}
    mla     r2, r6, r4, r2
    mla     r3, r6, r5, r3
.endm

.macro FLUSH
    add     r9, r9, r2, asr #16
    add     r8, r8, r2
    add     r11, r11, r3, asr #16
    add     r10, r10, r3
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

/* The output of \sum to r3. */
.macro OUTPUT sum, n, signed
    cmp     \sum, r0
    bhi     .Lclamp\n\()_\signed
    mul     r3, \sum, r5
    add     r3, r6, r3, lsr #13
    mla     r3, \sum, r4, r3
.if \signed
    cmp     \sum, r12
    it      lt
    sublt   r3, r3, r2
.endif
    lsrs    r3, r3, #24
.Lclamped\n\()_\signed:
.endm

/* Below 0, or above the limit. */
.macro CLAMP sum, n, signed
.Lclamp\n\()_\signed:
    ldr     r3, [sp, #SPAN]
    bic     r3, r3, \sum, asr #31
    ldr     \sum, [sp, #LOW]
    add     r3, r3, \sum
    b       .Lclamped\n\()_\signed
.endm

.macro SWAR name, signed
    .section .text.\name, "ax", %progbits
    .globl  \name
    .type   \name, %function
    .thumb_func
    .balign 4
\name:
    push    {r4-r11, lr}
    sub     sp, #FRAME
    mov     lr, r3
    str     r1, [sp, #X]
    subs    r1, r2, r1
    ldmia   r0, {r4, r5, r6, r7}
    subs    r5, #8
    movs    r3, #8
    str     r4, [sp, #OUTPUTS]
    str     r5, [sp, #SKIP]
    str     r6, [sp, #LOW]
    str     r7, [sp, #SPAN]
    str     r3, [sp, #BLOCK]
10: /* an output */
    ldr     r0, [sp, #X]
    ldr     r9, [lr]
    ldrb    r5, [lr, #8]
    ldr     r6, [lr, #12]
.if \signed
    ldr     r4, [lr, #16]
    add     r9, r9, r4, asr #5
.endif
    lsrs    r6, r6, #20
    mov     r11, r9
    add     r8, r9, r9, lsl #16
    sub     r8, r8, r6, lsl #15
    mov     r10, r8
    mla     r7, r6, r5, r0
    mov     r12, #0x8000
    cmp     r5, #32
    beq     40f
    bhi     50f
    cmp     r5, #16
    bne     30f
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
50:
    cmp     r5, #48
    bne     70f
60:
    GROUP   5
    AGAIN   60b
    b       80f
70:
    GROUP   7
    AGAIN   70b
80:
    ldrd    r4, r6, [lr, #4]
    ldr     r0, [lr, #12]
    ldr     r3, [sp, #LOW]
    lsrs    r6, r6, #8
    add     r6, r6, r3, lsl #24
    ubfx    r5, r4, #0, #13
    lsrs    r4, r4, #13
    ubfx    r0, r0, #0, #20
    sub     r8, r8, r9, lsl #16
    sub     r10, r10, r11, lsl #16
.if \signed
    str     r1, [sp, #W]
    ldr     r12, [lr, #16]
    movs    r2, #1
    and     r3, r12, #31
    lsls    r2, r2, r3
    asr     r12, r12, #5
    ldrd    r1, r7, [sp, #Y]
    OUTPUT  r8, 0, 1
    strb    r3, [r1]
    OUTPUT  r9, 1, 1
    strb    r3, [r1, r7]
    OUTPUT  r10, 2, 1
    strb    r3, [r1, r7, lsl #1]
    OUTPUT  r11, 3, 1
    add     r7, r7, r7, lsl #1
    strb    r3, [r1, r7]
    adds    r1, #1
    str     r1, [sp, #Y]
    ldr     r1, [sp, #W]
    add     lr, lr, #20
.else
    ldrd    r2, r7, [sp, #Y]
    add     r12, r7, r7, lsl #1
    OUTPUT  r8, 0, 0
    strb    r3, [r2]
    OUTPUT  r9, 1, 0
    strb    r3, [r2, r7]
    OUTPUT  r10, 2, 0
    strb    r3, [r2, r7, lsl #1]
    OUTPUT  r11, 3, 0
    strb    r3, [r2, r12]
    adds    r2, #1
    str     r2, [sp, #Y]
    add     lr, lr, #16
.endif
    ldrd    r2, r3, [sp, #OUTPUTS]
    subs    r2, #1
    beq     95f
    str     r2, [sp, #OUTPUTS]
    adds    r1, #1
    ldr     r2, [sp, #BLOCK]
    subs    r2, #1
    itt     eq
    addeq   r1, r3 /* to the next block of 8 outputs */
    moveq   r2, #8
    str     r2, [sp, #BLOCK]
    b       10b
    CLAMP   r8, 0, \signed
    CLAMP   r9, 1, \signed
    CLAMP   r10, 2, \signed
    CLAMP   r11, 3, \signed
95:
    add     sp, #FRAME
    pop     {r4-r11, pc}
    .size   \name, .-\name
.endm

    SWAR    ep_swar_s8, 0
    SWAR    ep_swar_signed_s8, 1
