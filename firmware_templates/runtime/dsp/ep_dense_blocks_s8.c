/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_blocks_s8.h"

void ep_dense_blocks_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                        uint32_t* scratch, int8_t* y)
{
    ep_dense_wide(p, p->per_channel ? ep_blocks_channels : ep_blocks_rows, x, stream, scratch, y);
}

void ep_dense_blocks_twice_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                              uint32_t* scratch, int8_t* y)
{
    ep_dense_wide(p, ep_blocks_twice, x, stream, scratch, y);
}
