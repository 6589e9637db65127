/* SPDX-License-Identifier: MIT-0 */
#include "ep_broadcast.h"

bool ep_broadcast_next(const ep_broadcast_t* loops, ep_broadcast_at_t* at)
{
    for (int32_t d = EP_BROADCAST_LAST - 1; d >= 0; d--) {
        at->counts[d]++;
        at->a += loops->steps_a[d];
        at->b += loops->steps_b[d];
        if (at->counts[d] < loops->sizes[d]) {
            return true;
        }
        at->a -= loops->steps_a[d] * loops->sizes[d];
        at->b -= loops->steps_b[d] * loops->sizes[d];
        at->counts[d] = 0;
    }
    return false;
}
