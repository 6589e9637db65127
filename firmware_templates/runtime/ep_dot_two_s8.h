/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DOT_TWO_S8_H
#define EP_DOT_TWO_S8_H

#include <stdint.h>

/// sums[i] += sum_k x[k] * w[i][k] for two rows i; depth is at least 1.
void ep_dot_two_s8(const int8_t* x, const int8_t* const* w, int32_t depth, int32_t* sums);

#endif
