/* SPDX-License-Identifier: MIT-0 */
#include "ep_frame.h"

enum { TEXT, OPENED, BODY, SKIPPING };

static const uint32_t crc_nibbles[16] = {
    0x00000000U, 0x1DB71064U, 0x3B6E20C8U, 0x26D930ACU, 0x76DC4190U, 0x6B6B51F4U,
    0x4DB26158U, 0x5005713CU, 0xEDB88320U, 0xF00F9344U, 0xD6D6A3E8U, 0xCB61B38CU,
    0x9B64C2B0U, 0x86D3D2D4U, 0xA00AE278U, 0xBDBDF21CU,
};

uint32_t ep_crc32(uint32_t crc, const uint8_t* data, uint32_t bytes)
{
    crc = ~crc;
    for (uint32_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ crc_nibbles[crc & 15U];
        crc = (crc >> 4) ^ crc_nibbles[crc & 15U];
    }
    return ~crc;
}

uint32_t ep_get_u32(const uint8_t* at)
{
    return (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) |
           ((uint32_t)at[3] << 24);
}

void ep_put_u32(uint8_t* at, uint32_t value)
{
    for (uint32_t i = 0; i < 4U; i++) {
        at[i] = (uint8_t)(value >> (8U * i));
    }
}

void ep_deframer_init(ep_deframer_t* in)
{
    in->length = 0;
    in->left = 0;
    in->code = 0;
    in->held = 0;
    in->state = TEXT;
    in->rejected = 0;
}

/* Whether what was decoded is a whole frame; drops the CRC from its length. */
static int is_whole(ep_deframer_t* in)
{
    if ((in->state != BODY) || (in->left != 0U) ||
        (in->length < EP_FRAME_HEADER + EP_FRAME_CRC)) {
        return 0;
    }
    const uint16_t covered = (uint16_t)(in->length - EP_FRAME_CRC);
    if (ep_crc32(0, in->bytes, covered) != ep_get_u32(&in->bytes[covered])) {
        return 0;
    }
    in->length = covered;
    return 1;
}

static ep_byte_t end(ep_deframer_t* in)
{
    const uint8_t was = in->state;
    const int whole = is_whole(in);
    in->state = OPENED;
    in->held = 0;
    if (whole) {
        return EP_BYTE_FRAME;
    }
    if ((was == BODY) || (was == SKIPPING)) {
        in->rejected++;
    }
    return EP_BYTE_BREAK;
}

static void append(ep_deframer_t* in, uint8_t byte)
{
    if (in->length == EP_FRAME_BYTES) {
        in->state = SKIPPING;
        return;
    }
    in->bytes[in->length] = byte;
    in->length++;
}

static void decode(ep_deframer_t* in, uint8_t byte)
{
    if (in->left > 0U) {
        in->left--;
        append(in, byte);
        return;
    }
    if (in->code != 0xFFU) {
        append(in, 0); /* the zero that the block before this one stood for */
    }
    in->code = byte;
    in->left = (uint8_t)(byte - 1U);
}

static ep_byte_t open(ep_deframer_t* in, uint8_t byte)
{
    if (in->held == 0U) {
        in->held = byte;
        return EP_BYTE_TAKEN;
    }
    if ((byte != EP_FRAME_MAGIC) || (in->held == 1U)) {
        in->state = TEXT;
        return EP_BYTE_TEXT_2;
    }
    in->state = BODY;
    in->code = in->held;
    in->left = (uint8_t)(in->held - 2U);
    in->bytes[0] = byte;
    in->length = 1;
    return EP_BYTE_TAKEN;
}

ep_byte_t ep_deframer_feed(ep_deframer_t* in, uint8_t byte)
{
    if (byte == 0U) {
        return end(in);
    }
    if (in->state == TEXT) {
        return EP_BYTE_TEXT;
    }
    if (in->state == OPENED) {
        return open(in, byte);
    }
    if (in->state == BODY) {
        decode(in, byte);
    }
    return EP_BYTE_TAKEN;
}

uint16_t ep_frame_seal(uint8_t* wire, uint16_t length)
{
    ep_put_u32(&wire[2U + length], ep_crc32(0, &wire[2], length));
    const uint16_t last = (uint16_t)(length + EP_FRAME_CRC + 1U);
    uint16_t code_at = 1;
    for (uint16_t i = 2; i <= last; i++) {
        if (wire[i] == 0U) {
            wire[code_at] = (uint8_t)(i - code_at);
            code_at = i;
        }
    }
    wire[code_at] = (uint8_t)(last + 1U - code_at);
    wire[0] = 0;
    wire[last + 1U] = 0;
    return (uint16_t)(last + 2U);
}
