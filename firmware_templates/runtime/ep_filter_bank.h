/* SPDX-License-Identifier: MIT-0 */
/* From a spectrum's energies to the channels of an audio front end, in whole numbers. Each is
 * bit-exact with the kernel of TFLite Micro's signal library that it names. */
#ifndef EP_FILTER_BANK_H
#define EP_FILTER_BANK_H

#include <stdbool.h>
#include <stdint.h>

/// Triangles that overlap by half: what slope c takes in with its weights, channel c gets; with
/// its other weights, channel c + 1. starts, at and widths have channels + 1 elements: the first
/// energy of slope c, its first weight, how many. y: [channels]. SignalFilterBank.
void ep_filter_bank(uint32_t channels, const int16_t* weights, const int16_t* others,
                    const int16_t* starts, const int16_t* at, const int16_t* widths,
                    const uint32_t* x, uint64_t* y);

/// y[i] = the square root of x[i], to the nearest, >> *bits. SignalFilterBankSquareRoot.
void ep_filter_root(uint32_t channels, const uint64_t* x, const int32_t* bits, uint32_t* y);

typedef struct {
    uint32_t channels;
    uint32_t smoothing[2]; /* of even and of odd channels, with `bits` binary places */
    uint32_t keeping[2];
    uint32_t floor; /* of the signal that always stays, with `bits` binary places */
    uint8_t bits;
    uint8_t up; /* binary places of the estimate */
    bool clamping;
} ep_noise_t;

/// The noise of each channel is estimated by smoothing and taken off. noise: [channels], the
/// kernel's own from call to call; estimate: a copy of it, may be `noise`.
/// SignalFilterBankSpectralSubtraction.
void ep_subtract_noise(const ep_noise_t* p, uint32_t* noise, const uint32_t* x, uint32_t* y,
                       uint32_t* estimate);

/// A gain of each channel from its noise by a table of quadratic pieces, 125 numbers, and a soft
/// root. y may be x. SignalPCAN.
void ep_pcan(uint32_t channels, uint32_t shift, const uint32_t* x, const uint32_t* noise,
             const int16_t* gains, uint32_t* y);

/// y[i] = the natural logarithm of x[i] << bits, times `scale`, at most 32767. table: log2(1 + k / 128) - k / 128
/// with 16 binary places, k from 0 to 128. SignalFilterBankLog.
void ep_filter_log(uint32_t channels, uint32_t scale, uint32_t bits, const uint16_t* table,
                   const uint32_t* x, int16_t* y);

#endif
