/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax_s16.h"

#include "ep_wide.h"

/// The table at value, a line between two entries.
static int32_t between(const int16_t* table, int32_t value)
{
    const int16_t* const at = &table[256 + (value >> 7)];
    const int32_t slope = (int16_t)(at[1] - at[0]);
    return (int16_t)(at[0] + ((slope * (value & 0x7F) + 64) >> 7));
}

static int32_t largest(const int16_t* x, uint32_t depth)
{
    int32_t result = x[0];
    for (uint32_t c = 1; c < depth; c++) {
        result = (x[c] > result) ? x[c] : result;
    }
    return result;
}

static void row(const ep_softmax_s16_t* p, const int16_t* exponentials, const int16_t* inverses,
                const int16_t* x, int16_t* y)
{
    const int32_t most = largest(x, p->depth);
    uint32_t sum = 0; /* Q16.15 */
    for (uint32_t c = 0; c < p->depth; c++) {
        const int32_t scaled = ep_requantize(x[c] - most, p->mantissa, p->shift);
        const int32_t value = between(exponentials, ep_saturate_s16(scaled + INT16_MAX));
        y[c] = (int16_t)value;
        sum += (uint32_t)value;
    }
    uint32_t headroom = 0; /* zeros above the sum's first bit */
    while (((sum << headroom) & ((uint32_t)1 << 31)) == 0U) {
        headroom++;
    }
    const uint32_t mantissa = ((sum << (headroom - 1U)) + ((uint32_t)1 << 13)) >> 14;
    const int32_t centred = (int32_t)mantissa - ((1 << 15) + (1 << 16));
    const int32_t inverse = between(inverses, ep_saturate_s16(centred));
    const uint32_t shift = 31U - headroom;
    for (uint32_t c = 0; c < p->depth; c++) {
        const int32_t value = (y[c] * inverse + (1 << (shift - 1U))) >> shift;
        y[c] = (int16_t)ep_clamp(value, 0, INT16_MAX);
    }
}

void ep_softmax_s16(const ep_softmax_s16_t* p, const int16_t* exponentials,
                    const int16_t* inverses, const int16_t* x, int16_t* y)
{
    for (uint32_t r = 0; r < p->rows; r++) {
        row(p, exponentials, inverses, x, y);
        x += p->depth;
        y += p->depth;
    }
}
