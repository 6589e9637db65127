/* SPDX-License-Identifier: MIT-0 */
/* What the fake model needs of a board that is the real host port. */
#include <stdint.h>

void fake_step(uint32_t step);

void fake_step(uint32_t step)
{
    (void)step;
}
