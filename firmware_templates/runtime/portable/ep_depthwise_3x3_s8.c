/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_3x3_s8.h"

#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// One channel and its three lines, which take turns.
typedef struct {
    const ep_depthwise_t* p;
    const int8_t* w;
    int32_t bias;
    int32_t multiplier;
    int32_t code;
    int32_t inside; /* values of a line that the image has */
    int8_t* lines[3];
} channel_t;

/// The next line of the image takes the place of the oldest one.
static void turn(channel_t* channel, const int8_t* x, int32_t row)
{
    const ep_window_t* const window = &channel->p->window;
    int8_t* const oldest = channel->lines[0];
    channel->lines[0] = channel->lines[1];
    channel->lines[1] = channel->lines[2];
    channel->lines[2] = oldest;
    int8_t* to = oldest + window->pad_left;
    const int8_t* from = &channel->p->zero;
    int32_t step = 0;
    if (row >= 0 && row < window->in_h) {
        step = window->in_c;
        from = x + row * window->in_w * step;
    }
    for (int32_t j = channel->inside; j > 0; j--) {
        *to++ = *from;
        from += step;
    }
}

#define TAP(x, k)                                                                                  \
    do {                                                                                           \
        const int32_t weight = w[k];                                                               \
        a += (x)[(k) % 3] * weight;                                                                \
        b += (x)[(k) % 3 + step] * weight;                                                         \
    } while (0)

/// One line of outputs, two at a time; of an odd number the last one twice.
static void line(const channel_t* channel, int8_t* y)
{
    const ep_depthwise_t* const p = channel->p;
    const int8_t* upper = channel->lines[0];
    const int8_t* middle = channel->lines[1];
    const int8_t* lower = channel->lines[2];
    const int8_t* const w = channel->w;
    for (int32_t j = p->window.out_w; j > 0; j -= 2) {
        const int32_t step = (j > 1) ? p->window.stride_w : 0;
        int32_t a = channel->bias;
        int32_t b = a;
        TAP(upper, 0);
        TAP(upper, 1);
        TAP(upper, 2);
        TAP(middle, 3);
        TAP(middle, 4);
        TAP(middle, 5);
        TAP(lower, 6);
        TAP(lower, 7);
        TAP(lower, 8);
        upper += 2 * step;
        middle += 2 * step;
        lower += 2 * step;
        *y = ep_saturate(ep_rescale(a, channel->multiplier, channel->code, p->zero_term));
        if (j > 1) {
            y += p->window.in_c;
            *y = ep_saturate(ep_rescale(b, channel->multiplier, channel->code, p->zero_term));
            y += p->window.in_c;
        }
    }
}

static void image(channel_t* channel, const int8_t* x, int8_t* y)
{
    const ep_window_t* const window = &channel->p->window;
    int32_t row = -window->pad_top;
    int32_t seen = row;
    for (int32_t i = window->out_h; i > 0; i--) {
        seen = (seen < row) ? row : seen;
        while (seen < row + 3) {
            turn(channel, x, seen);
            seen++;
        }
        line(channel, y);
        row += window->stride_h;
        y += window->out_w * window->in_c;
    }
}

void ep_depthwise_3x3_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                         int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t columns = (window->out_w - 1) * window->stride_w + 3;
    const int32_t seen = columns - window->pad_left;
    const int32_t inside = (seen < window->in_w) ? seen : window->in_w;
    int8_t* const first = y;
    for (int32_t i = 0; i < 3 * columns; i++) {
        scratch[i] = p->zero;
    }
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t c = 0; c < window->in_c; c++) {
            channel_t channel = {p, w + 9 * c, bias[c], multipliers[c], codes[c], inside,
                                 {scratch, scratch + columns, scratch + 2 * columns}};
            image(&channel, x + c, y + c);
        }
        x += window->in_h * window->in_w * window->in_c;
        y += window->out_h * window->out_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
