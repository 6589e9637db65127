/* SPDX-License-Identifier: MIT-0 */
#include "ep_detection.h"

/// exp(x) in double precision, to some units of the last place: 2^n * exp(r), |r| < 0.35.
static double ep_exp_double(double x)
{
    if (!(x < 709.0)) {
        return (x != x) ? x : (double)__builtin_inff();
    }
    if (x < -700.0) {
        return 0.0;
    }
    const int32_t n = (int32_t)(x * 0x1.71547652b82fep+0 + ((x < 0.0) ? -0.5 : 0.5));
    const double r = (x - n * 0x1.62e42fefa0000p-1) - n * 0x1.cf79abc9e3b3ap-40;
    double sum = 1.0;
    for (int32_t k = 14; k > 0; k--) {
        sum = 1.0 + sum * r / k;
    }
    const uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return sum * power;
}

static void ep_decode_boxes(const ep_detection_t* p, const float* encodings, const float* anchors,
                            float* corners)
{
    for (uint32_t i = 0; i < p->boxes; i++) {
        const double h = (double)anchors[2];
        const double w = (double)anchors[3];
        const float y_center = (float)((double)encodings[0] / (double)p->y_scale * h + (double)anchors[0]);
        const float x_center = (float)((double)encodings[1] / (double)p->x_scale * w + (double)anchors[1]);
        const float half_h = (float)(0.5 * ep_exp_double((double)encodings[2] / (double)p->h_scale) * h);
        const float half_w = (float)(0.5 * ep_exp_double((double)encodings[3] / (double)p->w_scale) * w);
        corners[0] = y_center - half_h;
        corners[1] = x_center - half_w;
        corners[2] = y_center + half_h;
        corners[3] = x_center + half_w;
        encodings += p->box_pitch;
        anchors += 4;
        corners += 4;
    }
}

static float ep_least(float a, float b)
{
    return (b < a) ? b : a;
}

static float ep_most(float a, float b)
{
    return (a < b) ? b : a;
}

/// The part of both boxes' union that they share; 0 where one of them is empty.
static float ep_shared(const float* a, const float* b)
{
    const float area_a = (a[2] - a[0]) * (a[3] - a[1]);
    const float area_b = (b[2] - b[0]) * (b[3] - b[1]);
    if (area_a <= 0.0F || area_b <= 0.0F) {
        return 0.0F;
    }
    const float height = ep_most(ep_least(a[2], b[2]) - ep_most(a[0], b[0]), 0.0F);
    const float width = ep_most(ep_least(a[3], b[3]) - ep_most(a[1], b[1]), 0.0F);
    const float both = height * width;
    return both / (area_a + area_b - both);
}

/// The live box of the highest score, the first of equals, or p->boxes where none lives. It lives
/// no more, nor do those that share too much with it. scores: one every `pitch`.
static uint32_t ep_take_best(const ep_detection_t* p, const float* corners, const float* scores,
                             uint32_t pitch, uint8_t* live)
{
    uint32_t best = p->boxes;
    for (uint32_t i = 0; i < p->boxes; i++) {
        if (live[i] != 0U && (best == p->boxes || scores[i * pitch] > scores[best * pitch])) {
            best = i;
        }
    }
    if (best == p->boxes) {
        return best;
    }
    live[best] = 0;
    for (uint32_t i = 0; i < p->boxes; i++) {
        if (live[i] != 0U && ep_shared(&corners[4U * best], &corners[4U * i]) > p->overlap) {
            live[i] = 0;
        }
    }
    return best;
}

static uint32_t ep_best_class(const ep_detection_t* p, const float* scores)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < p->classes; k++) {
        best = (scores[k] > scores[best]) ? k : best;
    }
    return best;
}

static void ep_put(const float* corner, uint32_t kind, float value, uint32_t place, float* found,
                   float* kinds, float* values)
{
    for (uint32_t k = 0; k < 4U; k++) {
        found[4U * place + k] = corner[k];
    }
    kinds[place] = (float)kind;
    values[place] = value;
}

static void ep_end(const ep_detection_t* p, uint32_t number, float* found, float* kinds,
                   float* values, float* count)
{
    static const float nothing[4] = {0.0F, 0.0F, 0.0F, 0.0F};
    for (uint32_t place = number; place < p->most; place++) {
        ep_put(nothing, 0, 0.0F, place, found, kinds, values);
    }
    count[0] = (float)number;
}

