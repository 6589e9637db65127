/* SPDX-License-Identifier: MIT-0 */
#include "ep_reduce.h"

bool ep_reduce_next(const int32_t* sizes, const int32_t* steps, ep_reduce_at_t* at)
{
    for (int32_t d = EP_REDUCE_RANK - 1; d >= 0; d--) {
        at->counts[d]++;
        at->offset += steps[d];
        if (at->counts[d] < sizes[d]) {
            return true;
        }
        at->offset -= steps[d] * sizes[d];
        at->counts[d] = 0;
    }
    return false;
}
