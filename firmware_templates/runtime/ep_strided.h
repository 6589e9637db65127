/* SPDX-License-Identifier: MIT-0 */
/* Elements gathered in another order: TRANSPOSE, STRIDED_SLICE, SLICE, REVERSE_V2, TILE, FILL. */
#ifndef EP_STRIDED_H
#define EP_STRIDED_H

#include <stdint.h>

#include "ep_words.h"

/// y = the elements of x in the order of the walk. y must not overlap x.
void ep_strided_8(const ep_walk_t* p, const void* x, void* y);
/// The same with elements of 2 bytes; x and y are aligned to them.
void ep_strided_16(const ep_walk_t* p, const void* x, void* y);
/// The same with elements of 4 bytes; x and y are aligned to them.
void ep_strided_32(const ep_walk_t* p, const void* x, void* y);
/// The same with elements of 8 bytes; x and y are aligned to them.
void ep_strided_64(const ep_walk_t* p, const void* x, void* y);

#endif
