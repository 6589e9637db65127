/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_U8_H
#define EP_DEPTHWISE_U8_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t multiplier; /* outputs of a channel */
    int16_t zero_term;  /* 2 * zero point of y + 1 */
    int8_t zero;        /* zero point of x */
    int8_t zero_w;      /* zero point of the weights */
    int8_t low;         /* the activation's range */
    int8_t high;
} ep_depthwise_u8_t;

/// As ep_depthwise_s8, with weights around a zero point.
/// Bit-exact with TFLite reference_ops::DepthwiseConv on uint8, the sign bits flipped.
void ep_depthwise_u8(const ep_depthwise_u8_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                     int8_t* y);

#endif
