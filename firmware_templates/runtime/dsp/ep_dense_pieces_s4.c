/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_pieces_s4.h"

void ep_dense_pieces_s4(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                         uint32_t* scratch, int8_t* y)
{
    ep_dense_run_t* const run = p->per_channel ? ep_pieces_channels_s4 : ep_pieces_rows_s4;
    ep_dense_wide(p, run, x, stream, scratch, y);
}
