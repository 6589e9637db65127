/* SPDX-License-Identifier: MIT-0 */
/* Sums of float products: four outputs at once, in the order of the depths. */
#ifndef EP_TILE_F32_H
#define EP_TILE_F32_H

#include <stdint.h>

typedef struct {
    int32_t depth;
    int32_t step; /* floats from a pixel's outputs to the next one's */
    float low;    /* the activation's range */
    float high;
} ep_tile_f32_t;

/// y[i * step + r] = clamp((x[i][0] * w[0][r] + x[i][1] * w[1][r] + ...) + bias[r]) of four pixels i
/// and four rows r, each product and each sum rounded by itself. x: four columns of `depth` floats
/// side by side; w: [depth][4].
void ep_tile_f32(const ep_tile_f32_t* p, const float* x, const float* w, const float* bias,
                 float* y);

/// sums[r] = x[0] * w[0][r] + x[1] * w[1][r] + ... of one column.
void ep_four_f32(const float* x, const float* w, int32_t depth, float* sums);

/// Copies count floats, or zeros where from is NULL; gives the end of to.
float* ep_put_f32(float* to, const float* from, int32_t count);

#endif
