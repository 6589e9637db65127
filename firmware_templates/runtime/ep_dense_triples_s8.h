/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_TRIPLES_S8_H
#define EP_DENSE_TRIPLES_S8_H

#include "ep_dense_wide.h"
#include "ep_triple_dense.h"

/// As ep_dense_pairs_s8, with the stream of ep_triple_dense.h.
void ep_dense_triples_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                         uint32_t* scratch, int8_t* y);

#endif
