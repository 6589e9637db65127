/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ZERO_H
#define EP_ZERO_H

#include <stdint.h>

/// Zeros in y: [bytes].
void ep_zero(void* y, uint32_t bytes);

#endif
