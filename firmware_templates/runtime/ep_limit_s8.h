/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LIMIT_S8_H
#define EP_LIMIT_S8_H

#include <stdint.h>

/// Clamps count values to [low, high]; nothing to do where that is all of int8.
void ep_limit_s8(int8_t* y, int32_t count, int32_t low, int32_t high);

#endif
