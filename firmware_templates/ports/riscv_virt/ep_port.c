/* SPDX-License-Identifier: MIT-0 */
/* QEMU's RISC-V `virt` machine: a 16550 UART, and the count of retired instructions. */
#include <stdint.h>

#include "ep_port.h"

#define EP_REG8(base, offset) (*(volatile uint8_t*)((base) + (offset)))

#define EP_UART_DATA EP_REG8(EP_UART_BASE, 0U)
#define EP_UART_INTERRUPTS EP_REG8(EP_UART_BASE, 1U)
#define EP_UART_FIFO EP_REG8(EP_UART_BASE, 2U)
#define EP_UART_LINE EP_REG8(EP_UART_BASE, 3U)
#define EP_UART_STATUS EP_REG8(EP_UART_BASE, 5U)
#define EP_UART_RECEIVED 0x01U
#define EP_UART_EMPTY 0x20U

#define EP_POWER (*(volatile uint32_t*)0x00100000U)
#define EP_POWER_RESET 0x7777U

void ep_port_init(void) {
    EP_UART_INTERRUPTS = 0U;
    EP_UART_LINE = 3U; /* 8 bits, no parity, one stop bit */
    EP_UART_FIFO = 1U;
}

int32_t ep_port_getc(void) {
    return (EP_UART_STATUS & EP_UART_RECEIVED) != 0U ? (int32_t)EP_UART_DATA : -1;
}

void ep_port_putc(uint8_t byte) {
    while ((EP_UART_STATUS & EP_UART_EMPTY) == 0U) {
    }
    EP_UART_DATA = byte;
}

uint32_t ep_port_ticks(void) {
    uint32_t retired;
    __asm volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, minstret\n\t.option pop"
                   : "=r"(retired));
    return retired;
}

uint32_t ep_port_ticks_hz(void) {
    return EP_TIMER_HZ;
}

void ep_port_reset(void) {
    EP_POWER = EP_POWER_RESET;
    for (;;) {
    }
}
