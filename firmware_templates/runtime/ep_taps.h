/* SPDX-License-Identifier: MIT-0 */
/* Depthwise windows of any shape: pointers to the taps, four channels at a time. */
#ifndef EP_TAPS_H
#define EP_TAPS_H

#include <stdint.h>

typedef struct {
    int32_t taps;     /* even: a tap with weights 0 makes up for an odd one */
    int32_t channels; /* at least 4 */
    int32_t step;     /* from a channel's output to the next one's */
} ep_taps_t;

/// y[step * c] = saturate((floor(256 * (bias[c] + sum_t taps[t][c] * w[t][c]) * factor[c] / 2^32) +
/// nudge[c]) / 2^12) for all channels. taps: the pixels, at any address. stream: for each four channels,
/// the last ones of all where fewer are left, 256 * bias of each; for each two taps {w of both} of each
/// channel, the first tap's in the lower half; then {factor}{nudge} of each.
/// |bias| + |sums| < 2^23, and edgepack proves that this climbs the same steps as TFLite's roundings.
void ep_taps(const ep_taps_t* p, const int8_t* const* taps, const uint32_t* stream, int8_t* y);

/// The same with TFLite's two roundings. The stream ends four channels with the mantissa of each, then
/// 64 + (2 * zero point + 1) * 2^(shift + 6) of each, then {shift + 6} of each in a byte.
/// Right shifts are in [1, 16].
void ep_taps_twice(const ep_taps_t* p, const int8_t* const* taps, const uint32_t* stream, int8_t* y);

#endif
