/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SVDF_S16_H
#define EP_SVDF_S16_H

#include "ep_svdf.h"

/// One step of an int8 layer whose memory is int16 with zero point 0: every filter's memory moves on
/// by one and takes in requantize(bias_f[f] + sum_i x[i] * w[f][i]); then
/// y[u] = saturate(zp_y + requantize(bias[u] + the unit's filters: sum_m memory[f][m] * time[f][m])).
/// w: [filters][inputs], bias_f: the zero point of x; time: [filters][memory]; bias: [units];
/// state: [batches][filters][memory]. y must not overlap x. Sums over the memory wrap, as TFLite's.
/// edgepack proves that the others fit int32_t. Bit-exact with TFLite reference_ops::EvalIntegerSVDF.
void ep_svdf_s16(const ep_svdf_t* p, const int8_t* x, const int8_t* w, const int32_t* bias_f,
                 const int16_t* time, const int32_t* bias, int16_t* state, int8_t* y);

#endif
