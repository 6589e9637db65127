/* SPDX-License-Identifier: MIT-0 */
#include "ep_add_n_s8.h"

#include <stddef.h>

void ep_add_n_s8(const ep_total_t* p, const int8_t* a, const int8_t* b, const int8_t* c,
                 const int8_t* d, const int8_t* e, const int8_t* f, const int8_t* g,
                 const int8_t* h, int8_t* y, uint32_t count)
{
    const int8_t* const operands[8] = {a, b, c, d, e, f, g, h};
    for (uint32_t i = 0; i < count; i++) {
        int32_t total = -p->zero_x;
        for (uint32_t k = 0; k < 8U && operands[k] != NULL; k++) {
            total += operands[k][i] - p->zero_x;
        }
        y[i] = ep_total_s8(p, total);
    }
}
