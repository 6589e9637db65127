/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_conv_s2.h"

#include "ep_chain_conv_body.h"

void ep_chain_conv_s2(const ep_chain_conv_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y)
{
    ep_chain_conv_run(p, ep_chain_rows_s2, x, stream, scratch, y);
}
