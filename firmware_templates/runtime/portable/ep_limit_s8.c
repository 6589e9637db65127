/* SPDX-License-Identifier: MIT-0 */
#include "ep_limit_s8.h"

#include "ep_fixed.h"

void ep_limit_s8(int8_t* y, int32_t count, int32_t low, int32_t high)
{
    if (low > INT8_MIN || high < INT8_MAX) {
        for (int32_t i = 0; i < count; i++) {
            y[i] = (int8_t)ep_clamp(y[i], low, high);
        }
    }
}
