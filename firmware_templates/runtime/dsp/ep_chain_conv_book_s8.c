/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_conv_book_s8.h"

#include "ep_chain_conv_body.h"

void ep_chain_conv_book_s8(const ep_chain_conv_t* p, const int8_t* x,
                           const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    uint32_t* const behind = ep_chain_book_pairs(stream, scratch);
    ep_chain_conv_run(p, ep_chain_rows_book, x, stream + 4, behind, y);
}
