/* SPDX-License-Identifier: MIT-0 */
#include "ep_fuse_conv_s2.h"

#include "ep_fuse_conv_body.h"

void ep_fuse_conv_s2(const ep_fuse_conv_t* p, const int8_t* x, const uint32_t* stream,
                     uint32_t* scratch, int8_t* y)
{
    ep_fuse_conv(p, ep_chain_rows_s2, x, stream, scratch, y);
}
