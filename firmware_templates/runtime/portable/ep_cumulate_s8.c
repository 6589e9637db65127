/* SPDX-License-Identifier: MIT-0 */
#include "ep_cumulate_s8.h"

void ep_cumulate_s8(const ep_cumulate_t* p, const ep_total_t* scale, const int8_t* x, int8_t* y)
{
    const int32_t step = p->reverse ? -p->inner : p->inner;
    const int32_t start = p->reverse ? (p->size - 1) * p->inner : 0;
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t inner = 0; inner < p->inner; inner++) {
            int32_t at = outer * p->size * p->inner + inner + start;
            int32_t total = -scale->zero_x;
            for (int32_t i = p->size; i > 0; i--) {
                const int32_t before = total;
                total += x[at] - scale->zero_x;
                y[at] = ep_total_s8(scale, p->exclusive ? before : total);
                at += step;
            }
        }
    }
}
