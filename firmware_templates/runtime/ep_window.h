/* SPDX-License-Identifier: MIT-0 */
/* Windows that slide over images: convolutions and pools. */
#ifndef EP_WINDOW_H
#define EP_WINDOW_H

#include <stdint.h>

/// Images are [batches][height][width][channels], the channels the same bytes apart everywhere.
/// Output (i, j) sees rows i * stride_h - pad_top + k * dilation_h and columns likewise.
typedef struct {
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int16_t kernel_h;
    int16_t kernel_w;
    int16_t stride_h;
    int16_t stride_w;
    int16_t dilation_h;
    int16_t dilation_w;
    int16_t pad_top;
    int16_t pad_left;
} ep_window_t;

#endif
