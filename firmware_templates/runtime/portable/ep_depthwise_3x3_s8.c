/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_3x3_s8.h"

#include <stdbool.h>
#include <stddef.h>

#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// What every pixel needs.
typedef struct {
    const ep_depthwise_t* p;
    const int8_t* w;
    const int32_t* bias;
    const int32_t* multipliers;
    const int8_t* codes;
} layer_t;

/// Points taps at the nine pixels under a window, at `line` outside the image.
static void aim(const ep_window_t* window, const int8_t* x, int32_t top, int32_t left,
                const int8_t* line, const int8_t** taps)
{
    int32_t row = top;
    for (int32_t h = 0; h < 3; h++) {
        const int32_t start = row * window->in_w;
        int32_t column = left;
        for (int32_t k = 0; k < 3; k++) {
            const bool inside = row >= 0 && row < window->in_h && column >= 0 &&
                                column < window->in_w;
            *taps++ = inside ? &x[(start + column) * window->in_c] : line;
            column += window->dilation_w;
        }
        row += window->dilation_h;
    }
}

/// One pixel.
static void single(const layer_t* layer, const int8_t* const* taps, int8_t* y)
{
    const ep_depthwise_t* const p = layer->p;
    const int8_t* w = layer->w;
    for (int32_t c = 0; c < p->window.in_c; c++) {
        int32_t sum = layer->bias[c];
        for (int32_t k = 0; k < 9; k++) {
            sum += taps[k][c] * w[k];
        }
        w += 9;
        const int32_t value =
            ep_rescale(sum, layer->multipliers[c], layer->codes[c], p->zero_term);
        y[c] = ep_saturate(value);
    }
}

#define TAP(k)                                                                                     \
    do {                                                                                           \
        const int32_t weight = w[k];                                                               \
        a += taps[k][c] * weight;                                                                  \
        b += taps[9 + (k)][c] * weight;                                                            \
    } while (0)

/// Two pixels, whose outputs lie side by side.
static void pair(const layer_t* layer, const int8_t* const* taps, int8_t* y)
{
    const ep_depthwise_t* const p = layer->p;
    const int32_t channels = p->window.in_c;
    const int32_t zero_term = p->zero_term;
    const int8_t* w = layer->w;
    for (int32_t c = 0; c < channels; c++) {
        int32_t sums[2];
        int32_t a = layer->bias[c];
        int32_t b = a;
        TAP(0);
        TAP(1);
        TAP(2);
        TAP(3);
        TAP(4);
        TAP(5);
        TAP(6);
        TAP(7);
        TAP(8);
        w += 9;
        sums[0] = a;
        sums[1] = b;
        int8_t* to = &y[c];
        for (int32_t i = 0; i < 2; i++) {
            const int32_t value =
                ep_rescale(sums[i], layer->multipliers[c], layer->codes[c], zero_term);
            *to = ep_saturate(value);
            to += channels;
        }
    }
}

void ep_depthwise_3x3_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                         int8_t* line, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const layer_t layer = {p, w, bias, multipliers, codes};
    const int8_t* taps[18];
    int8_t* const first = y;
    if (line != NULL) {
        for (int32_t c = 0; c < window->in_c; c++) {
            line[c] = p->zero;
        }
    }
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            const int32_t top = i * window->stride_h - window->pad_top;
            int32_t left = -window->pad_left;
            for (int32_t j = window->out_w; j > 0; j -= 2) {
                aim(window, x, top, left, line, taps);
                left += window->stride_w;
                if (j == 1) {
                    single(&layer, taps, y);
                    y += window->in_c;
                } else {
                    aim(window, x, top, left, line, taps + 9);
                    left += window->stride_w;
                    pair(&layer, taps, y);
                    y += 2 * window->in_c;
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
