/* SPDX-License-Identifier: MIT-0 */
#include "ep_paired_3x3_s8.h"

#include <stdbool.h>

/// A word of two values.
static uint32_t pair(int32_t upper, int32_t lower)
{
    return (uint32_t)upper + ((uint32_t)lower << 16);
}

/// A line of words whose two values are both inside the image.
static void gather_inside(const int8_t* upper, int32_t apart, int32_t step, int32_t count,
                          uint32_t* to)
{
    const int8_t* lower = upper + apart;
    for (; count >= 2; count -= 2) {
        to[0] = pair(*upper, *lower);
        upper += step;
        lower += step;
        to[1] = pair(*upper, *lower);
        upper += step;
        lower += step;
        to += 2;
    }
    if (count > 0) {
        to[0] = pair(*upper, *lower);
    }
}

/// A line that is inside, or all zero points.
typedef struct {
    const int8_t* x;
    int32_t step;
} line_t;

static line_t line(const ep_paired_t* p, const int8_t* x, bool inside, int32_t i)
{
    const line_t outside = {&p->zero, 0};
    if (!inside) {
        return outside;
    }
    const line_t found = {x + i * p->x_line, p->x_column};
    return found;
}

static void gather_line(line_t upper, line_t lower, int32_t count, uint32_t* to)
{
    for (; count > 0; count--) {
        *to++ = pair(*upper.x, *lower.x);
        upper.x += upper.step;
        lower.x += lower.step;
    }
}

/// One channel's plane, but for the columns beside the image.
static void gather(const ep_paired_t* p, const int8_t* x, uint32_t* to)
{
    to += p->pad_column;
    for (int32_t i = -p->pad_line; i < p->plane_lines - p->pad_line; i++) {
        const int32_t j = i + p->apart;
        const bool above = i >= 0 && i < p->in_lines;
        const bool below = j >= 0 && j < p->in_lines;
        if (above && below) {
            gather_inside(x + i * p->x_line, p->apart * p->x_line, p->x_column, p->in_columns, to);
        } else {
            gather_line(line(p, x, above, i), line(p, x, below, j), p->in_columns, to);
        }
        to += p->pairs.pitch / 4;
    }
}

void ep_paired_3x3_s8(const ep_paired_t* p, const int8_t* x, const int8_t* w,
                      const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    uint32_t* const plane = (uint32_t*)(void*)scratch;
    for (int32_t i = 0; i < p->bytes / 4; i++) {
        plane[i] = pair(p->zero, p->zero);
    }
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t c = 0; c < p->channels; c++) {
            gather(p, x + c, plane);
            ep_pairs_3x3_s8(&p->pairs, plane, w + 9 * c, rows + 4 * c, y + c);
        }
        x += p->x_batch;
        y += p->y_batch;
    }
}
