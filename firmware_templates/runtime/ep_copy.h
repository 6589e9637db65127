/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_COPY_H
#define EP_COPY_H

#include <stdint.h>

/// y = x, `bytes` of each, in rising order: y may lie below x or on it.
void ep_copy(uint32_t bytes, const void* x, void* y);

#endif
