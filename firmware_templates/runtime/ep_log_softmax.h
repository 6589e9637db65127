/* SPDX-License-Identifier: MIT-0 */
/* Logarithms of softmax, row by row. x, y: [rows, depth]; y may be x. */
#ifndef EP_LOG_SOFTMAX_H
#define EP_LOG_SOFTMAX_H

#include <stdint.h>

/// Differences to the row's greatest are brought to Q5.26 by `mantissa` and `left`; those below
/// `-radius` are left out of the sum, those at most `least`, or at most the one whose logarithm
/// does not fit (`reverse`, `right`), become the least number.
typedef struct {
    uint32_t rows;
    uint32_t depth;
    int32_t mantissa; /* Q0.31 */
    int32_t left;
    int32_t reverse; /* Q0.31 */
    int32_t right;
    int32_t radius;
} ep_log_softmax_t;

/// x - max - ln(sum of exp(x - max)), in the order of TFLite's reference.
void ep_log_softmax_f32(const float* x, float* y, uint32_t rows, uint32_t depth);

/// exponentials: exp(-difference) in Q12.19 for differences of 0, 1, ... up to the least of
/// 255 and radius. Bit-exact with TFLite reference_ops::LogSoftmax.
void ep_log_softmax_s8(const ep_log_softmax_t* p, const int32_t* exponentials, const int8_t* x,
                       int8_t* y);
void ep_log_softmax_u8(const ep_log_softmax_t* p, const int32_t* exponentials, const uint8_t* x,
                       uint8_t* y);

#endif
