/* SPDX-License-Identifier: MIT-0 */
/* Depthwise windows of any shape, pixel by pixel. */
#ifndef EP_TAP_WINDOWS_H
#define EP_TAP_WINDOWS_H

#include "ep_taps.h"
#include "ep_window.h"

typedef struct {
    ep_taps_t taps; /* of the window, rounded up to even; the step is the outputs of a channel */
    ep_window_t window;
    int32_t stream; /* words of the stream for one output a channel */
    int8_t zero;    /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_depthwise_taps_t;

/// Makes one output of each channel of a pixel.
typedef void ep_taps_run_t(const ep_taps_t* p, const int8_t* const* taps, const uint32_t* stream,
                           int8_t* y);

/// All pixels. stream: for the first output of each channel, then for the second, and so on.
/// scratch, aligned to 4: 4 * taps.taps bytes, then in_c.
void ep_tap_windows(const ep_depthwise_taps_t* p, ep_taps_run_t* run, const int8_t* x,
                    const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
