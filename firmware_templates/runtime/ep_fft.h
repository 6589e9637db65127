/* SPDX-License-Identifier: MIT-0 */
/* What the Fourier transforms share: the order in which a radix-4 transform takes its input. */
#ifndef EP_FFT_H
#define EP_FFT_H

#include <stdint.h>

typedef struct {
    uint32_t batches;
    uint32_t given;  /* real values of a batch that there are; the rest of `length` is 0 */
    uint16_t length; /* real values of a transform: a power of 2, at least 4 */
    uint16_t bits;   /* the length is 2 << bits: bits of a place among its complex values */
} ep_fft_t;

/// Where complex value `k` of 2^bits stands before the first pass: its digits, base 4 (and one
/// base 2 where `bits` is odd), in opposite order.
static inline uint32_t ep_fft_place(uint32_t k, uint32_t bits)
{
    uint32_t place = 0;
    while (bits >= 2U) {
        bits -= 2U;
        place |= (k & 3U) << bits;
        k >>= 2;
    }
    return place | (bits != 0U ? k & 1U : 0U);
}

#endif
