/* SPDX-License-Identifier: MIT-0 */
#include "ep_mean_int.h"

#define MEAN(name, type)                                                                   \
    void name(const ep_reduce_t* loops, int32_t count, const type* x, type* y)              \
    {                                                                                       \
        ep_reduce_at_t kept = {{0}, 0};                                                     \
        ep_reduce_at_t at = {{0}, 0};                                                       \
        do {                                                                                \
            uint64_t sum = 0;                                                               \
            do {                                                                            \
                sum += (uint64_t)x[kept.offset + at.offset];                                \
            } while (ep_reduce_next(loops->sizes, loops->steps, &at));                      \
            *y++ = (type)((int64_t)sum / count);                                            \
        } while (ep_reduce_next(loops->kept_sizes, loops->kept_steps, &kept));              \
    }

MEAN(ep_mean_axes_s32, int32_t)
MEAN(ep_mean_axes_s64, int64_t)
