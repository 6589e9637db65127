/* SPDX-License-Identifier: MIT-0 */
#include "ep_dots_s16.h"

/// The products of four depths of one row.
static inline int32_t four(const int16_t* x, const int8_t* w)
{
    return x[0] * w[0] + x[2] * w[1] + x[1] * w[2] + x[3] * w[3];
}

/// Adds `rows` sums over depth values, rows being 4 or 1; gives the end of w.
static inline const int8_t*
block(const int16_t* x, const int8_t* w, int32_t depth, int32_t rows, int64_t* sums)
{
    int32_t parts[4] = {0, 0, 0, 0};
    const int16_t* const whole = x + (depth & ~3);
    const int16_t* const end = x + depth;
    while (x != whole) {
        const int16_t* const pause = (whole - x > EP_DOTS_CHUNK) ? (x + EP_DOTS_CHUNK) : whole;
        for (; x != pause; x += 4) {
            for (int32_t r = 0; r < rows; r++) {
                parts[r] += four(x, w);
                w += 4;
            }
        }
        for (int32_t r = 0; r < rows; r++) {
            sums[r] += parts[r];
            parts[r] = 0;
        }
    }
    for (; x != end; x++) {
        for (int32_t r = 0; r < rows; r++) {
            parts[r] += *x * *w++;
        }
    }
    for (int32_t r = 0; r < rows; r++) {
        sums[r] += parts[r];
    }
    return w;
}

const int8_t* ep_dots_s16(const int16_t* x, const int8_t* w, int32_t depth, int32_t rows,
                          int64_t* sums)
{
    return (rows == 4) ? block(x, w, depth, 4, sums) : block(x, w, depth, 1, sums);
}
