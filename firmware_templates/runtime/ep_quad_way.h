/* SPDX-License-Identifier: MIT-0 */
/* Columns of convolutions by ep_quad_s8 and ep_line_s8. */
#ifndef EP_QUAD_WAY_H
#define EP_QUAD_WAY_H

#include <stdbool.h>

#include "ep_line_s8.h"
#include "ep_words.h"

/// From sums to outputs with a sign or without one.
typedef struct {
    const int8_t* (*quad)(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const uint32_t* steps, int8_t* y);
    void (*line)(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const uint32_t* steps, int8_t* y);
    int32_t words; /* of steps, an output */
} ep_quad_way_t;

#define EP_QUAD_PLAIN {ep_quad_s8, ep_line_s8, 2}
#define EP_QUAD_SIGNED {ep_quad_signed_s8, ep_line_signed_s8, 3}

/// A layer: outputs beyond the last whole block of 4 have zeros beside them, in w, bias and steps.
typedef struct {
    ep_quad_t p;
    ep_quad_way_t way;
    const int8_t* w;
    const int32_t* bias;
    const uint32_t* steps;
} ep_quad_layer_t;

/// Bytes of a column, rounded up to words.
static inline int32_t ep_quad_column(int32_t depth)
{
    return (depth + 3) & ~3;
}

/// Whether x and every multiple of `step` bytes behind it are aligned to words.
static inline bool ep_quad_aligned(const int8_t* x, int32_t step)
{
    return (((uintptr_t)x | (uintptr_t)step) & 3U) == 0U;
}

static inline ep_word32_t ep_quad_word(const int8_t* x)
{
    return *(const ep_word32_t*)(const void*)x;
}

/// Writes words that lie one behind the other to every step-th word; gives the next one.
static inline ep_word32_t* ep_quad_lay(ep_word32_t* to, int32_t step, const int8_t* x,
                                       int32_t bytes)
{
    for (; bytes >= 16; bytes -= 16) {
        const ep_word32_t a = ep_quad_word(x);
        const ep_word32_t b = ep_quad_word(x + 4);
        const ep_word32_t c = ep_quad_word(x + 8);
        const ep_word32_t d = ep_quad_word(x + 12);
        *to = a;
        to += step;
        *to = b;
        to += step;
        *to = c;
        to += step;
        *to = d;
        to += step;
        x += 16;
    }
    for (; bytes > 0; bytes -= 4) {
        *to = ep_quad_word(x);
        to += step;
        x += 4;
    }
    return to;
}

/// All outputs of the four columns at x, laid out for ep_quad_s8.
static inline void ep_quad_four(const ep_quad_layer_t* layer, const int8_t* x, int8_t* y)
{
    const ep_quad_t* const p = &layer->p;
    const int8_t* const w = layer->way.quad(p, x, layer->w, layer->bias, layer->steps, y);
    const int32_t whole = p->outputs & ~3;
    if (whole < p->outputs) {
        const ep_quad_t last = {p->depth, 4, p->low, p->high};
        int8_t block[16];
        (void)layer->way.quad(&last, x, w, &layer->bias[whole], &layer->steps[layer->way.words * whole], block);
        for (int32_t px = 0; px < 4; px++) {
            for (int32_t o = whole; o < p->outputs; o++) {
                y[px * p->outputs + o] = block[4 * px + o - whole];
            }
        }
    }
}

/// All outputs of the one column at x.
static inline void ep_quad_one(const ep_quad_layer_t* layer, const int8_t* x, int8_t* y)
{
    const ep_quad_t* const p = &layer->p;
    const int32_t whole = p->outputs & ~3;
    const ep_quad_t most = {p->depth, whole, p->low, p->high};
    if (whole > 0) {
        layer->way.line(&most, x, layer->w, layer->bias, layer->steps, y);
    }
    if (whole < p->outputs) {
        const ep_quad_t last = {p->depth, 4, p->low, p->high};
        int8_t block[4];
        layer->way.line(&last, x, &layer->w[whole * p->depth], &layer->bias[whole],
                        &layer->steps[layer->way.words * whole], block);
        for (int32_t o = whole; o < p->outputs; o++) {
            y[o] = block[o - whole];
        }
    }
}

#endif
