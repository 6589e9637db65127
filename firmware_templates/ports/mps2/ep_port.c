/* SPDX-License-Identifier: MIT-0 */
/* Arm's MPS2 and MPS3 FPGA boards: CMSDK UART, and a CMSDK timer or the SSE-300's system counter.
 *
 * EP_UART_BASE, EP_TIMER_BASE and EP_TIMER_HZ come from the board's file. Where it gives
 * EP_COUNTER_BASE, EP_TIMER_BASE is an SSE timer and the counter behind it is started there.
 */
#include <stdint.h>

#include "ep_port.h"

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupt;
    volatile uint32_t divider;
} ep_cmsdk_uart_t;

#define EP_UART ((ep_cmsdk_uart_t*)EP_UART_BASE)
#define EP_UART_SENDING 1U
#define EP_UART_RECEIVED 2U
#define EP_UART_ENABLE 3U /* transmitter and receiver */

_Static_assert(EP_CLOCK_HZ / EP_BAUD >= 16, "the CMSDK UART divides its clock by 16 or more");

#ifdef EP_COUNTER_BASE

#define EP_COUNTER_CONTROL (*(volatile uint32_t*)EP_COUNTER_BASE)
#define EP_COUNTER_LOW (*(volatile uint32_t*)EP_TIMER_BASE)

static void start_counter(void) {
    EP_COUNTER_CONTROL = 1U;
}

uint32_t ep_port_ticks(void) {
    return EP_COUNTER_LOW;
}

#else

typedef struct {
    volatile uint32_t control;
    volatile uint32_t value; /* counts down */
    volatile uint32_t reload;
} ep_cmsdk_timer_t;

#define EP_TIMER ((ep_cmsdk_timer_t*)EP_TIMER_BASE)

static void start_counter(void) {
    EP_TIMER->control = 0U;
    EP_TIMER->reload = UINT32_MAX;
    EP_TIMER->value = UINT32_MAX;
    EP_TIMER->control = 1U;
}

uint32_t ep_port_ticks(void) {
    return UINT32_MAX - EP_TIMER->value;
}

#endif

void ep_port_init(void) {
    EP_UART->divider = EP_CLOCK_HZ / EP_BAUD;
    EP_UART->control = EP_UART_ENABLE;
    (void)EP_UART->data; /* drops what the receiver held; QEMU looks for input again after this */
    start_counter();
}

int32_t ep_port_getc(void) {
    return (EP_UART->state & EP_UART_RECEIVED) != 0U ? (int32_t)(EP_UART->data & 0xFFU) : -1;
}

void ep_port_putc(uint8_t byte) {
    while ((EP_UART->state & EP_UART_SENDING) != 0U) {
    }
    EP_UART->data = byte;
}

uint32_t ep_port_ticks_hz(void) {
    return EP_TIMER_HZ;
}
