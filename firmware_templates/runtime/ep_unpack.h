/* SPDX-License-Identifier: MIT-0 */
/* Weights of few bits, made bytes of before a kernel reads them. */
#ifndef EP_UNPACK_H
#define EP_UNPACK_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t words; /* of packed weights a row */
    int32_t kept;  /* words behind them that are copied as they are */
} ep_unpack_t;

/// Unpacks weights of four bits: a word of packed becomes two of bytes. Each of its bytes holds 8 more
/// than a weight of the first word in the lower half, of the second one in the upper half.
void ep_unpack_s4(const ep_unpack_t* p, const uint32_t* packed, uint32_t* to);

/// The same with weights of two bits, 2 added to each: a word becomes four, the first one's in the
/// lowest bits of the bytes.
void ep_unpack_s2(const ep_unpack_t* p, const uint32_t* packed, uint32_t* to);

#endif
