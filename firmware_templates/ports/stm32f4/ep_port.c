/* SPDX-License-Identifier: MIT-0 */
/* STM32F405 as QEMU plays it: USART1, and TIM2 as a 32-bit counter at EP_TIMER_HZ.
 *
 * Pins and clock tree are left alone: the emulated board has none.
 */
#include <stdint.h>

#include "ep_port.h"

#define EP_REG(base, offset) (*(volatile uint32_t*)((base) + (offset)))

#define EP_UART_STATUS EP_REG(EP_UART_BASE, 0x00U)
#define EP_UART_DATA EP_REG(EP_UART_BASE, 0x04U)
#define EP_UART_DIVIDER EP_REG(EP_UART_BASE, 0x08U)
#define EP_UART_CONTROL EP_REG(EP_UART_BASE, 0x0CU)
#define EP_UART_RECEIVED 0x20U
#define EP_UART_EMPTY 0x80U
#define EP_UART_ENABLE 0x200CU /* USART, transmitter, receiver */

#define EP_TIMER_CONTROL EP_REG(EP_TIMER_BASE, 0x00U)
#define EP_TIMER_EVENT EP_REG(EP_TIMER_BASE, 0x14U)
#define EP_TIMER_COUNT EP_REG(EP_TIMER_BASE, 0x24U)
#define EP_TIMER_PRESCALER EP_REG(EP_TIMER_BASE, 0x28U)
#define EP_TIMER_RELOAD EP_REG(EP_TIMER_BASE, 0x2CU)

void ep_port_init(void) {
    EP_UART_DIVIDER = EP_CLOCK_HZ / 2 / EP_BAUD;
    EP_UART_CONTROL = EP_UART_ENABLE;
    EP_TIMER_PRESCALER = 0U;
    EP_TIMER_RELOAD = UINT32_MAX;
    EP_TIMER_EVENT = 1U;
    EP_TIMER_CONTROL = 1U;
}

int32_t ep_port_getc(void) {
    return (EP_UART_STATUS & EP_UART_RECEIVED) != 0U ? (int32_t)(EP_UART_DATA & 0xFFU) : -1;
}

void ep_port_putc(uint8_t byte) {
    while ((EP_UART_STATUS & EP_UART_EMPTY) == 0U) {
    }
    EP_UART_DATA = byte;
}

uint32_t ep_port_ticks(void) {
    return EP_TIMER_COUNT;
}

uint32_t ep_port_ticks_hz(void) {
    return EP_TIMER_HZ;
}
