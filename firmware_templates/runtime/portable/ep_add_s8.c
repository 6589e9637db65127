/* SPDX-License-Identifier: MIT-0 */
#include "ep_add_s8.h"

#include "ep_add_inline.h"

void ep_add_s8(const ep_add_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y)
{
    const int32_t factor = p->factor_a;
    const int32_t offset = p->offset;
    for (const int8_t* const end = y + count; y != end; y++) {
        *y = ep_add_result(p, *a++ * factor + offset + ep_add_operand(p, *b++));
    }
}
