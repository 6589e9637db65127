/* SPDX-License-Identifier: MIT-0 */
/* Frames on a serial line that also carries text.
 *
 * On the line:  0x00  COBS( frame )  0x00          text never contains 0x00
 * A frame:      magic(1) type(1) status(1) flags(1) session(4) sequence(4) payload(0..236) crc(4)
 * Integers are little-endian; the CRC-32 (zlib's) covers everything before it.
 *
 * Every 0x00 ends what came before and may open a frame; a frame's second byte on the line is
 * always the magic, because the magic is not zero. So whatever follows a 0x00 is known to be a
 * frame or text after two bytes, and one lost or false delimiter costs at most one frame.
 */
#ifndef EP_FRAME_H
#define EP_FRAME_H

#include <stdint.h>

#define EP_FRAME_MAGIC 0xE5U
#define EP_FRAME_HEADER 12U
#define EP_FRAME_PAYLOAD 236U
#define EP_FRAME_CRC 4U
#define EP_FRAME_BYTES (EP_FRAME_HEADER + EP_FRAME_PAYLOAD + EP_FRAME_CRC)
#define EP_WIRE_BYTES (EP_FRAME_BYTES + 3U) /* two delimiters, one COBS code */

_Static_assert(EP_FRAME_BYTES <= 254U, "one COBS block, so that a frame is encoded in place");

/// What a byte turned out to be.
typedef enum {
    EP_BYTE_TAKEN,  /* part of a frame, or of something rejected */
    EP_BYTE_TEXT,   /* text */
    EP_BYTE_TEXT_2, /* text, and `held` before it as well */
    EP_BYTE_BREAK,  /* a delimiter: text collected so far is void */
    EP_BYTE_FRAME   /* the delimiter that ends a whole frame with a good CRC */
} ep_byte_t;

/// A decoder fed byte by byte. After EP_BYTE_FRAME, `bytes` holds header and payload, `length`
/// their size without the CRC, until the next byte is fed.
typedef struct {
    uint8_t bytes[EP_FRAME_BYTES];
    uint16_t length;
    uint8_t left;     /* data bytes to come in the COBS block */
    uint8_t code;     /* the block's code */
    uint8_t held;     /* the byte after a delimiter, not yet known to be text */
    uint8_t state;
    uint32_t rejected; /* frames with a bad CRC, length or code */
} ep_deframer_t;

/// CRC-32 as zlib has it; start with 0 and feed the result back in.
uint32_t ep_crc32(uint32_t crc, const uint8_t* data, uint32_t bytes);

/// Wait for a delimiter; bytes before it are text.
void ep_deframer_init(ep_deframer_t* in);

/// Take one byte of the line, whatever it is.
ep_byte_t ep_deframer_feed(ep_deframer_t* in, uint8_t byte);

/// Turn the header and payload at `wire[2]`, `length` bytes, into a frame with CRC and delimiters.
/// wire: [EP_WIRE_BYTES]; length <= EP_FRAME_HEADER + EP_FRAME_PAYLOAD. Returns bytes to send.
uint16_t ep_frame_seal(uint8_t* wire, uint16_t length);

/// Little-endian integers at any alignment.
uint32_t ep_get_u32(const uint8_t* at);
void ep_put_u32(uint8_t* at, uint32_t value);

#endif
