/* SPDX-License-Identifier: MIT-0 */
#ifndef AFFINE_S8_H
#define AFFINE_S8_H

#include <stdint.h>

typedef struct {
    uint32_t count;
    int32_t slope;      /* 16 bits behind the point */
    int32_t zero_point; /* of x */
    int32_t offset;     /* 16 bits behind the point, the zero point of y included */
} affine_t;

/// y[i] = clamp(round(slope * (x[i] - zero_point) + offset)). x, y: [count]; y may be x.
void affine_s8(const affine_t* p, const int8_t* x, int8_t* y);

#endif
