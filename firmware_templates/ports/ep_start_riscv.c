/* SPDX-License-Identifier: MIT-0 */
/* From reset to main on a 32-bit RISC-V in machine mode. */
#include <stdint.h>

#include "ep_port.h"

extern uint32_t __data_start[];
extern uint32_t __data_end[];
extern const uint32_t __data_load[];
extern uint32_t __hot_start[];
extern uint32_t __hot_end[];
extern const uint32_t __hot_load[];
extern uint32_t __bss_start[];
extern uint32_t __bss_end[];

int main(void);
void Reset_Handler(void);
void ep_start(void);
void ep_fault(void);

_Static_assert(sizeof(void*) == 4U, "this start is for RV32");

/* No interrupt is ever enabled, so any trap is a fault: a restart tells the host so. */
__attribute__((aligned(4))) void ep_fault(void) {
    ep_port_reset();
}

static void copy(uint32_t* to, const uint32_t* end, const uint32_t* from) {
    while (to < end) {
        *to++ = *from++;
    }
}

__attribute__((noinline)) void ep_start(void) {
    copy(__data_start, __data_end, __data_load);
    copy(__hot_start, __hot_end, __hot_load);
    for (uint32_t* to = __bss_start; to < __bss_end; to++) {
        *to = 0U;
    }
    __asm volatile(".option push\n\t.option arch, +zifencei\n\tfence.i\n\t.option pop" ::: "memory");
    (void)main();
    ep_port_reset();
}

/* First in flash, where the machine begins. There is no stack yet, hence no C. */
__attribute__((naked, section(".vectors"), used)) void Reset_Handler(void) {
    __asm volatile(
        ".option push\n\t"
        ".option arch, +zicsr\n\t"
        "la sp, __stack_top\n\t"
        "la t0, ep_fault\n\t"
        "csrw mtvec, t0\n\t"
#if defined(__riscv_flen)
        "li t0, 0x2000\n\t"
        "csrs mstatus, t0\n\t"
#endif
        "j ep_start\n\t"
        ".option pop");
}
