/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CIRCULAR_H
#define EP_CIRCULAR_H

#include <stdbool.h>
#include <stdint.h>

/// The last `slots` inputs, the newest behind; *valid, where it is not NULL, once every `period`
/// calls. kept: [slots][size]; turns: calls since it was valid. x: [size]; y: [slots][size]. y must
/// not overlap x. Bit-exact with TFLite Micro's CIRCULAR_BUFFER.
void ep_circular_8(uint32_t slots, uint32_t size, uint32_t period, int8_t* kept, uint32_t* turns,
                   const int8_t* x, int8_t* y, bool* valid);

#endif
