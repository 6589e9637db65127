/* SPDX-License-Identifier: MIT-0 */
#include "ep_copy_table.h"

void ep_copy_table(const ep_copy_t* p, const uint8_t* table, const void* x, void* y)
{
    const uint8_t* from = (const uint8_t*)x + p->x_start;
    uint8_t* to = (uint8_t*)y + p->y_start;
    for (uint32_t row = 0; row < p->rows; ++row) {
        for (uint32_t i = 0; i < p->bytes; ++i) {
            to[i] = table[from[i]];
        }
        from += p->x_pitch;
        to += p->y_pitch;
    }
}
