/* SPDX-License-Identifier: MIT-0 */
#include "ep_look.h"

#include "ep_answer.h"
#include "ep_port.h"
#include "ep_version.h"

#ifndef EP_BOARD_NAME
#define EP_BOARD_NAME ""
#endif
#ifndef EP_CLOCK_HZ
#define EP_CLOCK_HZ 0
#endif
#ifndef EP_COMPILER
#define EP_COMPILER ""
#endif
#ifndef EP_FLAGS
#define EP_FLAGS ""
#endif
#ifndef EP_FIRMWARE_ID
#define EP_FIRMWARE_ID ""
#endif

uint32_t ep_tensors_crc(const ep_tensor_t* tensors, uint16_t count)
{
    uint32_t crc = 0;
    for (uint16_t i = 0; i < count; i++) {
        crc = ep_crc32(crc, (const uint8_t*)tensors[i].data, tensors[i].bytes);
    }
    return crc;
}

uint8_t* ep_locate(uint32_t space, uint32_t index, uint32_t offset, uint32_t bytes)
{
    uint8_t* data = 0;
    uint32_t limit = 0;
    if (space == EP_ARENA) {
        data = ep_model.arena;
        limit = ep_model.arena_bytes;
    } else if ((space == EP_OUTPUT) && (index < ep_model.output_count)) {
        data = (uint8_t*)ep_model.outputs[index].data;
        limit = ep_model.outputs[index].bytes;
    } else if ((space == EP_INPUT) && (index < ep_model.input_count)) {
        data = (uint8_t*)ep_model.inputs[index].data;
        limit = ep_model.inputs[index].bytes;
    }
    if ((data == 0) || (offset > limit) || (bytes > limit - offset)) {
        return 0;
    }
    return &data[offset];
}

static uint32_t text_length(const char* text)
{
    uint32_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

void ep_hello(ep_server_t* server)
{
    uint8_t* const out = ep_answer_payload(server);
    ep_put_u32(&out[0], EP_PROTOCOL_VERSION | (EP_FRAME_PAYLOAD << 16));
    ep_put_u32(&out[4], server->nonce);
    ep_put_u32(&out[8], ep_port_ticks_hz());
    ep_put_u32(&out[12], (uint32_t)EP_CLOCK_HZ);
    ep_put_u32(&out[16], ep_model.step_count);
    ep_put_u32(&out[20], ep_model.arena_bytes);
    ep_put_u32(&out[24], server->overhead);
    ep_put_u32(&out[28], (uint32_t)ep_model.input_count | ((uint32_t)ep_model.output_count << 16));
    ep_put_u32(&out[32], (ep_model.set_hook != 0) ? 1U : 0U);
    ep_put_u32(&out[36], EP_RUNTIME_VERSION);
    ep_answer(server, EP_OK, 40);
}

static void on_text(ep_server_t* server)
{
    const char* const texts[] = {EP_BOARD_NAME,  ep_model.name, ep_model.sha256,
                                 EP_FIRMWARE_ID, EP_COMPILER,   EP_FLAGS};
    if (ep_payload_bytes(server) != 8U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t what = ep_argument(server, 0);
    if ((what >= sizeof texts / sizeof texts[0]) || (texts[what] == 0)) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    const uint32_t total = text_length(texts[what]);
    const uint32_t offset = ep_argument(server, 1);
    if (offset > total) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    uint32_t bytes = total - offset;
    if (bytes > EP_FRAME_PAYLOAD - 4U) {
        bytes = EP_FRAME_PAYLOAD - 4U;
    }
    uint8_t* const out = ep_answer_payload(server);
    ep_put_u32(out, total);
    ep_put_bytes(&out[4], (const uint8_t*)&texts[what][offset], bytes);
    ep_answer(server, EP_OK, 4U + bytes);
}

static void on_tensor(ep_server_t* server)
{
    if (ep_payload_bytes(server) != 8U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t space = ep_argument(server, 0);
    const uint32_t index = ep_argument(server, 1);
    if ((space == EP_ARENA) || (ep_locate(space, index, 0, 0) == 0)) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    const ep_tensor_t* const tensor =
        (space == EP_OUTPUT) ? &ep_model.outputs[index] : &ep_model.inputs[index];
    uint32_t scale_bits;
    __builtin_memcpy(&scale_bits, &tensor->scale, sizeof scale_bits);
    uint32_t bytes = text_length(tensor->name);
    if (bytes > EP_FRAME_PAYLOAD - 16U) {
        bytes = EP_FRAME_PAYLOAD - 16U;
    }
    uint8_t* const out = ep_answer_payload(server);
    ep_put_u32(&out[0], tensor->bytes);
    ep_put_u32(&out[4], tensor->type);
    ep_put_u32(&out[8], scale_bits);
    ep_put_u32(&out[12], (uint32_t)tensor->zero_point);
    ep_put_bytes(&out[16], (const uint8_t*)tensor->name, bytes);
    ep_answer(server, EP_OK, 16U + bytes);
}

static void on_read(ep_server_t* server)
{
    if (ep_payload_bytes(server) != 16U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t bytes = ep_argument(server, 3);
    const uint8_t* const from = ep_locate(ep_argument(server, 0), ep_argument(server, 1),
                                       ep_argument(server, 2), bytes);
    if ((from == 0) || (bytes > EP_FRAME_PAYLOAD)) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    ep_put_bytes(ep_answer_payload(server), from, bytes);
    ep_answer(server, EP_OK, bytes);
}

bool ep_look(ep_server_t* server)
{
    const uint32_t bytes = ep_payload_bytes(server);
    switch (server->type) {
    case EP_TEXT:
        on_text(server);
        return true;
    case EP_TENSOR:
        on_tensor(server);
        return true;
    case EP_READ:
        on_read(server);
        return true;
    case EP_ECHO:
        ep_put_bytes(ep_answer_payload(server), &server->in.bytes[EP_FRAME_HEADER], bytes);
        ep_answer(server, EP_OK, bytes);
        return true;
    default:
        return false;
    }
}
