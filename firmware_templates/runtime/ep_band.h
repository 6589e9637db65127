/* SPDX-License-Identifier: MIT-0 */
/* Convolutions over a band of copied lines: the way through an image, a tile of pixels at a time. */
#ifndef EP_BAND_H
#define EP_BAND_H

#include "ep_chain.h"
#include "ep_window.h"

typedef struct {
    ep_chain_t rows;
    ep_window_t window;      /* not dilated */
    ep_chain_window_t whole; /* a window's lines in the band, as far as they are whole words */
    int32_t rest;            /* values of a line behind them */
    int32_t lines;           /* of the band */
    int8_t zero;             /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_band_conv_t;

/// Lines of one image, from line `top` on, with what lies beside it, and what a tile needs besides.
typedef struct {
    const ep_band_conv_t* p;
    const uint32_t* stream;
    uint32_t* values; /* of a tile */
    int8_t* band;
    int8_t* rests; /* a tile's values that fill no words, each pixel's from a multiple of 4 bytes on */
    const int8_t* image;
    int32_t top;
} ep_band_t;

/// Outputs of tiles whose pixels' windows start at rows, in the first of them; each tile's pixels are
/// `further` bytes behind those of the tile before. With a step of 0 of one pixel, which all rows are.
typedef void ep_band_tiles_t(const ep_band_t* band, const int8_t** rows, int32_t tiles,
                             int32_t further, int32_t step, int8_t* y);

/// All of y by tiles of some pixels, 4 at most, the last ones one by one. The lines that a tile sees
/// are in the band. scratch, aligned to 4: value_words, whole.pitch * lines bytes, then 4 bytes a
/// pixel of a tile and 4 values of kernel_h * rest.
void ep_band_conv(const ep_band_conv_t* p, ep_band_tiles_t* run, int32_t pixels, const int8_t* x,
                  const uint32_t* stream, uint32_t* scratch, int32_t value_words, int8_t* y);

/// Where each of some pixels' rests are copied to. Gives how many groups of four those of a pixel are.
int32_t ep_band_rests(const ep_band_t* band, const int8_t* const* rows, int32_t pixels,
                      const int8_t** copies);

#endif
