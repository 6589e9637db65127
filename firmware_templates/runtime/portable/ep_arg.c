/* SPDX-License-Identifier: MIT-0 */
#include "ep_arg.h"

#define ARG(name, type, out_t, better)                                  \
    void name(const ep_arg_t* p, const type* x, out_t* y)               \
    {                                                                   \
        for (int32_t outer = p->outer; outer > 0; outer--) {            \
            for (int32_t inner = 0; inner < p->inner; inner++) {        \
                const type* from = x + inner;                           \
                type best = *from;                                      \
                int32_t place = 0;                                      \
                for (int32_t i = 1; i < p->size; i++) {                 \
                    from += p->inner;                                   \
                    const type value = *from;                           \
                    if (better) {                                       \
                        best = value;                                   \
                        place = i;                                      \
                    }                                                   \
                }                                                       \
                *y++ = place;                                           \
            }                                                           \
            x += p->size * p->inner;                                    \
        }                                                               \
    }

#define BOTH(name, type, better) \
    ARG(name, type, int32_t, better) ARG(name##_s64, type, int64_t, better)

BOTH(ep_arg_max_s8, int8_t, value > best)
BOTH(ep_arg_max_u8, uint8_t, value > best)
BOTH(ep_arg_max_bool, bool, value > best)
BOTH(ep_arg_max_s32, int32_t, value > best)
BOTH(ep_arg_max_f32, float, value > best || (best != best && value == value))
BOTH(ep_arg_min_s8, int8_t, value < best)
BOTH(ep_arg_min_u8, uint8_t, value < best)
BOTH(ep_arg_min_bool, bool, value < best)
BOTH(ep_arg_min_s32, int32_t, value < best)
BOTH(ep_arg_min_f32, float, value < best || (best != best && value == value))
