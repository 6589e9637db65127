/* SPDX-License-Identifier: MIT-0 */
#include "ep_server.h"

#include "ep_model.h"
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

enum { OUTPUT = 0, ARENA = 1, INPUT = 2 };
enum { RUN_ANSWER = 16 };

static void nothing(void)
{
}

/* Not inlined: the same instructions stand around every function that is timed. */
__attribute__((noinline)) uint32_t ep_server_time(void (*function)(void), uint32_t overhead)
{
    void (*volatile const call)(void) = function; /* so that the empty one is called as well */
    void (*const target)(void) = call;
    const uint32_t before = ep_port_ticks();
    target();
    const uint32_t ticks = ep_port_ticks() - before;
    return (ticks > overhead) ? (ticks - overhead) : 0U;
}

static void copy(uint8_t* to, const uint8_t* from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

static const uint8_t* argument(const ep_server_t* server, uint32_t index)
{
    return &server->in.bytes[EP_FRAME_HEADER + 4U * index];
}

static uint32_t argument_u32(const ep_server_t* server, uint32_t index)
{
    return ep_get_u32(argument(server, index));
}

static uint32_t payload_bytes(const ep_server_t* server)
{
    return (uint32_t)server->in.length - EP_FRAME_HEADER;
}

static uint8_t* answer_payload(ep_server_t* server)
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

/* Seal, keep and send the answer to the current request; its payload is in place. */
static void answer(ep_server_t* server, uint8_t status, uint32_t bytes)
{
    put_header(&server->out[2], server->type, status, server->session, server->sequence);
    server->out_bytes = ep_frame_seal(server->out, (uint16_t)(EP_FRAME_HEADER + bytes));
    send(server->out, server->out_bytes);
}

/* Answer a stranger, without touching the answer that is kept. */
static void refuse(const ep_server_t* server, uint8_t type, uint32_t session, uint32_t sequence)
{
    uint8_t wire[EP_FRAME_HEADER + 4U + EP_FRAME_CRC + 3U];
    put_header(&wire[2], type, EP_NO_SESSION, session, sequence);
    ep_put_u32(&wire[2U + EP_FRAME_HEADER], server->nonce);
    send(wire, ep_frame_seal(wire, (uint16_t)(EP_FRAME_HEADER + 4U)));
}

/* ---- values -------------------------------------------------------------------------------- */

static uint32_t tensors_crc(const ep_tensor_t* tensors, uint16_t count)
{
    uint32_t crc = 0;
    for (uint16_t i = 0; i < count; i++) {
        crc = ep_crc32(crc, (const uint8_t*)tensors[i].data, tensors[i].bytes);
    }
    return crc;
}

/* The bytes of a READ or SET, or NULL where they are not all inside. */
static uint8_t* locate(uint32_t space, uint32_t index, uint32_t offset, uint32_t bytes)
{
    uint8_t* data = 0;
    uint32_t limit = 0;
    if (space == ARENA) {
        data = ep_model.arena;
        limit = ep_model.arena_bytes;
    } else if ((space == OUTPUT) && (index < ep_model.output_count)) {
        data = (uint8_t*)ep_model.outputs[index].data;
        limit = ep_model.outputs[index].bytes;
    } else if ((space == INPUT) && (index < ep_model.input_count)) {
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

/* ---- requests that only look --------------------------------------------------------------- */

static void on_hello(ep_server_t* server)
{
    uint8_t* const out = answer_payload(server);
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
    answer(server, EP_OK, 40);
}

static void on_text(ep_server_t* server)
{
    const char* const texts[] = {EP_BOARD_NAME,  ep_model.name, ep_model.sha256,
                                 EP_FIRMWARE_ID, EP_COMPILER,   EP_FLAGS};
    if (payload_bytes(server) != 8U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t what = argument_u32(server, 0);
    if ((what >= sizeof texts / sizeof texts[0]) || (texts[what] == 0)) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    const uint32_t total = text_length(texts[what]);
    const uint32_t offset = argument_u32(server, 1);
    if (offset > total) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    uint32_t bytes = total - offset;
    if (bytes > EP_FRAME_PAYLOAD - 4U) {
        bytes = EP_FRAME_PAYLOAD - 4U;
    }
    uint8_t* const out = answer_payload(server);
    ep_put_u32(out, total);
    copy(&out[4], (const uint8_t*)&texts[what][offset], bytes);
    answer(server, EP_OK, 4U + bytes);
}

static void on_tensor(ep_server_t* server)
{
    if (payload_bytes(server) != 8U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t space = argument_u32(server, 0);
    const uint32_t index = argument_u32(server, 1);
    if ((space == ARENA) || (locate(space, index, 0, 0) == 0)) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    const ep_tensor_t* const tensor =
        (space == OUTPUT) ? &ep_model.outputs[index] : &ep_model.inputs[index];
    uint32_t scale_bits;
    __builtin_memcpy(&scale_bits, &tensor->scale, sizeof scale_bits);
    uint32_t bytes = text_length(tensor->name);
    if (bytes > EP_FRAME_PAYLOAD - 16U) {
        bytes = EP_FRAME_PAYLOAD - 16U;
    }
    uint8_t* const out = answer_payload(server);
    ep_put_u32(&out[0], tensor->bytes);
    ep_put_u32(&out[4], tensor->type);
    ep_put_u32(&out[8], scale_bits);
    ep_put_u32(&out[12], (uint32_t)tensor->zero_point);
    copy(&out[16], (const uint8_t*)tensor->name, bytes);
    answer(server, EP_OK, 16U + bytes);
}

static void on_read(ep_server_t* server)
{
    if (payload_bytes(server) != 16U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t bytes = argument_u32(server, 3);
    const uint8_t* const from = locate(argument_u32(server, 0), argument_u32(server, 1),
                                       argument_u32(server, 2), bytes);
    if ((from == 0) || (bytes > EP_FRAME_PAYLOAD)) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    copy(answer_payload(server), from, bytes);
    answer(server, EP_OK, bytes);
}

/* Whether the request was one that neither runs nor changes the model. */
static bool look(ep_server_t* server)
{
    const uint32_t bytes = payload_bytes(server);
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
        copy(answer_payload(server), &server->in.bytes[EP_FRAME_HEADER], bytes);
        answer(server, EP_OK, bytes);
        return true;
    default:
        return false;
    }
}

/* ---- admission ----------------------------------------------------------------------------- */

/* Whether the frame in `in` is a new request of this session; answers those that are not. */
static bool admit(ep_server_t* server)
{
    const uint8_t type = server->in.bytes[1];
    const uint32_t session = ep_get_u32(&server->in.bytes[4]);
    const uint32_t sequence = ep_get_u32(&server->in.bytes[8]);
    if (((type & EP_ANSWER) != 0U) || (session == 0U)) {
        return false; /* our own voice, echoed by the line */
    }
    if (session != server->session) {
        if (type != EP_HELLO) {
            refuse(server, type, session, sequence);
            return false;
        }
    } else if (sequence <= server->sequence) {
        if (sequence == server->sequence) {
            send(server->out, server->out_bytes);
        }
        return false;
    }
    return true;
}

static void accept(ep_server_t* server)
{
    server->type = server->in.bytes[1];
    server->session = ep_get_u32(&server->in.bytes[4]);
    server->sequence = ep_get_u32(&server->in.bytes[8]);
    server->out_bytes = 0;
}

/* ---- running ------------------------------------------------------------------------------- */

static void answer_run(ep_server_t* server, uint8_t status, uint32_t ticks, uint32_t step)
{
    uint8_t* const out = answer_payload(server);
    uint32_t filled = RUN_ANSWER;
    ep_put_u32(&out[0], ticks);
    ep_put_u32(&out[4], 0);
    ep_put_u32(&out[8], step);
    ep_put_u32(&out[12], 0);
    if (status == EP_OK) {
        ep_put_u32(&out[12], tensors_crc(ep_model.outputs, ep_model.output_count));
        for (uint16_t i = 0; i < ep_model.output_count; i++) {
            uint32_t bytes = ep_model.outputs[i].bytes;
            if (bytes > EP_FRAME_PAYLOAD - filled) {
                bytes = EP_FRAME_PAYLOAD - filled;
            }
            copy(&out[filled], (const uint8_t*)ep_model.outputs[i].data, bytes);
            filled += bytes;
        }
    }
    answer(server, status, filled);
}

static void restart(ep_server_t* server)
{
    answer(server, EP_OK, 0);
    ep_port_reset();
    server->session = 0; /* where the port cannot restart the board */
}

/* One request while a run is paused. Returns true when the run goes on. */
static bool on_paused_frame(ep_server_t* server)
{
    if (!admit(server)) {
        return false;
    }
    if (server->in.bytes[1] == EP_HELLO) {
        server->abandon = true;
        server->stop = EP_END;
        return true;
    }
    accept(server);
    if (look(server)) {
        return false;
    }
    if (server->type == EP_RESET) {
        restart(server);
        server->abandon = true;
        server->stop = EP_END;
        return true;
    }
    if (server->type != EP_RUN) {
        answer(server, EP_BUSY, 0);
        return false;
    }
    if (payload_bytes(server) != 8U) {
        answer(server, EP_BAD_LENGTH, 0);
        return false;
    }
    server->stop = argument_u32(server, 1);
    return true;
}

static void pause_hook(void* context, uint32_t step)
{
    ep_server_t* const server = (ep_server_t*)context;
    if (step != server->stop) {
        return;
    }
    answer_run(server, EP_PAUSED, 0, step);
    bool go_on = false;
    while (!go_on) {
        const int32_t byte = ep_port_getc();
        if ((byte >= 0) && (ep_deframer_feed(&server->in, (uint8_t)byte) == EP_BYTE_FRAME)) {
            go_on = on_paused_frame(server);
        }
    }
}

/* Whether the inputs are those the host meant and the hook is there if needed. */
static bool may_run(ep_server_t* server, bool needs_hook)
{
    if (argument_u32(server, 0) != tensors_crc(ep_model.inputs, ep_model.input_count)) {
        answer(server, EP_BAD_INPUT, 0);
        return false;
    }
    if (needs_hook && (ep_model.set_hook == 0)) {
        answer(server, EP_NO_HOOK, 0);
        return false;
    }
    return true;
}

static void on_run(ep_server_t* server)
{
    if (payload_bytes(server) != 8U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    server->stop = argument_u32(server, 1);
    const bool pauses = server->stop != EP_END;
    if (pauses && (server->stop >= ep_model.step_count)) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    if (!may_run(server, pauses)) {
        return;
    }
    if (pauses) {
        ep_model.set_hook(pause_hook, server);
    }
    const uint32_t ticks = ep_server_time(ep_model.invoke, server->overhead);
    if (pauses) {
        ep_model.set_hook(0, 0);
    }
    if (!server->abandon) {
        answer_run(server, EP_OK, pauses ? 0U : ticks, EP_END);
    }
}

static void profile_hook(void* context, uint32_t step)
{
    const uint32_t now = ep_port_ticks();
    ep_server_t* const server = (ep_server_t*)context;
    if ((step >= server->first) && (step < server->end)) {
        ep_put_u32(&answer_payload(server)[4U * (step - server->first)],
                   now - server->last_ticks);
    }
    server->last_ticks = ep_port_ticks();
}

/* Ticks that two calls of the hook in a row put between them. */
static uint32_t hook_overhead(ep_server_t* server)
{
    void (*volatile const hook)(void*, uint32_t) = profile_hook;
    server->first = 0;
    server->end = 2;
    hook(server, 0);
    hook(server, 1);
    return ep_get_u32(&answer_payload(server)[4]);
}

static void on_profile(ep_server_t* server)
{
    if (payload_bytes(server) != 12U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t first = argument_u32(server, 1);
    const uint32_t count = argument_u32(server, 2);
    if ((count == 0U) || (count > EP_FRAME_PAYLOAD / 4U) || (first > ep_model.step_count) ||
        (count > ep_model.step_count - first)) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    if (!may_run(server, true)) {
        return;
    }
    const uint32_t overhead = hook_overhead(server);
    server->first = first;
    server->end = first + count;
    for (uint32_t i = 0; i < 4U * count; i++) {
        answer_payload(server)[i] = 0;
    }
    ep_model.set_hook(profile_hook, server);
    server->last_ticks = ep_port_ticks();
    ep_model.invoke();
    ep_model.set_hook(0, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t* const at = &answer_payload(server)[4U * i];
        const uint32_t ticks = ep_get_u32(at);
        ep_put_u32(at, (ticks > overhead) ? (ticks - overhead) : 0U);
    }
    answer(server, EP_OK, 4U * count);
}

static void on_stack(ep_server_t* server)
{
    for (uint16_t i = 0; i < ep_model.input_count; i++) {
        uint8_t* const data = (uint8_t*)ep_model.inputs[i].data;
        for (uint32_t at = 0; at < ep_model.inputs[i].bytes; at++) {
            data[at] = 0;
        }
    }
    ep_port_paint_stack();
    ep_model.invoke();
    const uint32_t peak = ep_port_stack_peak();
    ep_model.init();
    ep_put_u32(answer_payload(server), peak);
    answer(server, EP_OK, 4);
}

static void on_set(ep_server_t* server)
{
    const uint32_t bytes = payload_bytes(server);
    if (bytes < 8U) {
        answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    uint8_t* const to =
        locate(INPUT, argument_u32(server, 0), argument_u32(server, 1), bytes - 8U);
    if (to == 0) {
        answer(server, EP_BAD_RANGE, 0);
        return;
    }
    copy(to, argument(server, 2), bytes - 8U);
    if ((server->in.bytes[3] & EP_QUIET) == 0U) {
        answer(server, EP_OK, 0);
    }
}

static void act(ep_server_t* server)
{
    switch (server->type) {
    case EP_HELLO:
        on_hello(server);
        break;
    case EP_SET:
        on_set(server);
        break;
    case EP_RUN:
        on_run(server);
        break;
    case EP_STACK:
        on_stack(server);
        break;
    case EP_PROFILE:
        on_profile(server);
        break;
    case EP_INIT:
        ep_model.init();
        answer(server, EP_OK, 0);
        break;
    case EP_RESET:
        restart(server);
        break;
    default:
        answer(server, EP_BAD_TYPE, 0);
        break;
    }
}

static void on_frame(ep_server_t* server)
{
    if (!admit(server)) {
        return;
    }
    accept(server);
    if (!look(server)) {
        act(server);
    }
    if (server->abandon) { /* the HELLO that ended a paused run */
        server->abandon = false;
        if ((server->in.bytes[1] == EP_HELLO) && admit(server)) {
            accept(server);
            on_hello(server);
        }
    }
}

/* ---- the server ---------------------------------------------------------------------------- */

void ep_server_init(ep_server_t* server)
{
    ep_deframer_init(&server->in);
    server->out_bytes = 0;
    server->session = 0;
    server->sequence = 0;
    server->type = 0;
    server->nonce = 0;
    server->first = 0;
    server->end = 0;
    server->stop = EP_END;
    server->last_ticks = 0;
    server->abandon = false;
    server->overhead = ep_server_time(nothing, 0);
    for (uint32_t i = 0; i < 3U; i++) {
        const uint32_t again = ep_server_time(nothing, 0);
        if (again < server->overhead) {
            server->overhead = again;
        }
    }
}

ep_byte_t ep_server_byte(ep_server_t* server, uint8_t byte)
{
    const ep_byte_t kind = ep_deframer_feed(&server->in, byte);
    if (kind == EP_BYTE_FRAME) {
        on_frame(server);
    }
    return kind;
}
