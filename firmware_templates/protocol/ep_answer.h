/* SPDX-License-Identifier: MIT-0 */
/* A request's payload, and the answer to it. */
#ifndef EP_ANSWER_H
#define EP_ANSWER_H

#include <stdint.h>

#include "ep_server.h"

void ep_put_bytes(uint8_t* to, const uint8_t* from, uint32_t bytes);

uint32_t ep_payload_bytes(const ep_server_t* server);

/// The index-th u32 of the request's payload, which must be that long.
uint32_t ep_argument(const ep_server_t* server, uint32_t index);

/// Where the answer's payload goes: [EP_FRAME_PAYLOAD].
uint8_t* ep_answer_payload(ep_server_t* server);

/// Seal, keep and send the answer to the current request; its payload is in place.
void ep_answer(ep_server_t* server, uint8_t status, uint32_t bytes);

/// Send the kept answer once more; nothing where the request got none.
void ep_answer_again(const ep_server_t* server);

/// Answer a session that is not known, without touching the answer that is kept.
void ep_refuse(const ep_server_t* server, uint8_t type, uint32_t session, uint32_t sequence);

#endif
