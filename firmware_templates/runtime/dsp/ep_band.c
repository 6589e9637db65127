/* SPDX-License-Identifier: MIT-0 */
#include "ep_band.h"

#include "ep_limit_s8.h"

#define MOST 4 /* pixels of a tile */

static void copy(int8_t* to, const int8_t* x, int32_t count)
{
    for (; count >= 4; count -= 4) {
        __builtin_memcpy(to, x, 4);
        to += 4;
        x += 4;
    }
    for (; count > 0; count--) {
        *to++ = *x++;
    }
}

static void fill(int8_t* to, int8_t value, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = value;
    }
}

/// Reads the band's lines from `line` on.
static void load(const ep_band_t* b, int32_t line)
{
    const ep_window_t* const window = &b->p->window;
    const int32_t bytes = window->in_w * window->in_c;
    int8_t* to = &b->band[line * b->p->whole.pitch + window->pad_left * window->in_c];
    for (; line < b->p->lines; line++) {
        const int32_t row = b->top + line;
        if (row >= 0 && row < window->in_h) {
            const int8_t* const from = &b->image[row * bytes];
            if ((((uintptr_t)from | (uintptr_t)to | (uintptr_t)bytes) & 3U) == 0U) {
                ep_chain_move((uint32_t*)(void*)to, (const uint32_t*)(const void*)from, bytes / 4);
            } else {
                copy(to, from, bytes);
            }
        } else {
            fill(to, b->p->zero, bytes);
        }
        to += b->p->whole.pitch;
    }
}

/// Moves the band down by some lines.
static void advance(ep_band_t* b, int32_t lines)
{
    const int32_t kept = b->p->lines - lines;
    b->top += lines;
    if (kept > 0) {
        const int32_t words = b->p->whole.pitch / 4;
        uint32_t* const to = (uint32_t*)(void*)b->band;
        ep_chain_move(to, to + lines * words, kept * words);
    }
    load(b, (kept > 0) ? kept : 0);
}

int32_t ep_band_rests(const ep_band_t* band, const int8_t* const* rows, int32_t pixels,
                      const int8_t** copies)
{
    const ep_band_conv_t* const p = band->p;
    const int32_t groups = (p->window.kernel_h * p->rest + 3) / 4;
    for (int32_t k = 0; k < pixels; k++) {
        copies[k] = &band->rests[4 * groups * k];
    }
    ep_chain_rests(rows, &p->whole, p->rest, band->rests, pixels);
    return groups;
}

/// One image.
static int8_t* image(ep_band_t* b, ep_band_tiles_t* run, int32_t pixels, int8_t* y)
{
    const ep_band_conv_t* const p = b->p;
    const ep_window_t* const window = &p->window;
    const int32_t step = window->stride_w * window->in_c;
    const int32_t line = window->stride_h * p->whole.pitch - window->out_w * step;
    int32_t j = 0;
    b->top = -window->pad_top;
    load(b, 0);
    for (int32_t left = window->out_h * window->out_w; left > 0;) {
        const int32_t count = (left >= pixels) ? pixels : 1;
        const int32_t whole = (window->out_w - j) / pixels;
        const int32_t tiles = (count == 1 || whole == 0) ? 1 : whole;
        const int8_t* rows[MOST];
        const int8_t* at = &b->band[j * step];
        int32_t lines = 0;
        for (int32_t k = 0; k < pixels; k++) {
            rows[k] = at;
            if (k < count) {
                at += step;
                j++;
                if (j == window->out_w) {
                    j = 0;
                    at += line;
                    lines += window->stride_h;
                }
            }
            if (count == 1) {
                at = rows[0];
            }
        }
        if (tiles > 1) {
            j += (tiles - 1) * pixels;
            if (j == window->out_w) {
                j = 0;
                lines = window->stride_h;
            }
        }
        run(b, rows, tiles, pixels * step, (count == pixels) ? p->rows.outputs : 0, y);
        y += tiles * count * p->rows.outputs;
        left -= tiles * count;
        if (lines > 0 && left > 0) {
            advance(b, lines);
        }
    }
    return y;
}

void ep_band_conv(const ep_band_conv_t* p, ep_band_tiles_t* run, int32_t pixels, const int8_t* x,
                  const uint32_t* stream, uint32_t* scratch, int32_t value_words, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t bytes = p->whole.pitch * p->lines;
    int8_t* const first = y;
    ep_band_t b = {.p = p,
                   .stream = stream,
                   .values = scratch,
                   .band = (int8_t*)&scratch[value_words],
                   .image = x};
    b.rests = b.band + bytes;
    fill(b.band, p->zero, bytes);
    for (int32_t n = 0; n < window->batches; n++) {
        y = image(&b, run, pixels, y);
        b.image += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
