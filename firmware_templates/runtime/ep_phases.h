/* SPDX-License-Identifier: MIT-0 */
/* Transposed convolutions: what every type's kernel needs. */
#ifndef EP_PHASES_H
#define EP_PHASES_H

#include "ep_window.h"

/// Input pixel (i, j) reaches output (i * stride_h - pad_top + k, j * stride_w - pad_left + l).
/// Outputs fall into stride_h * stride_w phases, rows first, (i + pad_top) % stride_h and likewise
/// the columns: those of a phase see a window that slides over the input in steps of 1. The fields
/// of ep_window_t keep their meaning, but the window lies over the output; dilations are 1.
typedef struct {
    int32_t first; /* output of the phase, along one side */
    int32_t start; /* where its window starts in the input; the next output's is 1 further */
    int32_t taps;
} ep_phase_side_t;

/// One side of a phase.
static inline ep_phase_side_t
ep_phase_side(int32_t phase, int32_t stride, int32_t kernel, int32_t pad)
{
    ep_phase_side_t side;
    side.first = (phase - pad % stride + stride) % stride;
    side.taps = (kernel > phase) ? ((kernel - phase + stride - 1) / stride) : 1;
    side.start = (side.first + pad) / stride - (side.taps - 1);
    return side;
}

#endif
