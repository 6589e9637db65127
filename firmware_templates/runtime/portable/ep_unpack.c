/* SPDX-License-Identifier: MIT-0 */
#include "ep_unpack.h"

/// The bytes of a word less `offset` each, where they are below 128 - offset. `below`: 128 - offset in
/// every byte; no sum carries into the next one.
static inline uint32_t lowered(uint32_t bytes, uint32_t below)
{
    return (bytes + below) ^ 0x80808080U;
}

static const uint32_t* copy(const uint32_t* from, uint32_t* to, int32_t words)
{
    for (; words > 0; words--) {
        *to++ = *from++;
    }
    return from;
}

void ep_unpack_s4(const ep_unpack_t* p, const uint32_t* packed, uint32_t* to)
{
    const uint32_t mask = 0x0F0F0F0FU;
    const uint32_t below = 0x78787878U;
    for (int32_t row = p->rows; row > 0; row--) {
        for (const uint32_t* const end = packed + p->words; packed != end; packed++) {
            const uint32_t word = *packed;
            to[0] = lowered(word & mask, below);
            to[1] = lowered((word >> 4) & mask, below);
            to += 2;
        }
        packed = copy(packed, to, p->kept);
        to += p->kept;
    }
}

void ep_unpack_s2(const ep_unpack_t* p, const uint32_t* packed, uint32_t* to)
{
    const uint32_t mask = 0x03030303U;
    const uint32_t below = 0x7E7E7E7EU;
    for (int32_t row = p->rows; row > 0; row--) {
        for (const uint32_t* const end = packed + p->words; packed != end; packed++) {
            const uint32_t word = *packed;
            to[0] = lowered(word & mask, below);
            to[1] = lowered((word >> 2) & mask, below);
            to[2] = lowered((word >> 4) & mask, below);
            to[3] = lowered((word >> 6) & mask, below);
            to += 4;
        }
        packed = copy(packed, to, p->kept);
        to += p->kept;
    }
}
