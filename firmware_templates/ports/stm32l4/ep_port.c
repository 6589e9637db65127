/* SPDX-License-Identifier: MIT-0 */
/* STM32L4R5 on the Nucleo-144: 120 MHz from MSI and PLL, LPUART1 on PG7 (TX) and PG8 (RX), which
 * the ST-LINK brings to USB, and the core's cycle counter. Register names as in ST's RM0432.
 */
#include <stdint.h>

#include "ep_port.h"

#define EP_REG(address) (*(volatile uint32_t*)(address))

#define RCC_CR EP_REG(0x40021000U)
#define RCC_CFGR EP_REG(0x40021008U)
#define RCC_PLLCFGR EP_REG(0x4002100CU)
#define RCC_AHB2ENR EP_REG(0x4002104CU)
#define RCC_APB1ENR1 EP_REG(0x40021058U)
#define RCC_APB1ENR2 EP_REG(0x4002105CU)
#define RCC_CCIPR EP_REG(0x40021088U)
#define FLASH_ACR EP_REG(0x40022000U)
#define PWR_CR1 EP_REG(0x40007000U)
#define PWR_CR2 EP_REG(0x40007004U)
#define PWR_SR2 EP_REG(0x40007014U)
#define PWR_CR5 EP_REG(0x40007080U)
#define GPIOG_MODER EP_REG(0x48001800U)
#define GPIOG_OSPEEDR EP_REG(0x48001808U)
#define GPIOG_PUPDR EP_REG(0x4800180CU)
#define GPIOG_AFRL EP_REG(0x48001820U)
#define GPIOG_AFRH EP_REG(0x48001824U)
#define LPUART_CR1 EP_REG(EP_UART_BASE + 0x00U)
#define LPUART_BRR EP_REG(EP_UART_BASE + 0x0CU)
#define LPUART_ISR EP_REG(EP_UART_BASE + 0x1CU)
#define LPUART_ICR EP_REG(EP_UART_BASE + 0x20U)
#define LPUART_RDR EP_REG(EP_UART_BASE + 0x24U)
#define LPUART_TDR EP_REG(EP_UART_BASE + 0x28U)
#define DEMCR EP_REG(0xE000EDFCU)
#define DWT_CTRL EP_REG(0xE0001000U)
#define DWT_CYCCNT EP_REG(0xE0001004U)

#define RCC_CR_MSIRDY (1U << 1)
#define RCC_CR_PLLON (1U << 24)
#define RCC_CR_PLLRDY (1U << 25)
#define RCC_CFGR_SW_PLL 3U
#define RCC_CFGR_SWS 0xCU
#define RCC_CFGR_HPRE 0xF0U
#define RCC_CFGR_HPRE_DIV2 0x80U
#define PWR_SR2_VOSF (1U << 10)
#define PWR_CR2_IOSV (1U << 9)
#define PWR_CR5_R1MODE (1U << 8)
#define FLASH_ACR_CACHES 0x700U /* prefetch, instruction cache, data cache */
#define FLASH_ACR_LATENCY 0xFU
#define LPUART_ENABLE 0xDU /* UE, TE, RE */
#define LPUART_FIFO (1U << 29)
#define LPUART_OVERRUN (1U << 3)
#define LPUART_RECEIVED (1U << 5)
#define LPUART_EMPTY (1U << 7)

/* MSI 4 MHz / M 1 * N 60 / R 2 = 120 MHz. */
#define EP_MSI_HZ 4000000
#define EP_PLL_N 60
#define EP_PLL_R 2
#define EP_FLASH_WAIT_STATES 5U /* range 1 boost: 5 up to 120 MHz */

_Static_assert(EP_MSI_HZ * EP_PLL_N / EP_PLL_R == EP_CLOCK_HZ, "the PLL gives the board's clock");
_Static_assert(EP_TIMER_HZ == EP_CLOCK_HZ, "CYCCNT counts the core's cycles");

/* LPUART divides 256 * clock; the quotient must lie in [0x300, 0xFFFFF]. */
#define EP_BRR ((uint32_t)((256ULL * EP_CLOCK_HZ + EP_BAUD / 2) / EP_BAUD))
_Static_assert(EP_BRR >= 0x300U && EP_BRR <= 0xFFFFFU, "LPUART1 cannot make this baud rate");

