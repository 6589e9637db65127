/* SPDX-License-Identifier: MIT-0 */
/* Convolutions over fused lines, whatever the weights. */
#ifndef EP_FUSE_CONV_BODY_H
#define EP_FUSE_CONV_BODY_H

#include "ep_fuse_conv_s8.h"
#include "ep_limit_s8.h"

/// Where things lie in the scratch.
typedef struct {
    const ep_fuse_conv_t* p;
    uint32_t* chained;
    uint32_t* fused;
    uint32_t* line; /* one line of the image with what lies beside it */
    int32_t pitch;  /* words of a fused line */
    int32_t pixel;  /* words of a pixel */
    int32_t inside; /* words of the image that a line shows */
} ep_fuse_place_t;

static inline void ep_fuse_fill(uint32_t* to, uint32_t value, int32_t words)
{
    for (; words > 0; words--) {
        *to++ = value;
    }
}

/// Copies words from any address.
static inline void ep_fuse_copy(uint32_t* to, const int8_t* from, int32_t words)
{
    if (((uintptr_t)from & 3U) == 0U) {
        ep_chain_move(to, (const uint32_t*)(const void*)from, words);
        return;
    }
    for (; words > 0; words--) {
        __builtin_memcpy(to, from, 4);
        to++;
        from += 4;
    }
}

/// Fuses the lines of the window whose top is `top`, from the window's line `first` on.
static inline void ep_fuse_load(const ep_fuse_place_t* at, const int8_t* image, int32_t top,
                                int32_t first)
{
    const ep_window_t* const window = &at->p->window;
    const uint32_t zeros = (uint32_t)(uint8_t)at->p->zero * 0x01010101U;
    uint32_t* const to = &at->line[window->pad_left * at->pixel];
    for (int32_t h = first; h < at->p->fused.lines; h++) {
        const int32_t row = top + h;
        if (row >= 0 && row < window->in_h) {
            ep_fuse_copy(to, &image[row * window->in_w * window->in_c], at->inside);
        } else {
            ep_fuse_fill(to, zeros, at->inside);
        }
        ep_fuse_line(at->line, at->pixel, at->pitch / 2, &at->fused[h * at->pitch]);
    }
}

/// One row of outputs.
static inline int8_t* ep_fuse_row(const ep_fuse_place_t* at, ep_chain_rows_t* outputs_of,
                                  const uint32_t* stream, int8_t* y)
{
    const ep_fuse_conv_t* const p = at->p;
    const uint32_t* fused = at->fused;
    for (int32_t j = p->window.out_w; j > 0; j -= 4) {
        ep_fuse_gather(fused, &p->fused, at->chained);
        outputs_of(&p->rows, at->chained, stream, y, p->rows.outputs);
        fused += 8 * at->pixel;
        y += 4 * p->rows.outputs;
    }
    return y;
}

static inline void ep_fuse_conv(const ep_fuse_conv_t* p, ep_chain_rows_t* outputs_of,
                                const int8_t* x, const uint32_t* stream, uint32_t* scratch,
                                int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t lines = p->fused.lines;
    const int32_t seen = window->out_w + 2 - window->pad_left;
    const int32_t columns = (seen < window->in_w) ? seen : window->in_w;
    int8_t* const first = y;
    ep_fuse_place_t at = {.p = p, .chained = scratch, .pitch = p->fused.pitch / 4};
    at.fused = &scratch[6 * p->rows.groups];
    at.line = &at.fused[at.pitch * lines];
    at.pixel = window->in_c / 4;
    at.inside = columns * at.pixel;
    ep_fuse_fill(at.line, (uint32_t)(uint8_t)p->zero * 0x01010101U, (window->out_w + 2) * at.pixel);
    for (int32_t b = 0; b < window->batches; b++) {
        ep_fuse_load(&at, x, -window->pad_top, 0);
        for (int32_t i = 0; i < window->out_h; i++) {
            if (i > 0) {
                const int32_t kept = lines - window->stride_h;
                if (kept > 0) {
                    ep_chain_move(at.fused, &at.fused[window->stride_h * at.pitch],
                                  kept * at.pitch);
                }
                ep_fuse_load(&at, x, i * window->stride_h - window->pad_top, (kept > 0) ? kept : 0);
            }
            y = ep_fuse_row(&at, outputs_of, stream, y);
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}

#endif
