/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_pieces_twice_s2.h"

void ep_dense_pieces_twice_s2(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                               uint32_t* scratch, int8_t* y)
{
    ep_dense_wide(p, ep_pieces_twice_s2, x, stream, scratch, y);
}
