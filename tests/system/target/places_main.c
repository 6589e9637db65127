/* SPDX-License-Identifier: MIT-0 */
/* Reads the CMSDK timer at several places of one straight stretch of code, one of them conditional,
 * and answers the ticks between them. */
#include <stdint.h>

#include "ep_port.h"

#define TIMER (*(volatile uint32_t*)(EP_TIMER_BASE + 4U))

int main(void);

static volatile uint32_t sink;

static void put_word(uint32_t word)
{
    for (uint32_t i = 0; i < 4U; i++) {
        ep_port_putc((uint8_t)(word >> (8U * i)));
    }
}

/* `*from` where `turn` is even, else 0, without a branch. */
static inline uint32_t read_if_even(const volatile uint32_t* from, uint32_t turn)
{
    uint32_t value = 0;
    __asm volatile("tst %2, #1\n\tit eq\n\tldreq %0, [%1]"
                   : "+&r"(value)
                   : "r"(from), "r"(turn)
                   : "cc", "memory");
    return value;
}

/* The address is lost as the value arrives. */
__attribute__((noinline)) static uint32_t read_over(const volatile uint32_t* from)
{
    uint32_t value = (uint32_t)(uintptr_t)from;
    __asm volatile("ldr %0, [%0]" : "+r"(value) : : "memory");
    return value;
}

static void straight(uint32_t turn)
{
    const uint32_t a = TIMER;
    sink = turn;
    const uint32_t b = read_if_even(&TIMER, turn);
    sink = turn + 1U;
    sink = turn + 2U;
    sink = turn + 3U;
    const uint32_t c = TIMER;
    sink = 7U;
    const uint32_t d = TIMER;
    put_word(a - ((b == 0U) ? c : b));
    put_word(a - c);
    put_word(c - d);
    const uint32_t e = TIMER;
    put_word(e - read_over(&TIMER));
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
            straight((uint32_t)byte);
        }
    }
}
