/* SPDX-License-Identifier: MIT-0 */
#include "ep_planes_3x3_s8.h"

#include "ep_limit_s8.h"

#define COLUMN_WORDS 8
#define TOGETHER 4 /* channels */

typedef void (*run_t)(const ep_plane_t* p, const uint32_t* plane,
                      const ep_plane_channel_t* channel, int8_t* y);

/// What stays the same for all strips of an image.
typedef struct {
    const ep_planes_3x3_t* p;
    const int8_t* outside; /* four channels outside the image */
    uint32_t* strip;
    int32_t line_words;
    int32_t lines;   /* of all outputs */
    int32_t columns; /* that lie inside the image */
    run_t run;
} plan_t;

/// Rows 2k - pad and the next one of four channels; to line k - 1 - start as its lower pair and to
/// line k - start as its upper one, where the strip has them.
static void widen(const plan_t* plan, const int8_t* x, int32_t k, int32_t line, int32_t lines)
{
    const ep_window_t* const window = &plan->p->window;
    const int32_t row = 2 * k - window->pad_top;
    const int32_t row_bytes = window->in_w * window->in_c;
    const bool has_upper = row >= 0 && row < window->in_h;
    const bool has_lower = row + 1 >= 0 && row + 1 < window->in_h;
    uint32_t* const first =
        &plan->strip[line * plan->line_words + window->pad_left * COLUMN_WORDS];
    uint32_t* const second = (line > 0) ? first - plan->line_words + 1 : first + 1;
    const ep_plane_pair_t pair = {
        .upper = has_upper ? &x[row * row_bytes] : plan->outside,
        .lower = has_lower ? &x[(row + 1) * row_bytes] : plan->outside,
        .upper_step = has_upper ? window->in_c : 0,
        .lower_step = has_lower ? window->in_c : 0,
        .first = (line < lines) ? first : second,
        .second = second,
        .columns = plan->columns,
    };
    ep_plane_pair(&pair);
}

/// The lower pair of a strip's last line becomes the upper one of the next strip's first: its rows
/// may be written over in x by now.
static void carry(const plan_t* plan, int32_t lines)
{
    uint32_t* to = plan->strip;
    const uint32_t* from = &plan->strip[(lines - 1) * plan->line_words + 1];
    for (int32_t i = plan->line_words / 2; i > 0; i--) {
        *to = *from;
        to += 2;
        from += 2;
    }
}

/// Channels `first` up to `end`, fewer than five, of an image.
static void group(const plan_t* plan, const int8_t* x, const ep_plane_channel_t* channels,
                  int32_t first, int32_t end, int8_t* y)
{
    const ep_planes_3x3_t* const p = plan->p;
    const ep_window_t* const window = &p->window;
    const int32_t rows = (window->stride_h == 1) ? 2 : 1;
    const int32_t whole = window->in_c - TOGETHER;
    const int32_t start = (first < whole) ? first : whole;
    ep_plane_t way = {
        .pitch = plan->line_words * 4,
        .out_w = window->out_w,
        .pixel_step = window->in_c,
        .row_step = window->out_w * window->in_c,
        .zero_term = p->zero_term,
    };
    for (int32_t done = 0; done < plan->lines; done += way.lines) {
        if (done == 0) {
            widen(plan, &x[start], 0, 0, 1);
        } else {
            carry(plan, way.lines);
        }
        way.lines = (plan->lines - done < p->lines) ? plan->lines - done : p->lines;
        for (int32_t line = 1; line <= way.lines; line++) {
            widen(plan, &x[start], done + line, line, way.lines);
        }
        const bool is_last = done + way.lines == plan->lines;
        const bool is_odd = rows == 2 && window->out_h % 2 == 1;
        way.last_row_step = (is_last && is_odd) ? 0 : way.row_step;
        for (int32_t c = first; c < end; c++) {
            plan->run(&way, &plan->strip[2 * (c - start)], &channels[c],
                      &y[rows * done * way.row_step + c]);
        }
    }
}

void ep_planes_3x3_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                      uint32_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const uint32_t zeros = (uint32_t)(uint8_t)p->zero * 0x01010101U;
    const uint32_t pair = (uint32_t)(uint16_t)p->zero * 0x00010001U;
    const int32_t needed = p->columns - window->pad_left;
    const int32_t outputs = window->batches * window->out_h * window->out_w * window->in_c;
    const bool halves = window->stride_h == 2;
    scratch[0] = zeros;
    const plan_t plan = {
        .p = p,
        .outside = (const int8_t*)scratch,
        .strip = &scratch[1],
        .line_words = p->columns * COLUMN_WORDS,
        .lines = halves ? window->out_h : (window->out_h + 1) / 2,
        .columns = (needed < window->in_w) ? needed : window->in_w,
        .run = halves ? (p->is_signed ? ep_plane_halves_signed : ep_plane_halves)
                      : (p->is_signed ? ep_plane_rows_signed : ep_plane_rows),
    };
    for (int32_t i = 0; i < p->lines * plan.line_words; i++) {
        plan.strip[i] = pair;
    }
    int8_t* to = y;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t c = 0; c < window->in_c; c += TOGETHER) {
            const int32_t end = (c + TOGETHER < window->in_c) ? c + TOGETHER : window->in_c;
            group(&plan, x, (const ep_plane_channel_t*)channels, c, end, to);
        }
        x += window->in_h * window->in_w * window->in_c;
        to += window->out_h * window->out_w * window->in_c;
    }
    ep_limit_s8(y, outputs, p->low, p->high);
}
