/* SPDX-License-Identifier: MIT-0 */
/* Runs the self-test of two models, then two instances of the first one side by side. Exits with
 * the number of what failed. */
#include <stdio.h>

#include "first.h"
#include "first_test.h"
#include "second_test.h"

/* What an instance needs is one block: arena, then what the model keeps between invocations. */
static _Alignas(FIRST_ARENA_ALIGNMENT) uint8_t instances[2][FIRST_BLOCK_BYTES];

static void fill(uint8_t* block, uint8_t value)
{
    for (uint32_t i = 0; i < FIRST_INPUT_0_BYTES; i++) {
        block[FIRST_INPUT_0_OFFSET + i] = value;
    }
}

static int same_outputs(const uint8_t* a, const uint8_t* b)
{
    for (uint32_t i = 0; i < FIRST_OUTPUT_0_BYTES; i++) {
        if (a[FIRST_OUTPUT_0_OFFSET + i] != b[FIRST_OUTPUT_0_OFFSET + i]) {
            return 0;
        }
    }
    return 1;
}

int main(void)
{
    if (first_self_test() != 0U) {
        return 1;
    }
    if (second_self_test() != 0U) {
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        first_reset(instances[i]);
        fill(instances[i], 0);
    }
    first_run(instances[0]);
    first_run(instances[1]); /* the other instance has not disturbed this one */
    if (!same_outputs(instances[0], instances[1])) {
        return 3;
    }
    puts("both models are right");
    return 0;
}
