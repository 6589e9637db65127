/* SPDX-License-Identifier: MIT-0 */
#include "ep_answer.h"

#include "ep_port.h"

void ep_put_bytes(uint8_t* to, const uint8_t* from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

uint32_t ep_argument(const ep_server_t* server, uint32_t index)
{
    return ep_get_u32(&server->in.bytes[EP_FRAME_HEADER + 4U * index]);
}

uint32_t ep_payload_bytes(const ep_server_t* server)
{
    return (uint32_t)server->in.length - EP_FRAME_HEADER;
}

uint8_t* ep_answer_payload(ep_server_t* server)
{
    return &server->out[2U + EP_FRAME_HEADER];
}

static void send(const uint8_t* wire, uint16_t bytes)
{
    for (uint16_t i = 0; i < bytes; i++) {
        ep_port_putc(wire[i]);
    }
}

static void put_header(uint8_t* header, uint8_t type, uint8_t status, uint32_t session,
                       uint32_t sequence)
{
    header[0] = EP_FRAME_MAGIC;
    header[1] = (uint8_t)(type | EP_ANSWER);
    header[2] = status;
    header[3] = 0;
    ep_put_u32(&header[4], session);
    ep_put_u32(&header[8], sequence);
}

void ep_answer(ep_server_t* server, uint8_t status, uint32_t bytes)
{
    put_header(&server->out[2], server->type, status, server->session, server->sequence);
    server->out_bytes = ep_frame_seal(server->out, (uint16_t)(EP_FRAME_HEADER + bytes));
    send(server->out, server->out_bytes);
}

void ep_refuse(const ep_server_t* server, uint8_t type, uint32_t session, uint32_t sequence)
{
    uint8_t wire[EP_FRAME_HEADER + 4U + EP_FRAME_CRC + 3U];
    put_header(&wire[2], type, EP_NO_SESSION, session, sequence);
    ep_put_u32(&wire[2U + EP_FRAME_HEADER], server->nonce);
    send(wire, ep_frame_seal(wire, (uint16_t)(EP_FRAME_HEADER + 4U)));
}

void ep_answer_again(const ep_server_t* server)
{
    send(server->out, server->out_bytes);
}
