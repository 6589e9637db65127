/* SPDX-License-Identifier: MIT-0 */
/* What goes before and after a Fourier transform in an audio front end. */
#ifndef EP_SPECTRUM_H
#define EP_SPECTRUM_H

#include <stdint.h>

/// y[i] = (x[i] * window[i]) >> shift, saturated to 16 bits. x, y: [batches][count]; y may be x.
/// Bit-exact with TFLite Micro's SignalWindow.
void ep_window_s16(uint32_t batches, uint32_t count, int32_t shift, const int16_t* window,
                   const int16_t* x, int16_t* y);

/// y = x << *bits with the most bits that keep the largest magnitude within 16. y may be x.
/// Bit-exact with TFLite Micro's SignalFftAutoScale where no x[i] is -32768.
void ep_auto_scale_s16(uint32_t count, const int16_t* x, int16_t* y, int32_t* bits);

/// y[i] = re^2 + im^2 of complex value i for `first` <= i < `last`, else 0. x: [count][2].
/// y must not overlap x. Bit-exact with TFLite Micro's SignalEnergy from `first` to `last`.
void ep_energy_s16(uint32_t count, uint32_t first, uint32_t last, const int16_t* x, uint32_t* y);

#endif
