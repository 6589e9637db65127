/* The devices of the emulated boards: UARTs, timers, and what can restart a board. Each has a
 * `_read` and a `_write` with the parameters of unicorn's callbacks, which it seldom needs all.
 */
#include <stddef.h>
#include <string.h>

#include "unicorn_core.h"

/* CMSDK APB UART */

static uint32_t cmsdk_uart_control;

uint64_t cmsdk_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return line_take();
    case 0x4: return (cmsdk_uart_control & 2u) && line_ready() ? 2 : 0;
    case 0x8: return cmsdk_uart_control;
    default: return 0;
    }
}

void cmsdk_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x0 && (cmsdk_uart_control & 1u)) {
        line_put(value);
    } else if (offset == 0x8) {
        cmsdk_uart_control = (uint32_t)value;
    }
}

/* nRF51 UART: an event register for each way */

static uint32_t nrf51_tx_done;

uint64_t nrf51_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x108: return (uint64_t)line_ready();
    case 0x11C: return nrf51_tx_done;
    case 0x518: return line_take();
    default: return 0;
    }
}

void nrf51_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x51C) {
        line_put(value);
        nrf51_tx_done = 1;
    } else if (offset == 0x11C) {
        nrf51_tx_done = (uint32_t)value;
    }
}

/* STM32 USART of the F1, F2 and F4: SR, DR */

uint64_t stm32_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return 0xC0u | (line_ready() ? 0x20u : 0u);
    case 0x4: return line_take();
    default: return 0;
    }
}

void stm32_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x4) {
        line_put(value);
    }
}

/* NS16550A */

static uint8_t ns16550_lcr;

uint64_t ns16550_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0: return (ns16550_lcr & 0x80u) ? 0 : line_take();
    case 3: return ns16550_lcr;
    case 5: return 0x60u | (line_ready() ? 1u : 0u);
    default: return 0;
    }
}

void ns16550_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0 && !(ns16550_lcr & 0x80u)) {
        line_put(value);
    } else if (offset == 3) {
        ns16550_lcr = (uint8_t)value;
    }
}

/* CMSDK APB timer: counts down from `value`, then from `reload` */

static struct {
    uint32_t control;
    uint32_t reload;
    uint64_t value; /* at `since` */
    uint64_t since;
} cmsdk;

static uint32_t cmsdk_value(uint64_t now)
{
    uint64_t gone = (cmsdk.control & 1u) ? now - cmsdk.since : 0;
    if (gone <= cmsdk.value) {
        return (uint32_t)(cmsdk.value - gone);
    }
    return (uint32_t)(cmsdk.reload - (gone - cmsdk.value - 1) % ((uint64_t)cmsdk.reload + 1));
}

uint64_t cmsdk_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return cmsdk.control;
    case 0x4: return cmsdk_value(time_ticks(uc));
    case 0x8: return cmsdk.reload;
    default: return 0;
    }
}

void cmsdk_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    uint64_t now;
    if (offset > 0x8) {
        return;
    }
    now = time_ticks(uc);
    cmsdk.value = cmsdk_value(now);
    cmsdk.since = now;
    switch (offset) {
    case 0x0: cmsdk.control = (uint32_t)value; break;
    case 0x4: cmsdk.value = (uint32_t)value; break;
    default:
        cmsdk.reload = (uint32_t)value;
        cmsdk.value = (uint32_t)value;
        break;
    }
}

/* nRF51 TIMER0: counts up, read by a capture into CC[n]. As in QEMU each capture moves `since` on by
 * whole nanoseconds. */

static struct {
    int running;
    uint32_t bitmode;
    uint32_t prescaler;
    uint32_t value; /* at `since`, in ns */
    uint64_t since;
    uint32_t cc[4];
} nrf51;

static uint32_t nrf51_value(uint64_t now)
{
    static const uint32_t mask[4] = {0xFFFFu, 0xFFu, 0xFFFFFFu, 0xFFFFFFFFu};
    if (nrf51.running) {
        uint64_t hz = time_hz() >> nrf51.prescaler;
        uint64_t gone = time_scale(now - nrf51.since, hz, NS);
        nrf51.value += (uint32_t)gone;
        nrf51.since += time_scale(gone, NS, hz);
    }
    nrf51.value &= mask[nrf51.bitmode & 3u];
    return nrf51.value;
}

uint64_t nrf51_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x508: return nrf51.bitmode;
    case 0x510: return nrf51.prescaler;
    case 0x540: case 0x544: case 0x548: case 0x54C: return nrf51.cc[(offset - 0x540) / 4];
    default: return 0;
    }
}

void nrf51_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    uint64_t now;
    switch (offset) {
    case 0x508: nrf51.bitmode = (uint32_t)value; return;
    case 0x510: nrf51.prescaler = (uint32_t)value & 15u; return;
    case 0x540: case 0x544: case 0x548: case 0x54C:
        nrf51.cc[(offset - 0x540) / 4] = (uint32_t)value;
        return;
    default: break;
    }
    if (offset > 0x4C || value != 1) {
        return;
    }
    now = time_ns(uc);
    switch (offset) {
    case 0x000: nrf51.since = nrf51.running ? nrf51.since : now; nrf51.running = 1; break;
    case 0x004: nrf51_value(now); nrf51.running = 0; break;
    case 0x00C: nrf51.value = 0; nrf51.since = now; break;
    case 0x040: case 0x044: case 0x048: case 0x04C:
        nrf51.cc[(offset - 0x40) / 4] = nrf51_value(now);
        break;
    default: break;
    }
}

/* STM32 TIM2..TIM5 as QEMU has them: CNT always counts, PSC divides */

static struct {
    uint32_t registers[32];
    uint64_t offset;
} stm32;

uint64_t stm32_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    if (offset == 0x24) {
        return (uint32_t)(time_ticks(uc) / (stm32.registers[10] + 1ull) - stm32.offset);
    }
    return offset < sizeof stm32.registers ? stm32.registers[offset / 4] : 0;
}

void stm32_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    int restarts = offset == 0x24 || (offset == 0x14 && (value & 1u));
    if (offset < sizeof stm32.registers) {
        stm32.registers[offset / 4] = (uint32_t)value;
    }
    if (restarts) {
        stm32.offset = time_ticks(uc) / (stm32.registers[10] + 1ull) - (offset == 0x24 ? value : 0);
    }
}

/* Arm's private peripherals: registers that keep what is written; AIRCR restarts the board.
 * `data` is the array of bytes behind them. */

uint64_t registers_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t*)data + offset, size);
    return value;
}

void registers_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0xED0C) {
        if ((value >> 16) == 0x05FAu && (value & 4u)) {
            core_stop(uc, STOP_RESET);
        }
        return;
    }
    memcpy((uint8_t*)data + offset, &value, size);
}

/* QEMU's RISC-V test device: 0x7777 restarts the board */

uint64_t power_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    return 0;
}

void power_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0 && (value & 0xFFFFu) == 0x7777u) {
        core_stop(uc, STOP_RESET);
    }
}

/* nRF51 clock: whatever was started runs */

uint64_t nrf51_clock_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    return 1;
}

void nrf51_clock_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
}

void devices_reset(void)
{
    cmsdk_uart_control = 0;
    nrf51_tx_done = 0;
    ns16550_lcr = 0;
    memset(&cmsdk, 0, sizeof cmsdk);
    memset(&nrf51, 0, sizeof nrf51);
    memset(&stm32, 0, sizeof stm32);
}
