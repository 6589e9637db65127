/* SPDX-License-Identifier: MIT-0 */
#include "ep_streams.h"

#include "ep_fixed.h"

void ep_framer_s16(const ep_framer_t* p, int16_t* kept, uint32_t* missing, const int16_t* x,
                   int16_t* y, bool* valid)
{
    const uint32_t given = p->frames * p->step;
    const bool full = *missing == 0U;
    for (uint32_t channel = 0; channel < p->channels; channel++) {
        for (uint32_t frame = 0; frame < p->frames; frame++) {
            for (uint32_t i = 0; i < p->size; i++) {
                const uint32_t at = frame * p->step + i;
                const int16_t sample = at < p->past ? kept[at] : x[at - p->past];
                *y++ = full ? sample : (int16_t)0;
            }
        }
        for (uint32_t i = 0; i < p->past; i++) {
            const uint32_t at = given + i;
            kept[i] = at < p->past ? kept[at] : x[at - p->past];
        }
        kept += p->past;
        x += given;
    }
    *valid = full;
    *missing -= *missing < given ? *missing : given;
}

void ep_stacker_s16(const ep_stacker_t* p, int16_t* kept, int32_t* have, int32_t* begun,
                    const int16_t* x, int16_t* y, bool* valid)
{
    uint32_t times = *begun != 0 ? 1U : 1U + p->left;
    for (*begun = 1; times > 0U; times--) {
        if (*have >= 0) {
            for (uint32_t i = 0; i < p->size; i++) {
                kept[(uint32_t)*have * p->size + i] = x[i];
            }
        }
        *have += 1;
    }
    *valid = *have == (int32_t)p->context;
    for (uint32_t i = 0; i < p->context * p->size; i++) {
        y[i] = *valid ? kept[i] : (int16_t)0;
    }
    if (*valid) {
        for (uint32_t i = p->step * p->size; i < p->context * p->size; i++) {
            kept[i - p->step * p->size] = kept[i];
        }
        *have -= (int32_t)p->step;
    }
}

void ep_delay_s16(uint32_t channels, uint32_t count, uint32_t delay, int16_t* kept,
                  const int16_t* x, int16_t* y)
{
    for (; channels > 0U; channels--) {
        for (uint32_t i = 0; i < count; i++) {
            y[i] = i < delay ? kept[i] : x[i - delay];
        }
        for (uint32_t i = 0; i < delay; i++) {
            kept[i] = count + i < delay ? kept[count + i] : x[count + i - delay];
        }
        kept += delay;
        x += count;
        y += count;
    }
}

void ep_overlap_add_s16(const ep_overlap_t* p, int16_t* kept, const int16_t* x, int16_t* y)
{
    const uint32_t rest = p->size - p->step;
    for (uint32_t channel = 0; channel < p->channels; channel++) {
        for (uint32_t frame = 0; frame < p->frames; frame++) {
            for (uint32_t i = 0; i < p->size; i++) {
                const int32_t total = x[i] + (i < rest ? kept[i] : 0);
                const int16_t sum = (int16_t)ep_clamp(total, -32768, 32767);
                if (i < p->step) {
                    y[i] = sum;
                } else {
                    kept[i - p->step] = sum;
                }
            }
            x += p->size;
            y += p->step;
        }
        kept += rest;
    }
}

void ep_overlap_add_f32(const ep_overlap_t* p, float* kept, const float* x, float* y)
{
    const uint32_t rest = p->size - p->step;
    for (uint32_t channel = 0; channel < p->channels; channel++) {
        for (uint32_t frame = 0; frame < p->frames; frame++) {
            for (uint32_t i = 0; i < p->size; i++) {
                const float sum = (i < rest ? kept[i] : 0.0F) + x[i];
                if (i < p->step) {
                    y[i] = sum;
                } else {
                    kept[i - p->step] = sum;
                }
            }
            x += p->size;
            y += p->step;
        }
        kept += rest;
    }
}