static void start_clock(void) {
    RCC_APB1ENR1 |= 1U << 28; /* PWR */
    (void)RCC_APB1ENR1;
    PWR_CR1 = (PWR_CR1 & ~0x600U) | 0x200U; /* range 1 */
    while ((PWR_SR2 & PWR_SR2_VOSF) != 0U) {
    }
    PWR_CR5 &= ~PWR_CR5_R1MODE; /* boost, which 80 MHz and more need */
    FLASH_ACR = (FLASH_ACR & ~FLASH_ACR_LATENCY) | FLASH_ACR_CACHES | EP_FLASH_WAIT_STATES;
    while ((FLASH_ACR & FLASH_ACR_LATENCY) != EP_FLASH_WAIT_STATES) {
    }
    while ((RCC_CR & RCC_CR_MSIRDY) == 0U) { /* 4 MHz out of reset */
    }
    RCC_CR &= ~RCC_CR_PLLON;
    while ((RCC_CR & RCC_CR_PLLRDY) != 0U) {
    }
    /* Source MSI, M = 1 (0), N, R = 2 (0), R output on. */
    RCC_PLLCFGR = 1U | ((uint32_t)EP_PLL_N << 8) | (1U << 24);
    RCC_CR |= RCC_CR_PLLON;
    while ((RCC_CR & RCC_CR_PLLRDY) == 0U) {
    }
    /* Two steps, at least 1 us at half speed between them, as range 1 boost demands. */
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_HPRE) | RCC_CFGR_HPRE_DIV2;
    RCC_CFGR |= RCC_CFGR_SW_PLL;
    while ((RCC_CFGR & RCC_CFGR_SWS) != RCC_CFGR_SWS) {
    }
    for (volatile uint32_t i = 0; i < 64U; i++) {
    }
    RCC_CFGR &= ~RCC_CFGR_HPRE;
}

static void start_uart(void) {
    PWR_CR2 |= PWR_CR2_IOSV; /* port G has a supply of its own */
    RCC_AHB2ENR |= 1U << 6;  /* port G */
    RCC_APB1ENR2 |= 1U;      /* LPUART1 */
    RCC_CCIPR = (RCC_CCIPR & ~0xC00U) | 0x400U; /* clocked by SYSCLK */
    (void)RCC_CCIPR;
    GPIOG_OSPEEDR |= 0xAU << 14;
    GPIOG_PUPDR = (GPIOG_PUPDR & ~(0xFU << 14)) | (0x4U << 14); /* RX pulled up */
    GPIOG_AFRL = (GPIOG_AFRL & ~(0xFU << 28)) | (8U << 28);
    GPIOG_AFRH = (GPIOG_AFRH & ~0xFU) | 8U;
    GPIOG_MODER = (GPIOG_MODER & ~(0xFU << 14)) | (0xAU << 14);
    LPUART_CR1 = 0U;
    LPUART_BRR = EP_BRR;
    LPUART_CR1 = LPUART_FIFO;
    LPUART_CR1 = LPUART_FIFO | LPUART_ENABLE;
}

static void start_counter(void) {
    DEMCR |= 1U << 24;
    DWT_CYCCNT = 0U;
    DWT_CTRL |= 1U;
}

void ep_port_init(void) {
    start_clock();
    start_uart();
    start_counter();
}

int32_t ep_port_getc(void) {
    const uint32_t status = LPUART_ISR;
    if ((status & LPUART_OVERRUN) != 0U) {
        LPUART_ICR = LPUART_OVERRUN;
    }
    return (status & LPUART_RECEIVED) != 0U ? (int32_t)(LPUART_RDR & 0xFFU) : -1;
}

void ep_port_putc(uint8_t byte) {
    while ((LPUART_ISR & LPUART_EMPTY) == 0U) {
    }
    LPUART_TDR = byte;
}

uint32_t ep_port_ticks(void) {
    return DWT_CYCCNT;
}

uint32_t ep_port_ticks_hz(void) {
    return EP_TIMER_HZ;
}
