/* SPDX-License-Identifier: MIT-0 */
#include "ep_cumulate.h"

typedef uint32_t __attribute__((may_alias)) word32_t;
typedef uint64_t __attribute__((may_alias)) word64_t;

#define CUMULATE(name, argument_t, type)                                                \
    void name(const ep_cumulate_t* p, const argument_t* x, argument_t* y)               \
    {                                                                                   \
        const int32_t step = p->reverse ? -p->inner : p->inner;                         \
        const int32_t start = p->reverse ? (p->size - 1) * p->inner : 0;                \
        for (int32_t outer = 0; outer < p->outer; outer++) {                            \
            for (int32_t inner = 0; inner < p->inner; inner++) {                        \
                int32_t at = outer * p->size * p->inner + inner + start;                \
                type sum = 0;                                                           \
                for (int32_t i = p->size; i > 0; i--) {                                 \
                    const type before = sum;                                            \
                    sum += ((const type*)x)[at];                                        \
                    ((type*)y)[at] = p->exclusive ? before : sum;                       \
                    at += step;                                                         \
                }                                                                       \
            }                                                                           \
        }                                                                               \
    }

CUMULATE(ep_cumulate_f32, float, float)
CUMULATE(ep_cumulate_32, void, word32_t)
CUMULATE(ep_cumulate_64, void, word64_t)
