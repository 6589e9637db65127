/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_1X1_BOOK_S8_H
#define EP_CHAIN_1X1_BOOK_S8_H

#include "ep_chain_book.h"

/// What ep_chain_1x1_s8 does; stream: the 16 values, then what ep_chain_book.h says. scratch: 1,024 bytes
/// more.
void ep_chain_1x1_book_s8(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                          const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
