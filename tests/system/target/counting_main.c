/* SPDX-License-Identifier: MIT-0 */
/* A harness whose answers are counts: each letter runs one piece of work between two readings of the
 * counter and answers the ticks and a digest, 32 bits each, little-endian. Some letters misbehave.
 */
#include <stdbool.h>
#include <stdint.h>

#include "ep_port.h"

int main(void);

static volatile uint32_t sink;
static volatile uint8_t bytes[256];

static void put_word(uint32_t word)
{
    for (uint32_t i = 0; i < 4U; i++) {
        ep_port_putc((uint8_t)(word >> (8U * i)));
    }
}

__attribute__((noinline)) static void nothing(uint32_t turns)
{
    (void)turns;
    __asm volatile("");
}

__attribute__((noinline)) static void branch(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++) {
        if ((sink & 3U) == 1U) {
            sink += i;
        } else if ((sink & 64U) != 0U) {
            sink ^= sink << 3U;
        } else {
            sink = sink * 5U + 3U;
        }
    }
}

__attribute__((noinline)) static void divide(uint32_t turns)
{
    for (uint32_t i = 1; i <= turns; i++) {
        const uint64_t wide = ((uint64_t)sink << 20U) + 0x12345678U;
        sink = (uint32_t)(wide / i) ^ (sink / i);
    }
}

__attribute__((noinline)) static void multiply_floats(uint32_t turns)
{
    volatile float value = 1.0F;
    for (uint32_t i = 0; i < turns; i++) {
        value = (value > 1000.0F) ? 1.0F : value * 1.01F;
    }
    sink = (uint32_t)(value * 1000.0F);
}

__attribute__((noinline)) static void move(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++) {
        bytes[(i * 7U) & 255U] = (uint8_t)(bytes[i & 255U] + i);
    }
    sink += bytes[turns & 255U];
}

__attribute__((noinline)) static uint32_t descend(uint32_t depth)
{
    const uint32_t below = (depth == 0U) ? sink : descend(depth - 1U);
    return below * 3U + depth;
}

__attribute__((noinline)) static void recurse(uint32_t turns)
{
    sink = descend(turns & 15U);
}

/* The counter is read inside the measured work too, now and then. */
__attribute__((noinline)) static void look_at_clock(uint32_t turns)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < turns; i++) {
        if ((i & 255U) == 0U) {
            seen |= ep_port_ticks() - ep_port_ticks();
        }
    }
    sink += seen != 0U;
}

static void measure(void (*work)(uint32_t), uint32_t turns)
{
    void (*volatile const call)(uint32_t) = work;
    const uint32_t before = ep_port_ticks();
    call(turns);
    const uint32_t ticks = ep_port_ticks() - before;
    put_word(ticks);
    put_word(sink);
}

static void poll_and_watch(void)
{
    int32_t byte;
    do {
        sink = ep_port_ticks();
        byte = ep_port_getc();
    } while (byte < 0);
    ep_port_putc((uint8_t)byte);
}

static void misbehave(uint8_t letter)
{
    if (letter == 'W') {
        *(volatile uint32_t*)0x60000000U = 1U;
    } else if (letter == 'R') {
        sink = *(volatile uint32_t*)0x60000004U;
    } else if (letter == 'F') {
        *(volatile uint32_t*)(uintptr_t)(uint32_t)main = 1U;
    } else if (letter == 'J') {
        void (*volatile const nowhere)(void) = (void (*)(void))0x60000001U;
        nowhere();
    } else if (letter == 'U') {
        __builtin_trap();
    }
}

static void answer(uint8_t letter)
{
    static void (*const works[])(uint32_t) = {nothing, branch,  divide, multiply_floats,
                                              move,    recurse, look_at_clock};
    if ((letter >= (uint8_t)'a') && (letter <= (uint8_t)'g')) {
        void (*const work)(uint32_t) = works[letter - (uint8_t)'a'];
        measure(work, 1U);
        measure(work, 10U);
        measure(work, 1000U);
    } else if (letter == (uint8_t)'p') {
        poll_and_watch();
    } else if (letter == (uint8_t)'h') {
        ep_port_putc('h');
        for (;;) {
            sink++;
        }
    } else if (letter == (uint8_t)'r') {
        ep_port_reset();
    } else {
        misbehave(letter);
    }
}

int main(void)
{
    ep_port_init();
    ep_port_putc('!');
    for (;;) {
        const int32_t byte = ep_port_getc();
        if (byte == (int32_t)'?') {
            ep_port_putc('!');
        } else if (byte >= 0) {
            answer((uint8_t)byte);
        }
    }
}
