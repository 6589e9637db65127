/* SPDX-License-Identifier: MIT-0 */
#include "ep_dots_s16.h"

/* Four depths of a row: the bytes 0, 2, 1, 3 of a word of weights are sign-extended in pairs, which
 * then meet two words of x. Words may lie at any address. */

static inline uint32_t word_at(const void* at)
{
    uint32_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

/// sum + both products of halves.
static inline int32_t pairs(int32_t sum, uint32_t a, uint32_t b)
{
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

static inline int32_t four(int32_t sum, uint32_t x01, uint32_t x23, uint32_t weights)
{
    uint32_t w01;
    uint32_t w23;
    __asm__("sxtb16 %0, %1" : "=r"(w01) : "r"(weights));
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(w23) : "r"(weights));
    return pairs(pairs(sum, x01, w01), x23, w23);
}

/// Four rows over `count` depths, a multiple of 4 and at most EP_DOTS_CHUNK.
static const int8_t* chunk_of_four(const int16_t* x, const int8_t* w, int32_t count, int64_t* sums)
{
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (const int16_t* const end = x + count; x != end; x += 4) {
        const uint32_t x01 = word_at(x);
        const uint32_t x23 = word_at(x + 2);
        a = four(a, x01, x23, word_at(w));
        b = four(b, x01, x23, word_at(w + 4));
        c = four(c, x01, x23, word_at(w + 8));
        d = four(d, x01, x23, word_at(w + 12));
        w += 16;
    }
    sums[0] += a;
    sums[1] += b;
    sums[2] += c;
    sums[3] += d;
    return w;
}

static const int8_t* chunk_of_one(const int16_t* x, const int8_t* w, int32_t count, int64_t* sums)
{
    int32_t sum = 0;
    for (const int16_t* const end = x + count; x != end; x += 4) {
        sum = four(sum, word_at(x), word_at(x + 2), word_at(w));
        w += 4;
    }
    *sums += sum;
    return w;
}

const int8_t* ep_dots_s16(const int16_t* x, const int8_t* w, int32_t depth, int32_t rows,
                          int64_t* sums)
{
    int32_t left = depth & ~3;
    while (left > 0) {
        const int32_t count = (left > EP_DOTS_CHUNK) ? EP_DOTS_CHUNK : left;
        w = (rows == 4) ? chunk_of_four(x, w, count, sums) : chunk_of_one(x, w, count, sums);
        x += count;
        left -= count;
    }
    for (int32_t k = depth & 3; k > 0; k--) {
        const int32_t value = *x++;
        for (int32_t r = 0; r < rows; r++) {
            sums[r] += value * *w++;
        }
    }
    return w;
}
