/* SPDX-License-Identifier: MIT-0 */
/* PAD and PADV2: runs of the input with padding between them. */
#ifndef EP_PAD_H
#define EP_PAD_H

#include <stdint.h>

#include "ep_words.h"

typedef struct {
    uint32_t lead; /* elements of padding before the first run */
    uint32_t tail; /* and behind the last */
    uint32_t run;  /* elements copied at a time */
    uint32_t rank; /* dimensions of runs, 0 to EP_WALK_RANK, the innermost first */
    uint32_t count[EP_WALK_RANK]; /* runs along each dimension */
    uint32_t gap[EP_WALK_RANK];   /* elements of padding where that dimension moves on */
} ep_pad_t;

/// y = lead paddings, then the runs of x in order with their gaps between them, then the tail.
/// value: the padding's bits. x: [count[rank - 1]]...[count[0]][run]. y must not overlap x.
void ep_pad_8(const ep_pad_t* p, uint8_t value, const void* x, void* y);
/// The same with elements of 2 bytes; x and y are aligned to them.
void ep_pad_16(const ep_pad_t* p, uint16_t value, const void* x, void* y);
/// The same with elements of 4 bytes; x and y are aligned to them.
void ep_pad_32(const ep_pad_t* p, uint32_t value, const void* x, void* y);
/// The same with elements of 8 bytes; x and y are aligned to them.
void ep_pad_64(const ep_pad_t* p, uint64_t value, const void* x, void* y);

#endif
