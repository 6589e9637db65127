/* SPDX-License-Identifier: MIT-0 */
/* Fourier transforms of real values in 32-bit fixed point: every pass scales its sums by its radix, rounding each value. */
#ifndef EP_RFFT_S32_H
#define EP_RFFT_S32_H

#include "ep_fft.h"

/// The spectrum: length / 2 + 1 complex values of each batch. turns: cos and sin of -2 pi k / n
/// for k below 3/4 n, n = length / 2; halves: of -pi ((k + 1) / n + 1/2) for k below n / 2.
/// x: [batches][given]; y: [batches][length + 2], must not overlap x. Bit-exact with TFLite
/// Micro's SignalRfft.
void ep_rfft_s32(const ep_fft_t* p, const int32_t* turns, const int32_t* halves, const int32_t* x, int32_t* y);

/// The real values of a spectrum; the tables' angles have the opposite sign.
/// x: [batches][length + 2]; y: [batches][length], must not overlap x. Bit-exact with TFLite
/// Micro's SignalIrfft.
void ep_irfft_s32(const ep_fft_t* p, const int32_t* turns, const int32_t* halves, const int32_t* x, int32_t* y);

#endif
