/* SPDX-License-Identifier: MIT-0 */
/* Planes of 16-bit values for depthwise 3x3 convolutions: what the assembly does.
 *
 * Values are 256 times the input's. Line k of a strip holds, for each column, four channels'
 * {rows 2k and 2k + 1}{rows 2k + 2 and 2k + 3}, the upper row in the lower half: 32 bytes a column.
 */
#ifndef EP_PLANE_H
#define EP_PLANE_H

#include <stdint.h>

typedef struct {
    /* tap (row, column) of each: 00 01 10 11, 02 20 12 21, 22 */
    int8_t taps[9];
    /* short: the nudge in 24 bits, the lowest byte first; twice: right shift + 6, 0, 0 */
    uint8_t code[3];
    int32_t bias;   /* 256 times */
    int32_t factor; /* twice: the mantissa */
} ep_plane_channel_t;

#define EP_PLANE_CHANNEL_WORDS 5
#define EP_PLANE_SHIFTED_WORDS 4 /* of a multiplier that is a power of two */

typedef struct {
    const int8_t* upper; /* four channels of the first pixel of a row */
    const int8_t* lower; /* the same of the row below it */
    int32_t upper_step;  /* to the next pixel; 0 for a pixel that stands for a whole row */
    int32_t lower_step;
    const uint32_t* from; /* the second word of a line that has the two rows above */
    uint32_t* to;         /* the first word of the line that gets those and these; may be the same line */
    int32_t columns;
} ep_plane_pair_t;

typedef struct {
    int32_t pixel_step; /* bytes from an output to the next in its row */
    int32_t row_step;   /* to the row below */
    int32_t line_step;  /* from the end of a line's whole tiles in y to the next line */
    int32_t plane_step; /* likewise in the plane */
    int32_t span;       /* bytes of a line's whole tiles in y: of 2 columns and 2 rows, or 4 columns */
    int32_t lines;
    int32_t rest;      /* columns behind the tiles */
    int32_t zero_term; /* 2 * zero point of y + 1, for two roundings */
} ep_plane_t;

/// Widens two rows of four channels into a line. Reads at any address.
void ep_plane_pair(const ep_plane_pair_t* pair);

/// One channel of a strip: y = saturate((floor(256 * sum * factor / 2^32) + nudge) / 2^12).
/// plane: the channel's first word. rows: stride 1, two rows of outputs a line; single: stride 1, one
/// row a line, of rows 2k to 2k + 2; halves: stride 2, one row a line.
/// |bias| + |sums| < 2^23, and edgepack proves that this climbs the same steps as TFLite's roundings.
/// channel: the words of an ep_plane_channel_t.
typedef void ep_plane_run_t(const ep_plane_t* p, const uint32_t* plane, const uint32_t* channel,
                            int8_t* y);
ep_plane_run_t ep_plane_rows;
ep_plane_run_t ep_plane_single;
ep_plane_run_t ep_plane_halves;

/// The same by TFLite's two roundings, with right shifts in [1, 16].
ep_plane_run_t ep_plane_rows_twice;
ep_plane_run_t ep_plane_single_twice;
ep_plane_run_t ep_plane_halves_twice;

/// Multipliers of 2^-(n + 1), n in [1, 9]. channel: {taps 0 to 3}{4 to 7}{tap 8, 0, 2^(9 - n) in 16 bits}
/// {2^(17 - n) * (bias + (2 * zero point + 1) * 2^n + 1)}; the sums with that stay below 2^31. shift:
/// results below the zero point do not matter; signed: they do.
ep_plane_run_t ep_plane_rows_shift;
ep_plane_run_t ep_plane_single_shift;
ep_plane_run_t ep_plane_halves_shift;
ep_plane_run_t ep_plane_rows_signed;
ep_plane_run_t ep_plane_single_signed;
ep_plane_run_t ep_plane_halves_signed;

#endif
