/* SPDX-License-Identifier: MIT-0 */
#include "ep_average_pool_s8.h"

#include "ep_fixed.h"

/// Sums of four channels over a window.
static void sum_four(const int8_t* x, const ep_window_t* window, const ep_pool_part_t* part,
                     int32_t* sums)
{
    const int32_t channels = window->in_c;
    const int32_t line_step = window->in_w * channels;
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (int32_t h = part->lines; h > 0; h--) {
        const int8_t* at = x;
        for (int32_t k = part->taps; k > 0; k--) {
            a += at[0];
            b += at[1];
            c += at[2];
            d += at[3];
            at += channels;
        }
        x += line_step;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/// The same for one.
static void sum_one(const int8_t* x, const ep_window_t* window, const ep_pool_part_t* part,
                    int32_t* sums)
{
    int32_t sum = 0;
    for (int32_t h = 0; h < part->lines; h++) {
        const int8_t* at = x + h * window->in_w * window->in_c;
        for (int32_t k = 0; k < part->taps; k++) {
            sum += *at;
            at += window->in_c;
        }
    }
    *sums = sum;
}

/// sum / count rounded, halves away from zero. reciprocal is floor(2^24 / count) + 1 where
/// 129 * count^2 < 2^24: then the product is less than 1 / count too large. Else 0: divide.
static int32_t mean(int32_t sum, int32_t count, uint32_t reciprocal)
{
    const uint32_t size = (uint32_t)((sum < 0) ? -sum : sum) + ((uint32_t)count >> 1);
    const uint32_t rounded =
        (reciprocal != 0U) ? ((size * reciprocal) >> 24) : (size / (uint32_t)count);
    return (sum < 0) ? -(int32_t)rounded : (int32_t)rounded;
}

/// All channels of one pixel.
static void pixel(const ep_pool_s8_t* p, const int8_t* x, const ep_pool_part_t* part,
                  uint32_t reciprocal, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t area = part->lines * part->taps;
    int32_t count = 0;
    for (int32_t left = window->in_c; left > 0; left -= count) {
        int32_t sums[4];
        if (left >= 4) {
            sum_four(x, window, part, sums);
            count = 4;
        } else {
            sum_one(x, window, part, sums);
            count = 1;
        }
        x += count;
        for (int32_t i = 0; i < count; i++) {
            *y++ = (int8_t)ep_clamp(mean(sums[i], area, reciprocal), p->low, p->high);
        }
    }
}

void ep_average_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    int32_t area = 0;
    uint32_t reciprocal = 0;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                if (part.lines * part.taps != area) {
                    area = part.lines * part.taps;
                    reciprocal = (area <= 360) ? ((1U << 24) / (uint32_t)area + 1U) : 0U;
                }
                pixel(p, x + part.offset, &part, reciprocal, y);
                y += window->in_c;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
