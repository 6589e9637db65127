/* SPDX-License-Identifier: MIT-0 */
/* How deep the stack went: paint what lies below the caller, look later where the paint begins. */
#include <stdint.h>

#include "ep_port.h"

#define EP_PAINT 0xA5C3965AU
/* Below the painting function's own frame, so that it does not paint what it stands on. */
#define EP_PAINT_MARGIN 64U

extern uint32_t __stack_limit[]; /* lowest address the stack may reach, from the linker script */

static uintptr_t painted_from;

static inline uintptr_t frame(void) {
    return (uintptr_t)__builtin_frame_address(0);
}

__attribute__((noinline)) void ep_port_paint_stack(void) {
    painted_from = frame();
    volatile uint32_t* word = __stack_limit;
    while ((uintptr_t)word + EP_PAINT_MARGIN < painted_from) {
        *word++ = EP_PAINT;
    }
}

__attribute__((noinline)) uint32_t ep_port_stack_peak(void) {
    const volatile uint32_t* word = __stack_limit;
    while ((uintptr_t)word < painted_from && *word == EP_PAINT) {
        word++;
    }
    return (uint32_t)(painted_from - (uintptr_t)word);
}
