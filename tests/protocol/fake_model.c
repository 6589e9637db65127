/* SPDX-License-Identifier: MIT-0 */
/* A model whose answers are a mixing of its inputs, which it uses up. */
#include <stdint.h>
#include <string.h>

#include "ep_model.h"

/* What a board does between operators. */
void fake_step(uint32_t step);

#ifndef INPUT_BYTES
#define INPUT_BYTES 300
#endif
#ifndef OUTPUT_BYTES
#define OUTPUT_BYTES 500
#endif
#ifndef SECOND_INPUT
#define SECOND_INPUT 41
#endif
#ifndef STEPS
#define STEPS 70
#endif

static uint8_t arena[INPUT_BYTES + SECOND_INPUT + OUTPUT_BYTES + 8] __attribute__((aligned(16)));
static uint32_t runs;
static ep_hook_t hook;
static void* hook_context;

static const ep_tensor_t inputs[] = {
    {"first", arena, INPUT_BYTES, 9, 0.5F, -3},
    {"second", arena + INPUT_BYTES, SECOND_INPUT, 3, 0.25F, 128},
};
static const ep_tensor_t outputs[] = {
    {"answer", arena + INPUT_BYTES / 2, OUTPUT_BYTES, 9, 0.125F, 7},
    {"sum", arena + sizeof arena - 8, 4, 2, 0.0F, 0},
};

static void model_init(void)
{
    hook = NULL;
}

/* Each step: every byte of the arena becomes a hash of it, its neighbour and the step. */
static void model_invoke(void)
{
    runs++;
    for (uint32_t step = 0; step < STEPS; step++) {
        if (step % 10U == 0U) {
            uint8_t carry = (uint8_t)(step + 1U);
            for (uint32_t i = 0; i < sizeof arena - 8; i++) {
                const uint8_t was = (i < INPUT_BYTES + SECOND_INPUT || step > 0U) ? arena[i] : 0;
                arena[i] = (uint8_t)(was * 5U + carry + i);
                carry = arena[i] ^ (uint8_t)(carry >> 1);
            }
        }
        fake_step(step);
        if (hook != NULL) {
            hook(hook_context, step);
        }
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < sizeof arena - 8; i++) {
        sum = sum * 31U + arena[i];
    }
    memcpy(arena + sizeof arena - 8, &sum, 4);
    memcpy(arena + sizeof arena - 4, &runs, 4);
}

static void model_set_hook(ep_hook_t to, void* context)
{
    hook = to;
    hook_context = context;
}

const ep_model_t ep_model = {
    .name = "fake",
    .sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    .inputs = inputs,
    .outputs = outputs,
    .input_count = (SECOND_INPUT > 0) ? 2 : 1,
    .output_count = (SECOND_INPUT > 0) ? 2 : 1,
    .step_count = STEPS,
    .arena = arena,
    .arena_bytes = sizeof arena,
    .init = model_init,
    .invoke = model_invoke,
#ifdef NO_HOOK
    .set_hook = NULL,
#else
    .set_hook = model_set_hook,
#endif
};
