/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CUMULATE_S8_H
#define EP_CUMULATE_S8_H

#include "ep_cumulate.h"
#include "ep_total.h"

/// Running sums of int8 in y's scale: see ep_cumulate.h; y may be x.
/// Each sum starts at minus the zero point, as TFLite Micro has it: bit-exact with its CumSum where
/// that does not overflow, which a sum of up to 15 elements cannot.
void ep_cumulate_s8(const ep_cumulate_t* p, const ep_total_t* scale, const int8_t* x, int8_t* y);

#endif
