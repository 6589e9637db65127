/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_band_book_s8.h"

#include "ep_chain_band_body.h"

static void run(const ep_band_t* b, const int8_t** rows, int32_t tiles, int32_t further,
                int32_t step, int8_t* y)
{
    ep_chain_band_run(b, ep_chain_rows_book, rows, tiles, further, step, y);
}

void ep_chain_band_book_s8(const ep_band_conv_t* p, const int8_t* x,
                           const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    uint32_t* const behind = ep_chain_book_pairs(stream, scratch);
    ep_band_conv(p, run, EP_CHAIN_BAND_PIXELS, x, stream + 4, behind, 6 * p->rows.groups, y);
}
