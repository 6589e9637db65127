/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_FUSE_CONV_BOOK_S8_H
#define EP_FUSE_CONV_BOOK_S8_H

#include "ep_chain_book.h"
#include "ep_fuse_conv_s8.h"

/// What ep_fuse_conv_s8 does; stream: the 16 values, then what ep_chain_book.h says. scratch: 1,024 bytes
/// more.
void ep_fuse_conv_book_s8(const ep_fuse_conv_t* p, const int8_t* x,
                          const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
