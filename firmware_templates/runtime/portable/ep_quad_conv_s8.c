/* SPDX-License-Identifier: MIT-0 */
#include "ep_quad_conv_s8.h"

#include "ep_quad_way.h"

/// Where columns go, one word after the other, `step` words apart.
typedef struct {
    ep_word32_t* to;
    int32_t step;
} sink_t;

static void put(sink_t* sink, const int8_t* x, int32_t bytes)
{
    sink->to = ep_quad_lay(sink->to, sink->step, x, bytes);
}

static void put_zero(sink_t* sink, int8_t zero, int32_t bytes)
{
    const ep_word32_t word = (uint8_t)zero * (ep_word32_t)0x01010101U;
    for (; bytes > 0; bytes -= 4) {
        *sink->to = word;
        sink->to += sink->step;
    }
}

/// One line of a window whose pixels are whole words.
static void gather_line(const ep_quad_conv_t* p, const int8_t* line, int32_t left, sink_t* sink)
{
    const ep_window_t* const window = &p->window;
    const int32_t taps = window->kernel_w;
    if (window->dilation_w == 1 && left >= 0 && left + taps <= window->in_w) {
        put(sink, &line[left * window->in_c], taps * window->in_c);
        return;
    }
    for (int32_t k = 0; k < taps; k++) {
        const int32_t at = left + k * window->dilation_w;
        if (at >= 0 && at < window->in_w) {
            put(sink, &line[at * window->in_c], window->in_c);
        } else {
            put_zero(sink, p->zero, window->in_c);
        }
    }
}

static void gather(const ep_quad_conv_t* p, const int8_t* image, int32_t top, int32_t left,
                   sink_t* sink)
{
    const ep_window_t* const window = &p->window;
    const int32_t line_bytes = window->in_w * window->in_c;
    int32_t row = top;
    for (int32_t k = 0; k < window->kernel_h; k++) {
        if (row >= 0 && row < window->in_h) {
            gather_line(p, &image[row * line_bytes], left, sink);
        } else {
            put_zero(sink, p->zero, window->kernel_w * window->in_c);
        }
        row += window->dilation_h;
    }
}

static int8_t* copy(int8_t* to, const int8_t* x, int32_t count)
{
    for (; count >= 4; count -= 4) {
        to[0] = x[0];
        to[1] = x[1];
        to[2] = x[2];
        to[3] = x[3];
        to += 4;
        x += 4;
    }
    for (; count > 0; count--) {
        *to++ = *x++;
    }
    return to;
}

static int8_t* fill(int8_t* to, int8_t value, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = value;
    }
    return to;
}

/// The same of any pixels, by way of a column of bytes.
static void gather_bytes(const ep_quad_conv_t* p, const int8_t* image, int32_t top, int32_t left,
                         int8_t* column, sink_t* sink)
{
    const ep_window_t* const window = &p->window;
    const int32_t depth = window->in_c;
    const bool whole = window->dilation_w == 1 && left >= 0 &&
                       left + window->kernel_w <= window->in_w;
    int8_t* to = column;
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool inside = row >= 0 && row < window->in_h;
        const int8_t* const line = &image[inside ? row * window->in_w * depth : 0];
        if (!inside) {
            to = fill(to, p->zero, window->kernel_w * depth);
        } else if (whole) {
            to = copy(to, &line[left * depth], window->kernel_w * depth);
        } else {
            for (int32_t k = 0; k < window->kernel_w; k++) {
                const int32_t at = left + k * window->dilation_w;
                const bool there = at >= 0 && at < window->in_w;
                to = there ? copy(to, &line[at * depth], depth) : fill(to, p->zero, depth);
            }
        }
        row += window->dilation_h;
    }
    put(sink, column, ep_quad_column(p->columns.depth));
}

/// Walks over output pixels.
typedef struct {
    const int8_t* image;
    int32_t i;
    int32_t j;
} place_t;

/// Lays out the columns of the next count pixels.
static void lay(const ep_quad_conv_t* p, place_t* place, int32_t count, bool quad, bool words,
                int8_t* scratch)
{
    const ep_window_t* const window = &p->window;
    const int32_t column = ep_quad_column(p->columns.depth);
    for (int32_t px = 0; px < count; px++) {
        sink_t sink = {(ep_word32_t*)(void*)(scratch + px * (quad ? 4 : column)), quad ? 4 : 1};
        const int32_t top = place->i * window->stride_h - window->pad_top;
        const int32_t left = place->j * window->stride_w - window->pad_left;
        if (words) {
            gather(p, place->image, top, left, &sink);
        } else {
            gather_bytes(p, place->image, top, left, scratch + 4 * column, &sink);
        }
        place->j++;
        if (place->j == window->out_w) {
            place->j = 0;
            place->i++;
            if (place->i == window->out_h) {
                place->i = 0;
                place->image += window->in_h * window->in_w * window->in_c;
            }
        }
    }
}

static void run(const ep_quad_conv_t* p, const ep_quad_layer_t* layer, const int8_t* x,
                int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const bool words = ep_quad_aligned(x, window->in_c);
    place_t place = {x, 0, 0};
    int32_t pixels = window->batches * window->out_h * window->out_w;
    for (; pixels >= 4; pixels -= 4) {
        lay(p, &place, 4, true, words, scratch);
        ep_quad_four(layer, scratch, y);
        y += 4 * layer->p.outputs;
    }
    lay(p, &place, pixels, false, words, scratch);
    for (; pixels > 0; pixels--) {
        ep_quad_one(layer, scratch, y);
        scratch += ep_quad_column(layer->p.depth);
        y += layer->p.outputs;
    }
}

void ep_quad_conv_s8(const ep_quad_conv_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const uint32_t* steps, int8_t* scratch, int8_t* y)
{
    const ep_quad_layer_t layer = {p->columns, EP_QUAD_PLAIN, w, bias, steps};
    run(p, &layer, x, scratch, y);
}

void ep_quad_conv_signed_s8(const ep_quad_conv_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                            int8_t* y)
{
    const ep_quad_layer_t layer = {p->columns, EP_QUAD_SIGNED, w, bias, steps};
    run(p, &layer, x, scratch, y);
}
