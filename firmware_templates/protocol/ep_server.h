/* SPDX-License-Identifier: MIT-0 */
/* The binary protocol's device side: one request, one answer, the host leads.
 *
 * A host opens a session with a number of its own in EP_HELLO; every later request carries it and
 * a rising sequence number. A request seen before is not executed again: the last one gets its
 * answer once more, older ones nothing. So the host may resend whatever it likes. A session the
 * device does not know (it was reset) is answered EP_NO_SESSION with the boot nonce.
 *
 * requests (payload -> payload of the answer); str: without a terminating zero
 *   HELLO    -> version u16, payload u16, nonce u32, timer_hz u32, clock_hz u32, steps u32,
 *               arena u32, overhead u32, inputs u16, outputs u16, features u32 (1: has a hook),
 *               runtime u32
 *   TEXT     what u32 (0 board, 1 model, 2 model's sha256, 3 firmware, 4 compiler, 5 flags),
 *            offset u32 -> total u32, str
 *   TENSOR   space u32 (0 output, 2 input), index u32
 *            -> bytes u32, type u32, scale f32, zero_point i32, name str
 *   SET      index u32, offset u32, bytes -> ; with EP_QUIET no answer unless it failed
 *   RUN      crc u32, stop u32 -> ticks u32 u32 (low, high), step u32, crc u32, bytes
 *            crc: of all inputs one after another; a run uses its inputs up. stop: the step to
 *            pause after, EP_END for none. The answer comes at the pause (status EP_PAUSED) or
 *            the end; its crc and bytes are those of all outputs, as many as fit. While paused,
 *            another RUN goes on (its crc is ignored) and READ looks at the arena.
 *   READ     space u32 (0 output, 1 arena, 2 input), index u32, offset u32, bytes u32 -> bytes
 *   STACK    -> bytes u32     deepest stack of a run on inputs of zero
 *   PROFILE  crc u32, first u32, count u32 -> ticks u32 of each step from first on, all its turns
 *   INIT     ->               the model's state as after boot
 *   RESET    ->               then restarts the board
 *   ECHO     bytes -> bytes
 *
 * Ticks of a run are ep_port_ticks after it minus before it, less those of calling an empty
 * function. The counter has 32 bits: a run must take under 2^32 ticks, and wraps at most once.
 */
#ifndef EP_SERVER_H
#define EP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ep_frame.h"

#define EP_PROTOCOL_VERSION 1U
#define EP_END 0xFFFFFFFFU
#define EP_QUIET 1U
#define EP_ANSWER 0x80U

enum {
    EP_HELLO = 1,
    EP_TEXT = 2,
    EP_TENSOR = 3,
    EP_SET = 4,
    EP_RUN = 5,
    EP_READ = 6,
    EP_STACK = 7,
    EP_PROFILE = 8,
    EP_INIT = 9,
    EP_RESET = 10,
    EP_ECHO = 11
};

enum {
    EP_OK = 0,
    EP_PAUSED = 1,
    EP_NO_SESSION = 2,
    EP_BAD_TYPE = 3,
    EP_BAD_LENGTH = 4,
    EP_BAD_RANGE = 5,
    EP_BAD_INPUT = 6,
    EP_NO_HOOK = 7,
    EP_BUSY = 8
};

typedef struct {
    ep_deframer_t in;
    uint8_t out[EP_WIRE_BYTES]; /* the last answer, sealed */
    uint16_t out_bytes;         /* 0 where the last request got none */
    uint32_t session;           /* 0 for none */
    uint32_t sequence;          /* of the last request executed */
    uint8_t type;
    uint32_t nonce;
    uint32_t overhead;   /* ticks of timing an empty function */
    uint32_t last_ticks; /* of the step before, while profiling */
    uint32_t hook_ticks; /* that a call of the hook itself takes */
    uint32_t first;      /* steps being profiled: [first, end) */
    uint32_t end;
    uint32_t stop; /* the step to pause after */
    bool abandon;  /* a paused run got a HELLO, which waits in `in` */
} ep_server_t;

/// A server without a session. The model must have been initialised.
void ep_server_init(ep_server_t* server);

/// Take one byte of the line; answers on the line where it completes a request.
/// Returns what the byte is, so that the caller hands text on.
ep_byte_t ep_server_byte(ep_server_t* server, uint8_t byte);

/// Ticks of one call, less the cost of timing an empty function when `overhead` holds it.
uint32_t ep_server_time(void (*function)(void), uint32_t overhead);

#endif
