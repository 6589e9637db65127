/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PAIRS_3X3_S8_H
#define EP_PAIRS_3X3_S8_H

#include <stdint.h>

/// Lines and columns may be an image's rows and columns, or the other way round.
typedef struct {
    int32_t lines; /* of pairs, at least 1 */
    int32_t columns;
    int32_t pitch;    /* bytes from a line of x to the one below */
    int32_t x_line;   /* from an output line's x to the next one's: stride * pitch */
    int32_t x_column; /* along a line: stride * 4 */
    int32_t y_line;   /* bytes from a line of y to the next */
    int32_t y_column; /* from an output to the next in its line */
    int32_t below;    /* from an output to the other one of its pair */
    int32_t low;      /* the activation's range */
    int32_t span;     /* from there to its end */
} ep_pairs_t;

/// The 3x3 windows of one channel, two outputs at a time. x: words of two inputs,
/// upper + lower * 2^16; w: [3][3].
/// row: a bias, a factor, nudge << 8 | kind, a limit, as in ep_swar_s8.h. The products of a line of
/// the window (kind 0) or of two neighbouring taps (kind 1) are added up two inputs in a word;
/// edgepack proves that the upper one's sum fits an int16.
void ep_pairs_3x3_s8(const ep_pairs_t* p, const uint32_t* x, const int8_t* w,
                     const uint32_t* row, int8_t* y);

#endif
