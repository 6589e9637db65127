/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_planar_s8.h"

#include <stdbool.h>

#include "ep_mve_bytes.h"

#define LINES 3
#define GROUP 8 /* channels that go to their planes at once */

/// Pixels of up to 8 channels to one line of their planes; count is at least 1.
static void put_group(int8_t* to, const int8_t* from, int32_t step, int32_t plane, int32_t lanes,
                      int32_t count)
{
    int32_t first = 0;
    __asm volatile("vidup.u16 q1, %[first], #1\n\t"
                   "vmul.i16 q1, q1, %[plane]\n\t"
                   "vctp.16 %[lanes]\n\t"
                   "dls lr, %[count]\n"
                   "1:\n\t"
                   "vpstt\n\t"
                   "vldrbt.u16 q0, [%[from]]\n\t"
                   "vstrbt.16 q0, [%[to], q1]\n\t"
                   "add %[from], %[step]\n\t"
                   "add %[to], #3\n\t"
                   "le lr, 1b"
                   : [to] "+r"(to), [from] "+l"(from), [first] "+Te"(first)
                   : [lanes] "r"(lanes), [count] "r"(count), [step] "r"(step), [plane] "r"(plane)
                   : "lr", "d0", "d1", "d2", "d3", "memory");
}

/// A line of the image; where it leaves the image, the zero point.
static void put_line(const ep_mve_planar_t* p, const int8_t* image, int32_t row, int32_t plane,
                     int8_t* to)
{
    const ep_window_t* const window = &p->window;
    const int32_t most = plane / LINES - window->pad_left;
    const int32_t count = (window->in_w < most) ? window->in_w : most;
    const int8_t zeros[GROUP] = {p->zero_x, p->zero_x, p->zero_x, p->zero_x,
                                 p->zero_x, p->zero_x, p->zero_x, p->zero_x};
    const bool inside = row >= 0 && row < window->in_h;
    const int8_t* from = inside ? &image[row * window->in_w * window->in_c] : zeros;
    to += window->pad_left * LINES;
    for (int32_t left = window->in_c; left > 0; left -= GROUP) {
        put_group(to, from, inside ? window->in_c : 0, plane, left, count);
        to += GROUP * plane;
        from += inside ? GROUP : 0;
    }
}

void ep_mve_planar_s8(const ep_mve_planar_t* p, const int8_t* x, const int8_t* w,
                      const int32_t* bias, const int32_t* tables, int8_t* ring, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t plane = ((window->out_w - 1) * window->stride_w + LINES) * LINES;
    int8_t* const first = y;
    ep_mve_planar_line_t line = {.x = ring,
                                 .plane = plane,
                                 .y = y,
                                 .channels = window->in_c,
                                 .windows = window->out_w,
                                 .stride = window->stride_w,
                                 .turn = 0,
                                 .zero = p->zero_y,
                                 .signs = p->signs,
                                 .w = w,
                                 .bias = bias,
                                 .tables = tables};
    ep_mve_fill(ring, p->zero_x, window->in_c * plane);
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
                put_line(p, x, next, plane, ring + slot);
                slot = (slot == LINES - 1) ? 0 : slot + 1;
            }
            line.turn = slot; /* the oldest line */
            ep_mve_planar_line_s8(&line);
            line.y += window->out_w * window->in_c;
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_mve_limit(first, (int32_t)(line.y - first), p->low, p->high);
}
