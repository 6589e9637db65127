/* SPDX-License-Identifier: MIT-0 */
/* Requests that neither run nor change the model. */
#ifndef EP_LOOK_H
#define EP_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "ep_model.h"
#include "ep_server.h"

/// What READ, SET and TENSOR call a space.
enum { EP_OUTPUT = 0, EP_ARENA = 1, EP_INPUT = 2 };

/// Answer a HELLO.
void ep_hello(ep_server_t* server);

/// Answer the request if it is TEXT, TENSOR, READ or ECHO; else returns false.
bool ep_look(ep_server_t* server);

/// Bytes of a space, or NULL where they are not all inside it.
uint8_t* ep_locate(uint32_t space, uint32_t index, uint32_t offset, uint32_t bytes);

/// CRC-32 of all the tensors' bytes, one after another.
uint32_t ep_tensors_crc(const ep_tensor_t* tensors, uint16_t count);

#endif