void ep_detection_fast_f32(const ep_detection_t* p, float* corners, float* best, uint8_t* live,
                           const float* encodings, const float* scores, const float* anchors,
                           float* found, float* kinds, float* values, float* count)
{
    ep_decode_boxes(p, encodings, anchors, corners);
    for (uint32_t i = 0; i < p->boxes; i++) {
        const float* own = &scores[i * p->score_pitch + p->background];
        best[i] = own[ep_best_class(p, own)];
        live[i] = (best[i] >= p->score) ? 1U : 0U;
    }
    uint32_t number = 0;
    while (number < p->most) {
        const uint32_t box = ep_take_best(p, corners, best, 1, live);
        if (box == p->boxes) {
            break;
        }
        const uint32_t kind = ep_best_class(p, &scores[box * p->score_pitch + p->background]);
        ep_put(&corners[4U * box], kind, best[box], number, found, kinds, values);
        number++;
    }
    ep_end(p, number, found, kinds, values, count);
}

void ep_detection_regular_f32(const ep_detection_t* p, float* corners, uint32_t* picks,
                              uint8_t* live, const float* encodings, const float* scores,
                              const float* anchors, float* found, float* kinds, float* values,
                              float* count)
{
    uint32_t number = 0;
    ep_decode_boxes(p, encodings, anchors, corners);
    for (uint32_t kind = 0; kind < p->classes; kind++) {
        const float* own = &scores[kind + p->background];
        for (uint32_t i = 0; i < p->boxes; i++) {
            live[i] = (own[i * p->score_pitch] >= p->score) ? 1U : 0U;
        }
        for (uint32_t taken = 0; taken < p->per_class; taken++) {
            const uint32_t box = ep_take_best(p, corners, own, p->score_pitch, live);
            if (box == p->boxes) {
                break;
            }
            const uint32_t pick = box * p->score_pitch + kind + p->background;
            uint32_t place = number;
            while (place > 0U && scores[picks[place - 1U]] < scores[pick]) {
                picks[place] = picks[place - 1U];
                place--;
            }
            picks[place] = pick;
            number += (number < p->most) ? 1U : 0U;
        }
    }
    for (uint32_t place = 0; place < number; place++) {
        const uint32_t box = picks[place] / p->score_pitch;
        const uint32_t kind = picks[place] - box * p->score_pitch - p->background;
        ep_put(&corners[4U * box], kind, scores[picks[place]], place, found, kinds, values);
    }
    ep_end(p, number, found, kinds, values, count);
}

static void ep_real(const uint8_t* stored, uint32_t count, float scale, int32_t zero_point,
                    float* real)
{
    for (uint32_t i = 0; i < count; i++) {
        real[i] = scale * (float)((int32_t)stored[i] - zero_point);
    }
}

static void ep_real_inputs(const ep_detection_t* p, const ep_detection_real_t* q,
                           const uint8_t* encodings, const uint8_t* scores, float* boxes,
                           float* points)
{
    ep_real(encodings, p->boxes * p->box_pitch, q->box_scale, q->box_zero_point, boxes);
    ep_real(scores, p->boxes * p->score_pitch, q->score_scale, q->score_zero_point, points);
}

void ep_detection_fast_u8(const ep_detection_t* p, const ep_detection_real_t* q, float* boxes,
                          float* points, float* corners, float* best, uint8_t* live,
                          const uint8_t* encodings, const uint8_t* scores, const float* anchors,
                          float* found, float* kinds, float* values, float* count)
{
    ep_real_inputs(p, q, encodings, scores, boxes, points);
    ep_detection_fast_f32(p, corners, best, live, boxes, points, anchors, found, kinds, values,
                          count);
}

void ep_detection_regular_u8(const ep_detection_t* p, const ep_detection_real_t* q, float* boxes,
                             float* points, float* corners, uint32_t* picks, uint8_t* live,
                             const uint8_t* encodings, const uint8_t* scores,
                             const float* anchors, float* found, float* kinds, float* values,
                             float* count)
{
    ep_real_inputs(p, q, encodings, scores, boxes, points);
    ep_detection_regular_f32(p, corners, picks, live, boxes, points, anchors, found, kinds, values,
                             count);
}
