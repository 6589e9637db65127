/* SPDX-License-Identifier: MIT-0 */
#include "ep_div.h"

#include "ep_binary.h"
#include "ep_fixed_log.h"

static int32_t quotient(const ep_div_t* p, int32_t a, int32_t b)
{
    if (a == 0 || b == 0) {
        return 0;
    }
    const int32_t size = (b < 0) ? -b : b;
    const int32_t value = (b < 0) ? -a : a;
    const int32_t zeros = ep_leading_zeros(size);
    const uint32_t fraction = ((uint32_t)size << (uint32_t)zeros) - ((uint32_t)1 << 31);
    const int32_t inverse = ep_reciprocal((int32_t)fraction);
    const int32_t bits = (value < 0) ? ~value : value;
    const int32_t headroom = (bits == 0) ? 31 : ep_leading_zeros(bits) - 1;
    const int32_t tall = (int32_t)((uint32_t)value << (uint32_t)headroom);
    const int32_t scaled = ep_high_mul(ep_high_mul(tall, inverse), p->mantissa);
    const int32_t right = 31 - zeros + headroom - p->shift;
    return (right > 31) ? 0 : ep_rounding_shift(scaled, (uint32_t)right);
}

static int32_t element(const ep_div_t* p, int32_t a, int32_t b)
{
    return ep_clamp(quotient(p, a - p->zero_a, b - p->zero_b) + p->zero, p->low, p->high);
}

void ep_div_s8(const ep_div_t* p, const ep_broadcast_t* loops, const int8_t* a, const int8_t* b,
               int8_t* y)
EP_BINARY_BODY(int8_t, (int8_t)element(p, one, two))

void ep_div_u8(const ep_div_t* p, const ep_broadcast_t* loops, const uint8_t* a,
               const uint8_t* b, uint8_t* y)
EP_BINARY_BODY(uint8_t, (uint8_t)element(p, one, two))

void ep_div_s16(const ep_div_t* p, const ep_broadcast_t* loops, const int16_t* a,
                const int16_t* b, int16_t* y)
EP_BINARY_BODY(int16_t, (int16_t)element(p, one, two))
