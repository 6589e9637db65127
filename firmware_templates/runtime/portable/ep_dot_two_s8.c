/* SPDX-License-Identifier: MIT-0 */
#include "ep_dot_two_s8.h"

void ep_dot_two_s8(const int8_t* x, const int8_t* const* w, int32_t depth, int32_t* sums)
{
    for (int32_t k = 0; k < depth; k++) {
        sums[0] += x[k] * w[0][k];
        sums[1] += x[k] * w[1][k];
    }
}
