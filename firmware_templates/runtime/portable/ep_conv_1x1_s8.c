/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_1x1_s8.h"

void ep_conv_1x1_s8(const ep_columns_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                    const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                    int8_t* scratch, int8_t* y)
{
    const int32_t depth = p->depth;
    for (; pixels > 0; pixels -= 2) {
        const int32_t next = (pixels > 1) ? 1 : 0;
        const int8_t* const x1 = x + next * depth;
        int8_t* column = scratch;
        for (int32_t k = 0; k < depth; k++) {
            column[0] = x[k];
            column[1] = x1[k];
            column += 2;
        }
        ep_columns_s8(p, scratch, w, bias, multipliers, codes, y, y + next * p->outputs);
        x += 2 * depth;
        y += 2 * p->outputs;
    }
}
