/* SPDX-License-Identifier: MIT-0 */
/* Planes of 16-bit values for depthwise 3x3 convolutions: what the assembly does.
 *
 * Line k of a strip holds, for each column, four channels' {rows 2k and 2k + 1}{rows 2k + 2 and
 * 2k + 3}, the lower row in the lower half: 32 bytes a column.
 */
#ifndef EP_PLANE_H
#define EP_PLANE_H

#include <stdint.h>

typedef struct {
    /* tap (row, column) of each: 00 01 10 11, 02 20 12 21, 22, then shift - 1, 0, 0 */
    int8_t taps[9];
    int8_t shift; /* right shift - 1, in [0, 14] */
    int8_t unused[2];
    int32_t twice_bias;
    int32_t mantissa;
} ep_plane_channel_t;

typedef struct {
    const int8_t* upper; /* four channels of the first pixel of a row */
    const int8_t* lower; /* the same of the row below it */
    int32_t upper_step;  /* to the next pixel; 0 for a pixel that stands for a whole row */
    int32_t lower_step;
    uint32_t* first;  /* where a line has the pair as its rows 2k and 2k + 1 */
    uint32_t* second; /* and where one has it as its rows 2k + 2 and 2k + 3 */
    int32_t columns;
} ep_plane_pair_t;

typedef struct {
    int32_t lines;
    int32_t pitch; /* bytes from a line to the next */
    int32_t out_w;
    int32_t pixel_step;    /* bytes from an output to the next in its row */
    int32_t row_step;      /* to the row below */
    int32_t last_row_step; /* the same in the last line; 0 where it has only one row of outputs */
    int32_t zero_term;     /* 2 * zero point of y + 1 */
} ep_plane_t;

/// Widens two rows of four channels into a strip. Reads at any address.
void ep_plane_pair(const ep_plane_pair_t* pair);

/// One channel of a strip, stride 1: two rows of outputs a line. plane: the channel's first word.
/// Exact with TFLite's two roundings where no result below the zero point of y matters.
void ep_plane_rows(const ep_plane_t* p, const uint32_t* plane, const ep_plane_channel_t* channel,
                   int8_t* y);

/// The same, exact everywhere.
void ep_plane_rows_signed(const ep_plane_t* p, const uint32_t* plane,
                          const ep_plane_channel_t* channel, int8_t* y);

/// One channel of a strip, stride 2: one row of outputs a line.
void ep_plane_halves(const ep_plane_t* p, const uint32_t* plane, const ep_plane_channel_t* channel,
                     int8_t* y);

/// The same, exact everywhere.
void ep_plane_halves_signed(const ep_plane_t* p, const uint32_t* plane,
                            const ep_plane_channel_t* channel, int8_t* y);

#endif
