/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_average_pool_s8.h"

#include <arm_mve.h>

/// Sums of four channels over a part of the image.
static inline int32x4_t
sum_four(const int8_t* x, const ep_pool_part_t* part, int32_t line_step, int32_t channels,
         mve_pred16_t lanes)
{
    int32x4_t sums = vdupq_n_s32(0);
    for (int32_t h = part->lines; h > 0; h--) {
        const int8_t* at = x;
        for (int32_t k = part->taps; k > 0; k--) {
            sums = vaddq_s32(sums, vldrbq_z_s32(at, lanes));
            at += channels;
        }
        x += line_step;
    }
    return sums;
}

/// sums / count rounded, halves away from zero. reciprocal is floor(2^24 / count) + 1: with
/// 129 * count^2 < 2^24 the product is less than 1 / count too large, and it fits 32 bits.
static inline int32x4_t mean(int32x4_t sums, uint32_t count, uint32_t reciprocal)
{
    const uint32x4_t sizes = vaddq_n_u32(vreinterpretq_u32_s32(vabsq_s32(sums)), count >> 1);
    const uint32x4_t products = vmulq_n_u32(sizes, reciprocal);
    const int32x4_t means = vreinterpretq_s32_u32(vshrq_n_u32(products, 24));
    return vnegq_m_s32(means, means, vcmpltq_n_s32(sums, 0));
}

/// All channels of one pixel.
static void pixel(const ep_pool_s8_t* p, const int8_t* x, const ep_pool_part_t* part,
                  uint32_t reciprocal, int8_t* y)
{
    const int32_t channels = p->window.in_c;
    const int32_t line_step = p->window.in_w * channels;
    const int32x4_t low = vdupq_n_s32(p->low);
    const int32x4_t high = vdupq_n_s32(p->high);
    const uint32_t count = (uint32_t)(part->lines * part->taps);
    for (int32_t left = channels; left > 0; left -= 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        const int32x4_t sums = sum_four(x, part, line_step, channels, lanes);
        const int32x4_t means = mean(sums, count, reciprocal);
        vstrbq_p_s32(y, vminq_s32(vmaxq_s32(means, low), high), lanes);
        x += 4;
        y += 4;
    }
}

void ep_mve_average_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y)
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
                    reciprocal = (1U << 24) / (uint32_t)area + 1U;
                }
                pixel(p, x + part.offset, &part, reciprocal, y);
                y += window->in_c;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
