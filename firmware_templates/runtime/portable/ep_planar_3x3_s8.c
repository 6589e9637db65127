/* SPDX-License-Identifier: MIT-0 */
#include "ep_planar_3x3_s8.h"

#include "ep_words.h"

typedef void (*plane_kernel_t)(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w,
                               int32_t bias, const uint32_t* steps, int8_t* y);

/// Copies every step-th byte.
static void gather_line(const int8_t* x, int32_t step, int32_t count, int8_t* to)
{
    for (; count >= 4; count -= 4) {
        to[0] = *x;
        x += step;
        to[1] = *x;
        x += step;
        to[2] = *x;
        x += step;
        to[3] = *x;
        x += step;
        to += 4;
    }
    for (; count > 0; count--) {
        *to++ = *x;
        x += step;
    }
}

static void gather(const ep_planar_t* p, const int8_t* x, int8_t* to)
{
    for (int32_t i = p->in_lines; i > 0; i--) {
        gather_line(x, p->x_column, p->in_columns, to);
        x += p->x_line;
        to += p->plane.pitch;
    }
}

static void run(const ep_planar_t* p, plane_kernel_t kernel, int32_t words, const int8_t* x,
                const int8_t* w, const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                int8_t* y)
{
    ep_word32_t* const plane = (ep_word32_t*)(void*)scratch;
    for (int32_t i = 0; i < p->bytes / 4; i++) {
        plane[i] = (uint8_t)p->zero * (ep_word32_t)0x01010101U;
    }
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t c = 0; c < p->channels; c++) {
            gather(p, x + c, scratch + p->first);
            kernel(&p->plane, scratch, w + 9 * c, bias[c], steps + words * c, y + c);
        }
        x += p->x_batch;
        y += p->y_batch;
    }
}

void ep_planar_3x3_s8(const ep_planar_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                      const uint32_t* steps, int8_t* scratch, int8_t* y)
{
    run(p, ep_plane_3x3_s8, 2, x, w, bias, steps, scratch, y);
}

void ep_planar_3x3_signed_s8(const ep_planar_t* p, const int8_t* x, const int8_t* w,
                             const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                             int8_t* y)
{
    run(p, ep_plane_3x3_signed_s8, 3, x, w, bias, steps, scratch, y);
}
