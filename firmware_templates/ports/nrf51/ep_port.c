/* SPDX-License-Identifier: MIT-0 */
/* Nordic nRF51: UART on the pins of the micro:bit's USB interface, TIMER0 as a 32-bit counter. */
#include <stdint.h>

#include "ep_port.h"

#define EP_REG(base, offset) (*(volatile uint32_t*)((base) + (offset)))

#define EP_CLOCK_START EP_REG(0x40000000U, 0x000U)
#define EP_CLOCK_STARTED EP_REG(0x40000000U, 0x100U)

#define EP_UART_START_RX EP_REG(EP_UART_BASE, 0x000U)
#define EP_UART_START_TX EP_REG(EP_UART_BASE, 0x008U)
#define EP_UART_RECEIVED EP_REG(EP_UART_BASE, 0x108U)
#define EP_UART_SENT EP_REG(EP_UART_BASE, 0x11CU)
#define EP_UART_ENABLE EP_REG(EP_UART_BASE, 0x500U)
#define EP_UART_PIN_TX EP_REG(EP_UART_BASE, 0x50CU)
#define EP_UART_PIN_RX EP_REG(EP_UART_BASE, 0x514U)
#define EP_UART_RX EP_REG(EP_UART_BASE, 0x518U)
#define EP_UART_TX EP_REG(EP_UART_BASE, 0x51CU)
#define EP_UART_BAUD EP_REG(EP_UART_BASE, 0x524U)

#define EP_TIMER_START EP_REG(EP_TIMER_BASE, 0x000U)
#define EP_TIMER_CAPTURE EP_REG(EP_TIMER_BASE, 0x040U)
#define EP_TIMER_MODE EP_REG(EP_TIMER_BASE, 0x504U)
#define EP_TIMER_WIDTH EP_REG(EP_TIMER_BASE, 0x508U)
#define EP_TIMER_PRESCALER EP_REG(EP_TIMER_BASE, 0x510U)
#define EP_TIMER_CAPTURED EP_REG(EP_TIMER_BASE, 0x540U)

/* The baud register: baud * 2^32 / 16 MHz, in steps of 0x1000. */
#define EP_BAUD_VALUE ((uint32_t)((((uint64_t)EP_BAUD << 32U) / 16000000U + 0x800U) & 0xFFFFF000U))

_Static_assert(EP_TIMER_HZ == 16000000, "TIMER0 runs at 16 MHz without a prescaler");

void ep_port_init(void) {
    EP_CLOCK_STARTED = 0U;
    EP_CLOCK_START = 1U;
    while (EP_CLOCK_STARTED == 0U) {
    }
    EP_UART_PIN_TX = EP_PIN_TX;
    EP_UART_PIN_RX = EP_PIN_RX;
    EP_UART_BAUD = EP_BAUD_VALUE;
    EP_UART_ENABLE = 4U;
    EP_UART_RECEIVED = 0U;
    EP_UART_START_TX = 1U;
    EP_UART_START_RX = 1U;
    EP_TIMER_MODE = 0U;
    EP_TIMER_WIDTH = 3U;
    EP_TIMER_PRESCALER = 0U;
    EP_TIMER_START = 1U;
}

int32_t ep_port_getc(void) {
    if (EP_UART_RECEIVED == 0U) {
        return -1;
    }
    EP_UART_RECEIVED = 0U; /* before the read, which lets the next byte raise it again */
    return (int32_t)(EP_UART_RX & 0xFFU);
}

void ep_port_putc(uint8_t byte) {
    EP_UART_SENT = 0U;
    EP_UART_TX = byte;
    while (EP_UART_SENT == 0U) {
    }
}

uint32_t ep_port_ticks(void) {
    EP_TIMER_CAPTURE = 1U;
    return EP_TIMER_CAPTURED;
}

uint32_t ep_port_ticks_hz(void) {
    return EP_TIMER_HZ;
}
