/* SPDX-License-Identifier: MIT-0 */
/* Four sums out of three: pixels of int8 convolutions chained into the halves of words. */
#ifndef EP_CHAIN_H
#define EP_CHAIN_H

#include <stdint.h>

typedef struct {
    int32_t outputs;
    int32_t groups; /* depth / 4, rounded up */
    int32_t twice;  /* two roundings */
} ep_chain_t;

typedef struct {
    ep_chain_t rows;
    int32_t depth;
    int8_t low;
    int8_t high;
} ep_chain_pixels_t;

/// Chains four rows of int8: of every 4 values a row, 6 words {X1 X2 X3 of values 0 and 2}
/// {X2 X3 X1 of values 1 and 3}, where Xi = 256 * x[i] + x[i - 1] + 128 in each half. Gives the end
/// of chained. x: four rows, at any address, read to the end of the last group; groups: values / 4, at least 1.
uint32_t* ep_chain_widen(const int8_t* const* x, int32_t groups, uint32_t* chained);

typedef struct {
    int32_t groups; /* values of a line / 4, at least 1 */
    int32_t lines;
    int32_t pitch; /* bytes from a line to the next */
} ep_chain_window_t;

/// The same for windows of several lines, one line after the other. x: their first lines.
uint32_t* ep_chain_window(const int8_t* const* x, const ep_chain_window_t* window,
                          uint32_t* chained);

/// Copies what some windows' lines hold behind their groups: rest values a line, 1 to 3, those of a
/// window side by side, each window's from a multiple of 4 bytes on.
void ep_chain_rests(const int8_t* const* x, const ep_chain_window_t* window, int32_t rest,
                    int8_t* copies, int32_t windows);

/// Chains one value of each of three lines, what windows of RGB images leave behind their groups: a
/// group, its fourth value 0.
void ep_chain_three(const int8_t* const* x, const ep_chain_window_t* window, uint32_t* chained);

/// Copies words in rising order; to lies below from or apart from it.
void ep_chain_move(uint32_t* to, const uint32_t* from, int32_t words);

/// y[i * step + o] = saturate(zp_y + requantize(bias[o] + sum_k x[i][k] * w[o][k])) for 4 pixels i.
/// chained: 6 * groups words of ep_chain_widen. stream: for each two outputs a and b
/// {257 * bias - 128 * sum(w) of a, b}, groups times {a0 b0 a2 b2}{a1 b1 a3 b3} in bytes, then what
/// requantises: {factor and nudge of a}{of b}, for (floor(256 * sum * factor / 2^32) + nudge) / 2^12;
/// or, twice: {mantissa of a}{what is added}{shift + 6 of a, of b, 0, 0}{mantissa of b}{what is added},
/// which is 64 + ((2 * zero point of y + 1) << (shift + 6)), with right shifts in [1, 16].
/// An odd last output has a partner of zeros. |bias| + |sums| < 2^23, which edgepack proves of every
/// output, and that factor and nudge climb the same steps as TFLite's roundings.
/// A step of 0 is for one pixel: all four are the same.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_chain_rows(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream, int8_t* y,
                   int32_t step);

/// ep_chain_rows, or its like.
typedef void ep_chain_rows_t(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                             int8_t* y, int32_t step);

#endif
