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

#endif
