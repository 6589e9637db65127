/* SPDX-License-Identifier: MIT-0 */
/* The firmware: one serial line, on which frames (ep_server.h) and text (ep_mlperf.h) take turns. */
#include "ep_mlperf.h"
#include "ep_model.h"
#include "ep_port.h"
#include "ep_server.h"

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
        ep_mlperf_tick(&text);
        if (byte >= 0) {
            if (server.nonce == 0U) {
                server.nonce = make_nonce(polls);
            }
            take((uint8_t)byte);
        }
    }
}
