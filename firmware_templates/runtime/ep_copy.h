/* SPDX-License-Identifier: MIT-0 */
/* Rows of bytes from one dense tensor to another: parts of concatenations, splits, whole copies. */
#ifndef EP_COPY_H
#define EP_COPY_H

#include <stdint.h>

typedef struct {
    uint32_t rows;    /* rows copied */
    uint32_t bytes;   /* of one row */
    uint32_t x_start; /* where the first row begins in x */
    uint32_t x_pitch; /* bytes from a row of x to the next */
    uint32_t y_start;
    uint32_t y_pitch;
} ep_copy_t;

/// Row r of x, `bytes` long, becomes row r of y; other bytes of y stay as they are. Bytes are
/// copied in rising order, so a single row may lie below its source or on it.
void ep_copy(const ep_copy_t* p, const void* x, void* y);

#endif
