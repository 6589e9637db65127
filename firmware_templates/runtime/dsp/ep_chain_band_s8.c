/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_band_s8.h"

#include "ep_limit_s8.h"

/// The band: lines of one image, from line `top` on.
typedef struct {
    const ep_chain_band_t* p;
    const int8_t* image;
    int8_t* band;
    int8_t* rests; /* four pixels' values that fill no words */
    int32_t top;
} band_t;

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
static void load(const band_t* b, int32_t line)
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
static void advance(band_t* b, int32_t lines)
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

/// The values of four windows' lines that fill no words.
static void chain_rests(const band_t* b, const int8_t* const* rows, uint32_t* chained)
{
    const ep_chain_band_t* const p = b->p;
    const int32_t values = p->window.kernel_h * p->rest;
    const int32_t groups = (values + 3) / 4;
    const int32_t bytes = 4 * groups;
    const int8_t* const copies[4] = {b->rests, b->rests + bytes, b->rests + 2 * bytes,
                                     b->rests + 3 * bytes};
    ep_chain_rests(rows, &p->whole, p->rest, b->rests);
    (void)ep_chain_widen(copies, groups, chained);
}

/// One tile: four pixels whose windows start at rows, or one, four times.
static void tile(const band_t* b, const int8_t* const* rows, int32_t step, const uint32_t* stream,
                 uint32_t* chained, int8_t* y)
{
    const ep_chain_band_t* const p = b->p;
    uint32_t* end = chained;
    if (p->whole.groups > 0) {
        end = ep_chain_window(rows, &p->whole, chained);
    }
    if (p->rest == 1 && p->window.kernel_h == 3) {
        ep_chain_three(rows, &p->whole, end);
    } else if (p->rest > 0) {
        chain_rests(b, rows, end);
    }
    ep_chain_rows(&p->rows, chained, stream, y, step);
}

/// One image.
static int8_t* image(band_t* b, const uint32_t* stream, uint32_t* chained, int8_t* y)
{
    const ep_chain_band_t* const p = b->p;
    const ep_window_t* const window = &p->window;
    const int32_t step = window->stride_w * window->in_c;
    const int32_t line = window->stride_h * p->whole.pitch - window->out_w * step;
    int32_t j = 0;
    b->top = -window->pad_top;
    load(b, 0);
    for (int32_t left = window->out_h * window->out_w; left > 0;) {
        const int32_t count = (left >= 4) ? 4 : 1;
        const int8_t* rows[4];
        const int8_t* at = &b->band[j * step];
        int32_t lines = 0;
        for (int32_t k = 0; k < 4; k++) {
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
        tile(b, rows, (count == 4) ? p->rows.outputs : 0, stream, chained, y);
        y += count * p->rows.outputs;
        left -= count;
        if (lines > 0 && left > 0) {
            advance(b, lines);
        }
    }
    return y;
}

void ep_chain_band_s8(const ep_chain_band_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t bytes = p->whole.pitch * p->lines;
    int8_t* const first = y;
    band_t b = {.p = p, .image = x, .band = (int8_t*)&scratch[6 * p->rows.groups]};
    b.rests = b.band + bytes;
    fill(b.band, p->zero, bytes);
    for (int32_t n = 0; n < window->batches; n++) {
        y = image(&b, stream, scratch, y);
        b.image += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
