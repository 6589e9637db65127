/* SPDX-License-Identifier: MIT-0 */
/* Floats quantised to int8 at run time, for layers whose weights are int8. Bits are those of TFLite
 * on a desktop, whose tensor_utils take values in groups of eight. A NaN becomes the least value;
 * beside an infinite value the scale is infinite, so that the layer gives no number. */
#ifndef EP_HYBRID_H
#define EP_HYBRID_H

#include <stdint.h>

/// real = scale * (stored - zero)
typedef struct {
    float scale;
    int32_t zero;
} ep_hybrid_t;

/// Quantises count values so that the largest magnitude becomes 127; zero is 0.
/// Bit-exact with TFLite's SymmetricQuantizeFloats.
ep_hybrid_t ep_hybrid_symmetric(const float* x, int32_t count, int8_t* stored);

/// Quantises count values so that their range, and 0, fill all of int8.
/// Bit-exact with TFLite's AsymmetricQuantizeFloats.
ep_hybrid_t ep_hybrid_asymmetric(const float* x, int32_t count, int8_t* stored);

#endif
