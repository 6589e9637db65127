/* SPDX-License-Identifier: MIT-0 */
#include "ep_top.h"

#define TOP(name, type)                                                                 \
    void name(const ep_top_t* p, const type* x, type* values, int32_t* places)          \
    {                                                                                   \
        for (int32_t row = p->rows; row > 0; row--) {                                   \
            int32_t held = 0;                                                           \
            for (int32_t i = 0; i < p->size; i++) {                                     \
                const type value = x[i];                                                \
                if (held == p->count && !(value > values[held - 1])) {                  \
                    continue;                                                           \
                }                                                                       \
                int32_t at = (held < p->count) ? held++ : held - 1;                     \
                while (at > 0 && value > values[at - 1]) {                              \
                    values[at] = values[at - 1];                                        \
                    places[at] = places[at - 1];                                        \
                    at--;                                                               \
                }                                                                       \
                values[at] = value;                                                     \
                places[at] = i;                                                         \
            }                                                                           \
            x += p->size;                                                               \
            values += p->count;                                                         \
            places += p->count;                                                         \
        }                                                                               \
    }

TOP(ep_top_s8, int8_t)
TOP(ep_top_u8, uint8_t)
TOP(ep_top_s16, int16_t)
TOP(ep_top_s32, int32_t)
TOP(ep_top_s64, int64_t)
TOP(ep_top_f32, float)
