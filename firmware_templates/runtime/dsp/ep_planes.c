/* SPDX-License-Identifier: MIT-0 */
#include "ep_planes.h"

#include "ep_limit_s8.h"

#define COLUMN_WORDS 8
#define COLUMN_BYTES 32
#define TOGETHER 4 /* channels */

/// What stays the same for all strips of an image.
typedef struct {
    const ep_planes_3x3_t* p;
    const ep_plane_ways_t* ways;
    const int8_t* outside; /* four channels outside the image */
    uint32_t* strip;
    uint32_t* inside; /* the strip's first column inside the image */
    int32_t line_words;
    int32_t columns; /* that lie inside the image */
    int32_t x_row;   /* bytes from a row of the planes to the next in x */
    int32_t x_column;
    int32_t y_line; /* likewise from a line to the next in y */
    ep_plane_t rows;
    ep_plane_t single;
} plan_t;

/// Rows 2k - pad and the next one of four channels to line `to`, behind those of line `from`.
static void widen(const plan_t* plan, const int8_t* x, int32_t k, int32_t from, int32_t to)
{
    const ep_window_t* const window = &plan->p->window;
    const int32_t row = 2 * k - window->pad_top;
    const bool has_upper = row >= 0 && row < window->in_h;
    const bool has_lower = row >= -1 && row + 1 < window->in_h;
    const int8_t* const upper = &x[row * plan->x_row];
    const ep_plane_pair_t pair = {
        .upper = has_upper ? upper : plan->outside,
        .lower = has_lower ? upper + plan->x_row : plan->outside,
        .upper_step = has_upper ? plan->x_column : 0,
        .lower_step = has_lower ? plan->x_column : 0,
        .from = &plan->inside[from * plan->line_words + 1],
        .to = &plan->inside[to * plan->line_words],
        .columns = plan->columns,
    };
    ep_plane_pair(&pair);
}

/// Some channels, one after the other, of some lines of outputs.
static void run(ep_plane_run_t* way, const ep_plane_t* p, const uint32_t* line,
                const uint32_t* channel, int32_t words, int32_t count, int8_t* y)
{
    for (; count > 0; count--) {
        way(p, line, channel, y);
        line += 2;
        channel += words;
        y++;
    }
}

/// Some channels, fewer than five, of an image; the first of them is the strip's channel `skip`.
static void group(plan_t* plan, const int8_t* x, const uint32_t* channel, int32_t skip,
                  int32_t count, int8_t* y)
{
    const ep_window_t* const window = &plan->p->window;
    const bool is_odd = window->stride_h == 1 && window->out_h % 2 == 1;
    const int32_t last = plan->p->lines - 1;
    const uint32_t* const strip = &plan->strip[2 * skip];
    int32_t done = 0;
    int32_t left = (window->stride_h == 1) ? (window->out_h + 1) / 2 : window->out_h;
    widen(plan, x, 0, last, last);
    while (left > 0) {
        const int32_t lines = (left > last) ? last + 1 : left;
        for (int32_t line = 0; line < lines; line++) {
            widen(plan, x, done + line + 1, (line > 0) ? line - 1 : last, line);
        }
        left -= lines;
        plan->rows.lines = (left == 0 && is_odd) ? lines - 1 : lines;
        if (plan->rows.lines > 0) {
            run((window->stride_h == 1) ? plan->ways->rows : plan->ways->halves,
                &plan->rows, strip, channel, plan->ways->words, count, y);
        }
        y += plan->rows.lines * plan->y_line;
        if (plan->rows.lines < lines) {
            run(plan->ways->single, &plan->single,
                &strip[(lines - 1) * plan->line_words], channel, plan->ways->words, count, y);
        }
        done += lines;
    }
}

/// Fills the columns of the strip that lie beside the image.
static void surround(const plan_t* plan, uint32_t zeros)
{
    const int32_t words = plan->columns * COLUMN_WORDS;
    uint32_t* at = plan->strip;
    for (int32_t line = plan->p->lines; line > 0; line--) {
        uint32_t* const inside = at + plan->p->window.pad_left * COLUMN_WORDS;
        uint32_t* const end = at + plan->line_words;
        while (at != inside) {
            *at++ = zeros;
        }
        at += words;
        while (at != end) {
            *at++ = zeros;
        }
    }
}

void ep_planes(const ep_planes_3x3_t* p, const ep_plane_ways_t* ways, const int8_t* x,
               const uint32_t* channels, uint32_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t depth = window->in_c;
    const int32_t needed = p->columns - window->pad_left;
    const int32_t outputs = window->batches * window->out_h * window->out_w * depth;
    const bool halves = window->stride_h == 2;
    const int32_t pitch = p->columns * COLUMN_BYTES;
    const int32_t pixel = p->turned ? window->out_h * depth : depth;
    const int32_t row = p->turned ? depth : window->out_w * depth;
    const int32_t tile = halves ? 4 : 2;
    const int32_t whole = window->out_w / tile * tile;
    const int32_t passed = halves ? window->out_w : whole;
    const int32_t single = window->out_w / 4 * 4;
    const int32_t y_line = halves ? row : 2 * row;
    plan_t plan = {
        .p = p,
        .ways = ways,
        .outside = (const int8_t*)scratch,
        .strip = &scratch[1],
        .inside = &scratch[1 + window->pad_left * COLUMN_WORDS],
        .line_words = p->columns * COLUMN_WORDS,
        .columns = (needed < window->in_w) ? needed : window->in_w,
        .x_row = p->turned ? depth : window->in_w * depth,
        .x_column = p->turned ? window->in_h * depth : depth,
        .y_line = y_line,
        .rows = {.pixel_step = pixel,
                 .row_step = row,
                 .line_step = y_line - passed * pixel,
                 .plane_step = pitch - passed * COLUMN_BYTES * window->stride_w,
                 .span = whole * pixel,
                 .rest = window->out_w - whole,
                 .zero_term = p->zero_term},
        .single = {.pixel_step = pixel,
                   .lines = 1,
                   .span = single * pixel,
                   .rest = window->out_w - single,
                   .zero_term = p->zero_term},
    };
    const uint32_t zero = (uint32_t)(uint8_t)p->zero;
    scratch[0] = zero * 0x01010101U;
    surround(&plan, zero * 0x01000100U);
    int8_t* to = y;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t c = 0; c < depth; c += TOGETHER) {
            const int32_t left = depth - c;
            const int32_t skip = (left < TOGETHER) ? TOGETHER - left : 0;
            group(&plan, &x[c - skip], &channels[c * ways->words], skip,
                  (left < TOGETHER) ? left : TOGETHER, &to[c]);
        }
        x += window->in_h * window->in_w * depth;
        to += window->out_h * window->out_w * depth;
    }
    ep_limit_s8(y, outputs, p->low, p->high);
}
