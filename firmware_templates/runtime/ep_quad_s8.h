/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_QUAD_S8_H
#define EP_QUAD_S8_H

#include <stdint.h>

/// What the outputs of a column need.
typedef struct {
    int32_t depth;   /* bytes of a column, at least 1 */
    int32_t outputs; /* at least 1 */
    int32_t low;     /* the activation's range */
    int32_t high;
} ep_quad_t;

/// Steps hold two words an output, a factor and a nudge, by which a sum becomes
/// clamp((((sum * factor) >> 32) + nudge) >> (factor % 32)), or in ep_*_signed_s8 three words,
/// clamp((((4 * sum * factor) >> 32) + 2 * (sum >> 31) + nudge) >> shift) with |sum| < 2^29.
/// edgepack proves that this is TFLite's requantisation.

/// Four columns: y[px * outputs + o] from bias[o] + sum_k x[px][k] * w[o][k], for as many outputs
/// as are whole blocks of 4.
/// x: words of 4 depths, in the order [depth / 4][px], aligned to 4; w: blocks of 4 outputs as
/// [depth][4]. Gives the end of w's blocks. y must not overlap x.
const int8_t* ep_quad_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const uint32_t* steps, int8_t* y);
const int8_t* ep_quad_signed_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                                const int32_t* bias, const uint32_t* steps, int8_t* y);

#endif
