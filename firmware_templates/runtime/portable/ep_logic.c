/* SPDX-License-Identifier: MIT-0 */
#include "ep_logic.h"

#include "ep_binary.h"

EP_BINARY(ep_and_bool, bool, bool, one && two)
EP_BINARY(ep_or_bool, bool, bool, one || two)

void ep_not_bool(const bool* x, bool* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = !x[i];
    }
}
