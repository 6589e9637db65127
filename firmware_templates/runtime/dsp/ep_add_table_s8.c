/* SPDX-License-Identifier: MIT-0 */
#include "ep_add_table_s8.h"

#include "ep_limit_s8.h"

void ep_add_table_s8(const ep_add_table_t* p, int32_t low, int32_t high, const int8_t* a,
                     const int8_t* b, const int32_t* table, int8_t* y)
{
    ep_add_table(p, a, b, table, y);
    ep_limit_s8(y, p->count, low, high);
}
