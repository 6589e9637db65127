/* SPDX-License-Identifier: MIT-0 */
/* Logic on bool operands that broadcast. y may be an operand of its own shape. */
#ifndef EP_LOGIC_H
#define EP_LOGIC_H

#include "ep_broadcast.h"

void ep_and_bool(const ep_broadcast_t* loops, const bool* a, const bool* b, bool* y);
void ep_or_bool(const ep_broadcast_t* loops, const bool* a, const bool* b, bool* y);

/// y[i] = !x[i]. x, y: [count]; y may be x.
void ep_not_bool(const bool* x, bool* y, uint32_t count);

#endif
