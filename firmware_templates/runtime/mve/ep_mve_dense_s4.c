/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_dense_s4.h"

#include "ep_mve_dense_body.h"

void ep_mve_dense_s4(const ep_mve_rows_t* p, int32_t batches, int32_t depth, const int8_t* x,
                     const int32_t* w, const int32_t* tables, int8_t* scratch, int8_t* y)
{
    ep_mve_dense(p, ep_mve_rows_s4, batches, depth, x, w, tables, scratch, y);
}
