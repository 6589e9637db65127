/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SOFTMAX_S16_H
#define EP_SOFTMAX_S16_H

#include <stdint.h>

#define EP_SOFTMAX_ENTRIES 513 /* of either table */

typedef struct {
    uint32_t rows;
    uint32_t depth;   /* at most 65535 */
    int32_t mantissa; /* to steps of 10 / 65535 */
    int32_t shift;
} ep_softmax_s16_t;

/// Each row of y is the softmax of the row of x, in Q0.15; x, y: [rows][depth].
/// exponentials: exp of -10 to 0, inverses: 1 / (1 + v) for v in 0 to 1, Q0.15 each, between whose
/// entries lines are drawn. y may be x. Bit-exact with TFLite reference_ops::SoftmaxInt16.
void ep_softmax_s16(const ep_softmax_s16_t* p, const int16_t* exponentials,
                    const int16_t* inverses, const int16_t* x, int16_t* y);

#endif
