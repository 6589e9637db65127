/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_1x1_s2.h"

#include "ep_chain_pixels_body.h"

void ep_chain_1x1_s2(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                     const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    ep_chain_pixels(p, ep_chain_rows_s2, pixels, x, stream, scratch, y);
}
