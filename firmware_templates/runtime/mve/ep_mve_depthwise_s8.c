/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_depthwise_s8.h"

#include <stdbool.h>

#include "ep_mve_bytes.h"

#define LINES 3
#define GROUP 16
#define PIXEL (LINES * GROUP) /* bytes of a column of the ring */

/// The ring of three lines, and where the window's columns lie in it.
typedef struct {
    const ep_window_t* window;
    int8_t* bytes;
    int32_t columns;
    int32_t groups;
    int8_t zero;
    bool twice; /* 8 channels: those of the window a stride further stand beside them */
} ring_t;

/// Pixels of one group of channels to one line of the ring; count is at least 1.
static void put_group(int8_t* to, const int8_t* from, int32_t step, int32_t lanes, int32_t count)
{
    __asm volatile("vctp.8 %[lanes]\n\t"
                   "dls lr, %[count]\n"
                   "1:\n\t"
                   "vpstt\n\t"
                   "vldrbt.u8 q0, [%[from]]\n\t"
                   "vstrbt.8 q0, [%[to]], #48\n\t"
                   "add %[from], %[step]\n\t"
                   "le lr, 1b"
                   : [to] "+r"(to), [from] "+r"(from)
                   : [lanes] "r"(lanes), [count] "r"(count), [step] "r"(step)
                   : "lr", "d0", "d1", "memory");
}

/// A line of the image; where it leaves the image, the zero point.
static void put_line(const ring_t* ring, const int8_t* image, int32_t row, int32_t line)
{
    const ep_window_t* const window = ring->window;
    const int32_t most = ring->columns - window->pad_left;
    const int32_t count = (window->in_w < most) ? window->in_w : most;
    const bool inside = row >= 0 && row < window->in_h;
    const int8_t zeros[GROUP] = {ring->zero, ring->zero, ring->zero, ring->zero,
                                 ring->zero, ring->zero, ring->zero, ring->zero,
                                 ring->zero, ring->zero, ring->zero, ring->zero,
                                 ring->zero, ring->zero, ring->zero, ring->zero};
    const int8_t* from = inside ? &image[row * window->in_w * window->in_c] : zeros;
    const int32_t step = inside ? window->in_c : 0;
    int8_t* to = ring->bytes + line * GROUP + window->pad_left * PIXEL;
    int32_t left = window->in_c;
    for (int32_t group = ring->groups; group > 0; group--) {
        put_group(to, from, step, left, count);
        if (ring->twice && count > 0) {
            /* column c beside column c - stride, as far as there is one */
            const int32_t skipped = (window->pad_left < window->stride_w)
                                        ? window->stride_w - window->pad_left
                                        : 0;
            if (count > skipped) {
                put_group(to + (skipped - window->stride_w) * PIXEL + GROUP / 2,
                          from + skipped * step, step, left, count - skipped);
            }
        }
        to += ring->columns * PIXEL;
        from += inside ? GROUP : 0;
        left -= GROUP;
    }
}

/// The windows of one line: whole groups, then the group of the last channels.
static void run_line(const ring_t* ring, ep_mve_depthwise_row_t row)
{
    const ep_window_t* const window = ring->window;
    row.groups = window->in_c / GROUP;
    row.lanes = GROUP;
    if (row.groups > 0) {
        ep_mve_depthwise_row_s8(&row);
    }
    row.lanes = window->in_c % GROUP;
    if (row.lanes > 0) {
        row.x += row.groups * row.x_group;
        row.w += row.groups * 52;
        row.tables += row.groups * 20;
        row.y += row.groups * GROUP;
        row.groups = 1;
        ep_mve_depthwise_row_s8(&row);
    }
}

/// The same for 8 channels: pairs of windows, then the last one alone.
static void run_pairs(const ring_t* ring, ep_mve_depthwise_row_t row)
{
    const int32_t pairs = row.windows / 2;
    const int32_t left = row.windows % 2;
    row.groups = 1;
    row.x_step *= 2;
    row.y_step = GROUP;
    row.lanes = GROUP;
    row.windows = pairs;
    if (pairs > 0) {
        ep_mve_depthwise_row_s8(&row);
    }
    if (left > 0) {
        row.lanes = ring->window->in_c;
        row.windows = 1;
        row.x += pairs * row.x_step;
        row.y += pairs * GROUP;
        ep_mve_depthwise_row_s8(&row);
    }
}

void ep_mve_depthwise_s8(const ep_mve_depthwise_t* p, const int8_t* x, const int32_t* w,
                         const int32_t* tables, int8_t* bytes, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const bool twice = window->in_c == GROUP / 2;
    const int32_t more = twice ? window->stride_w : 0;
    const ring_t ring = {window,
                         bytes,
                         (window->out_w - 1) * window->stride_w + LINES + more,
                         (window->in_c + GROUP - 1) / GROUP,
                         p->zero_x,
                         twice};
    const int32_t line_bytes = window->out_w * window->in_c;
    int8_t* const first = y;
    ep_mve_depthwise_row_t row = {.x = bytes,
                                  .x_group = ring.columns * PIXEL,
                                  .x_step = window->stride_w * PIXEL,
                                  .w = w,
                                  .tables = tables,
                                  .y = y,
                                  .y_step = window->in_c,
                                  .windows = window->out_w,
                                  .groups = 1,
                                  .lanes = GROUP,
                                  .turn = 0,
                                  .zero = p->zero_y,
                                  .signs = p->signs};
    ep_mve_fill(bytes, p->zero_x, ring.groups * ring.columns * PIXEL);
    for (int32_t b = 0; b < window->batches; b++) {
        int32_t next = -window->pad_top; /* the first line that is not in the ring */
        int32_t slot = 0;                /* where it goes */
        for (int32_t i = 0; i < window->out_h; i++) {
            const int32_t top = i * window->stride_h - window->pad_top;
            if (next < top) {
                next = top;
                slot = 0;
            }
            for (; next < top + LINES; next++) {
                put_line(&ring, x, next, slot);
                slot = (slot == LINES - 1) ? 0 : slot + 1;
            }
            row.turn = slot; /* the oldest line */
            if (twice) {
                run_pairs(&ring, row);
            } else {
                run_line(&ring, row);
            }
            row.y += line_bytes;
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_mve_limit(first, (int32_t)(row.y - first), p->low, p->high);
}
