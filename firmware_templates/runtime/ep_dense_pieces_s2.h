/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_PIECES_S2_H
#define EP_DENSE_PIECES_S2_H

#include "ep_dense_wide.h"
#include "ep_pieces.h"

/// What ep_dense_pairs_s8 does, with weights of two bits and the stream of ep_pieces.h.
void ep_dense_pieces_s2(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                         uint32_t* scratch, int8_t* y);

#endif
