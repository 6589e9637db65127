/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX along the last dimension from int8 to int16: the exponentials are a table. */
#ifndef EP_SOFTMAX_S8_S16_H
#define EP_SOFTMAX_S8_S16_H

#include "ep_softmax_table_s8.h"

/// As ep_softmax_table_s8, but y is stored with scale 1/65536 and zero point -32768.
/// x, y: [rows][depth], depth at most 4095; y must not overlap x. Bit-exact with TFLite reference_ops::Softmax.
void ep_softmax_s8_s16(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                       int16_t* y);

#endif
