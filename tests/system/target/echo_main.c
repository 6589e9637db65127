/* SPDX-License-Identifier: MIT-0 */
/* The smallest harness that exercises a port: it echoes every byte but those behind 0x1B.
 *
 * 0x1B, a letter and a 32-bit number (little-endian) are a command; each answers 32 bits.
 */
#include <stdint.h>

#include "ep_port.h"

#define ESCAPE 0x1BU

int main(void);

static volatile uint32_t initialised = 0x12345678U;
static volatile uint32_t zeroed;
static volatile float half = 0.5F;

static void put_word(uint32_t word) {
    for (uint32_t i = 0; i < 4U; i++) {
        ep_port_putc((uint8_t)(word >> (8U * i)));
    }
}

static uint8_t get(void) {
    int32_t byte;
    do {
        byte = ep_port_getc();
    } while (byte < 0);
    return (uint8_t)byte;
}

static uint32_t get_word(void) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4U; i++) {
        word |= (uint32_t)get() << (8U * i);
    }
    return word;
}

/* Two instructions a turn, whatever the compiler. */
__attribute__((noinline)) static void spin(uint32_t turns) {
#if defined(__riscv)
    __asm volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(turns));
#elif defined(__arm__)
    __asm volatile(".syntax unified\n1: subs %0, %0, #1\n\tbne 1b" : "+l"(turns) : : "cc");
#else
    (void)turns;
#endif
}

static uint32_t time_of_spin(uint32_t turns) {
    const uint32_t before = ep_port_ticks();
    spin(turns);
    return ep_port_ticks() - before;
}

__attribute__((noinline)) static uint32_t dive(uint32_t depth) {
    volatile uint8_t room[64];
    room[depth % 64U] = (uint8_t)depth;
    return depth == 0U ? room[0] : dive(depth - 1U) + room[depth % 64U];
}

static uint32_t stack_of_dive(uint32_t depth) {
    ep_port_paint_stack();
    (void)dive(depth);
    return ep_port_stack_peak();
}

static uint32_t divide(uint32_t by) {
    const uint64_t big = 0x0123456789ABCDEFULL;
    return (uint32_t)(big / by) ^ (uint32_t)(big % by);
}

static uint32_t answer(uint8_t letter, uint32_t number) {
    switch (letter) {
        case 't':
            return time_of_spin(number);
        case 's':
            return stack_of_dive(number);
        case 'd':
            initialised += number;
            return initialised;
        case 'z':
            zeroed += number;
            return zeroed;
        case '/':
            return divide(number);
        case 'f':
            return (uint32_t)((float)number * half * 8.0F);
        case 'h':
            return ep_port_ticks_hz();
        case 'o':
            return EP_HOOK;
        case 'x':
            __builtin_trap();
        case 'r':
            ep_port_reset();
            return 0U;
        default:
            return UINT32_MAX;
    }
}

int main(void) {
    ep_port_init();
    ep_port_putc('!');
    for (;;) {
        const uint8_t byte = get();
        if (byte != ESCAPE) {
            ep_port_putc(byte);
            continue;
        }
        const uint8_t letter = get();
        if (letter == ESCAPE) {
            ep_port_putc(letter);
        } else {
            put_word(answer(letter, get_word()));
        }
    }
}
