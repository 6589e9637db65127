/* SPDX-License-Identifier: MIT-0 */
#include "ep_server.h"

#include "ep_answer.h"
#include "ep_look.h"
#include "ep_model.h"
#include "ep_port.h"

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
            ep_refuse(server, type, session, sequence);
            return false;
        }
    } else if (sequence <= server->sequence) {
        if (sequence == server->sequence) {
            ep_answer_again(server);
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
    uint8_t* const out = ep_answer_payload(server);
    uint32_t filled = RUN_ANSWER;
    ep_put_u32(&out[0], ticks);
    ep_put_u32(&out[4], 0);
    ep_put_u32(&out[8], step);
    ep_put_u32(&out[12], 0);
    if (status == EP_OK) {
        ep_put_u32(&out[12], ep_tensors_crc(ep_model.outputs, ep_model.output_count));
        for (uint16_t i = 0; i < ep_model.output_count; i++) {
            uint32_t bytes = ep_model.outputs[i].bytes;
            if (bytes > EP_FRAME_PAYLOAD - filled) {
                bytes = EP_FRAME_PAYLOAD - filled;
            }
            ep_put_bytes(&out[filled], (const uint8_t*)ep_model.outputs[i].data, bytes);
            filled += bytes;
        }
    }
    ep_answer(server, status, filled);
}

static void restart(ep_server_t* server)
{
    ep_answer(server, EP_OK, 0);
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
    if (ep_look(server)) {
        return false;
    }
    if (server->type == EP_RESET) {
        restart(server);
        server->abandon = true;
        server->stop = EP_END;
        return true;
    }
    if (server->type != EP_RUN) {
        ep_answer(server, EP_BUSY, 0);
        return false;
    }
    if (ep_payload_bytes(server) != 8U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return false;
    }
    server->stop = ep_argument(server, 1);
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
    if (ep_argument(server, 0) != ep_tensors_crc(ep_model.inputs, ep_model.input_count)) {
        ep_answer(server, EP_BAD_INPUT, 0);
        return false;
    }
    if (needs_hook && (ep_model.set_hook == 0)) {
        ep_answer(server, EP_NO_HOOK, 0);
        return false;
    }
    return true;
}

static void on_run(ep_server_t* server)
{
    if (ep_payload_bytes(server) != 8U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    server->stop = ep_argument(server, 1);
    const bool pauses = server->stop != EP_END;
    if (pauses && (server->stop >= ep_model.step_count)) {
        ep_answer(server, EP_BAD_RANGE, 0);
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
        uint8_t* const at = &ep_answer_payload(server)[4U * (step - server->first)];
        const uint32_t ticks = now - server->last_ticks;
        const uint32_t own = (ticks > server->hook_ticks) ? (ticks - server->hook_ticks) : 0U;
        ep_put_u32(at, ep_get_u32(at) + own);
    }
    server->last_ticks = ep_port_ticks();
}

/* Ticks that two calls of the hook in a row put between them. */
static uint32_t hook_overhead(ep_server_t* server)
{
    void (*volatile const hook)(void*, uint32_t) = profile_hook;
    server->first = 0;
    server->end = 2;
    server->hook_ticks = 0;
    ep_put_u32(&ep_answer_payload(server)[4], 0);
    hook(server, 0);
    hook(server, 1);
    return ep_get_u32(&ep_answer_payload(server)[4]);
}

static void on_profile(ep_server_t* server)
{
    if (ep_payload_bytes(server) != 12U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    const uint32_t first = ep_argument(server, 1);
    const uint32_t count = ep_argument(server, 2);
    if ((count == 0U) || (count > EP_FRAME_PAYLOAD / 4U) || (first > ep_model.step_count) ||
        (count > ep_model.step_count - first)) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    if (!may_run(server, true)) {
        return;
    }
    server->hook_ticks = hook_overhead(server);
    server->first = first;
    server->end = first + count;
    for (uint32_t i = 0; i < 4U * count; i++) {
        ep_answer_payload(server)[i] = 0;
    }
    ep_model.set_hook(profile_hook, server);
    server->last_ticks = ep_port_ticks();
    ep_model.invoke();
    ep_model.set_hook(0, 0);
    ep_answer(server, EP_OK, 4U * count);
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
    ep_put_u32(ep_answer_payload(server), peak);
    ep_answer(server, EP_OK, 4);
}

static void on_set(ep_server_t* server)
{
    const uint32_t bytes = ep_payload_bytes(server);
    if (bytes < 8U) {
        ep_answer(server, EP_BAD_LENGTH, 0);
        return;
    }
    uint8_t* const to =
        ep_locate(EP_INPUT, ep_argument(server, 0), ep_argument(server, 1), bytes - 8U);
    if (to == 0) {
        ep_answer(server, EP_BAD_RANGE, 0);
        return;
    }
    ep_put_bytes(to, &server->in.bytes[EP_FRAME_HEADER + 8U], bytes - 8U);
    if ((server->in.bytes[3] & EP_QUIET) == 0U) {
        ep_answer(server, EP_OK, 0);
    }
}

static void act(ep_server_t* server)
{
    switch (server->type) {
    case EP_HELLO:
        ep_hello(server);
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
        ep_answer(server, EP_OK, 0);
        break;
    case EP_RESET:
        restart(server);
        break;
    default:
        ep_answer(server, EP_BAD_TYPE, 0);
        break;
    }
}

static void on_frame(ep_server_t* server)
{
    if (!admit(server)) {
        return;
    }
    accept(server);
    if (!ep_look(server)) {
        act(server);
    }
    if (server->abandon) { /* the HELLO that ended a paused run */
        server->abandon = false;
        if ((server->in.bytes[1] == EP_HELLO) && admit(server)) {
            accept(server);
            ep_hello(server);
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
    server->hook_ticks = 0;
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
