/* SPDX-License-Identifier: MIT-0 */
/* From reset to main on a Cortex-M: vectors, FPU, initialised data, zeroed data. */
#include <stdint.h>

#include "ep_port.h"

#define EP_CPACR (*(volatile uint32_t*)0xE000ED88U) /* who may use the coprocessors */
#define EP_AIRCR (*(volatile uint32_t*)0xE000ED0CU)
#define EP_AIRCR_RESET 0x05FA0004U

extern uint32_t __data_start[];
extern uint32_t __data_end[];
extern const uint32_t __data_load[];
extern uint32_t __hot_start[];
extern uint32_t __hot_end[];
extern const uint32_t __hot_load[];
extern uint32_t __bss_start[];
extern uint32_t __bss_end[];
extern uint32_t __stack_top[];

int main(void);
void Reset_Handler(void);
void ep_start(void);
void __aeabi_unwind_cpp_pr0(void);

typedef struct {
    uint32_t* stack;
    void (*handlers[15])(void);
} ep_vectors_t;

_Static_assert(sizeof(ep_vectors_t) == 64U, "16 vectors of 4 bytes");

/* No interrupt is ever enabled, so any exception is a fault: a restart tells the host so. */
static void fault(void) {
    ep_port_reset();
}

__attribute__((section(".vectors"), used)) static const ep_vectors_t vectors = {
    __stack_top,
    {Reset_Handler, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault, fault, fault},
};

static void copy(uint32_t* to, const uint32_t* end, const uint32_t* from) {
    while (to < end) {
        *to++ = *from++;
    }
}

/* In a function of its own: its prologue may save floating-point registers. */
__attribute__((noinline)) void ep_start(void) {
    copy(__data_start, __data_end, __data_load);
    copy(__hot_start, __hot_end, __hot_load);
    for (uint32_t* to = __bss_start; to < __bss_end; to++) {
        *to = 0U;
    }
    __asm volatile("dsb\n\tisb" ::: "memory"); /* code was written */
    (void)main();
    ep_port_reset();
}

void Reset_Handler(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    EP_CPACR |= 0x00F00000U;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
    ep_start();
    for (;;) {
    }
}

void ep_port_reset(void) {
    /* Time for what the UART still holds: 20 bits and more at 4 cycles a turn and more. */
    for (volatile uint32_t i = 0; i < EP_CLOCK_HZ / EP_BAUD * 20U; i++) {
    }
    __asm volatile("dsb" ::: "memory");
    EP_AIRCR = EP_AIRCR_RESET;
    __asm volatile("dsb" ::: "memory");
    for (;;) {
    }
}

/* libgcc's 64-bit division names this handler; defined here, it does not bring the unwinder in. */
void __aeabi_unwind_cpp_pr0(void) {
}
