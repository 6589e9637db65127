/* SPDX-License-Identifier: MIT-0 */
/* The firmware: one serial line, on which frames (ep_server.h) and text (ep_mlperf.h) take turns. */
#include "ep_mlperf.h"
#include "ep_model.h"
#include "ep_port.h"
#include "ep_server.h"

/* Turns of an empty loop, some 8 clocks each, between two looks at a silent line. A look keeps others
 * off the bus; on an emulator that is the thread which brings the next byte. A quarter of a byte's
 * time is safe with a UART that holds one byte. */
#ifndef EP_IDLE_TURNS
#if defined(EP_CLOCK_HZ) && defined(EP_BAUD)
#define EP_IDLE_TURNS (EP_CLOCK_HZ / EP_BAUD * 10 / 4 / 8)
#else
#define EP_IDLE_TURNS 0
#endif
#endif

static ep_server_t server;
static ep_mlperf_t text;

/* A number that differs from boot to boot: how long the host took to say something. */
static uint32_t make_nonce(uint32_t polls)
{
    return ((ep_port_ticks() ^ (polls << 16) ^ polls) * 2654435761U) | 1U;
}

static void take(uint8_t byte)
{
    switch (ep_server_byte(&server, byte)) {
    case EP_BYTE_TEXT_2:
        ep_mlperf_break(&text);
        ep_mlperf_byte(&text, server.in.held);
        ep_mlperf_byte(&text, byte);
        break;
    case EP_BYTE_TEXT:
        ep_mlperf_byte(&text, byte);
        break;
    case EP_BYTE_BREAK:
        ep_mlperf_break(&text);
        break;
    case EP_BYTE_FRAME:
        ep_mlperf_break(&text);
        ep_mlperf_forget(&text);
        break;
    default:
        break;
    }
}

static void idle(void)
{
    for (volatile uint32_t turn = 0; turn != (uint32_t)EP_IDLE_TURNS; turn++) {
    }
}

int main(void); /* free-standing C knows no main */

int main(void)
{
    uint32_t polls = 0;
    ep_port_init();
    ep_port_paint_stack();
    ep_model.init();
    ep_server_init(&server);
    ep_mlperf_init(&text);
    for (;;) {
        const int32_t byte = ep_port_getc();
        polls++;
        if ((polls & 255U) == 0U) {
            ep_mlperf_tick(&text);
        }
        if (byte < 0) {
            idle();
            continue;
        }
        if (server.nonce == 0U) {
            server.nonce = make_nonce(polls);
        }
        take((uint8_t)byte);
    }
}
