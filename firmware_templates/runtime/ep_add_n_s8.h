/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ADD_N_S8_H
#define EP_ADD_N_S8_H

#include "ep_total.h"

/// y[i] = the sum of a[i], b[i] and so on, in y's scale; c to h may be NULL.
/// All have count elements; y may be any of the others.
/// The sum starts at minus the zero point, as TFLite Micro has it: bit-exact with its AddN.
void ep_add_n_s8(const ep_total_t* p, const int8_t* a, const int8_t* b, const int8_t* c,
                 const int8_t* d, const int8_t* e, const int8_t* f, const int8_t* g,
                 const int8_t* h, int8_t* y, uint32_t count);

#endif
