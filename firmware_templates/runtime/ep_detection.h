/* SPDX-License-Identifier: MIT-0 */
/* TFLite_Detection_PostProcess: boxes from their encodings, and the best that do not overlap. */
#ifndef EP_DETECTION_H
#define EP_DETECTION_H

#include <stdint.h>

typedef struct {
    uint32_t boxes;
    uint32_t box_pitch;   /* numbers of one encoding, at least 4 */
    uint32_t classes;     /* without the background */
    uint32_t score_pitch; /* scores of one box, the background's first where there is one */
    uint32_t background;  /* 1 where there is */
    uint32_t most;        /* detections in all */
    uint32_t per_class;   /* detections of one class, for the regular form */
    float score;          /* a detection has at least this */
    float overlap;        /* and shares at most this part of its union with a better one */
    float y_scale;
    float x_scale;
    float h_scale;
    float w_scale;
} ep_detection_t;

/// encodings: [boxes][box_pitch], the first four y, x, h, w, relative to anchors: [boxes][4].
/// scores: [boxes][score_pitch]. corners: scratch [boxes][4]; best: scratch [boxes]; live: scratch
/// [boxes]. found: [most][4] as top, left, bottom, right; kinds, values: [most]; count: [1]. What
/// is behind the last detection is 0. Nothing overlaps.
/// Each box counts once, for its best class. As TFLite, but for the exponential, which may differ
/// in the last place of a box.
void ep_detection_fast_f32(const ep_detection_t* p, float* corners, float* best, uint8_t* live,
                           const float* encodings, const float* scores, const float* anchors,
                           float* found, float* kinds, float* values, float* count);

/// Each class by itself, then the best of all; where scores are equal the lower class is first.
/// picks: scratch [most + 1].
void ep_detection_regular_f32(const ep_detection_t* p, float* corners, uint32_t* picks,
                              uint8_t* live, const float* encodings, const float* scores,
                              const float* anchors, float* found, float* kinds, float* values,
                              float* count);

/// What uint8 encodings and scores stand for: scale * (stored - zero point).
typedef struct {
    float box_scale;
    int32_t box_zero_point;
    float score_scale;
    int32_t score_zero_point;
} ep_detection_real_t;

/// The same from uint8. boxes: scratch [boxes][box_pitch]; points: scratch [boxes][score_pitch].
void ep_detection_fast_u8(const ep_detection_t* p, const ep_detection_real_t* q, float* boxes,
                          float* points, float* corners, float* best, uint8_t* live,
                          const uint8_t* encodings, const uint8_t* scores, const float* anchors,
                          float* found, float* kinds, float* values, float* count);
void ep_detection_regular_u8(const ep_detection_t* p, const ep_detection_real_t* q, float* boxes,
                             float* points, float* corners, uint32_t* picks, uint8_t* live,
                             const uint8_t* encodings, const uint8_t* scores,
                             const float* anchors, float* found, float* kinds, float* values,
                             float* count);

#endif
