/* SPDX-License-Identifier: MIT-0 */
/* The firmware on this machine, in lock step with a test.
 *
 * The test sends batches on stdin: u32 size, bytes. When the firmware has taken all of them and
 * looks for more, it gets u32 size, bytes on stdout: what the board sent meanwhile. So no time
 * passes, and silence is known at once. Sizes from 0xFFFFFF00 on are commands:
 *   ..01  restart the board
 *   ..02  u32 n, u32 step: restart in the n-th run from now on, after that step
 *   ..03  u32 n: hang for n batches, then restart
 *   ..04  set the counter to just before it wraps
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ep_model.h"
#include "ep_port.h"

int ep_firmware_main(void);

#define BATCH (1U << 22)
static uint8_t in[BATCH], out[BATCH];
static uint32_t in_size, in_at, out_size, hang, reset_run, reset_step, ticks;
static jmp_buf power_on;

static uint32_t read_u32(void)
{
    uint32_t value = 0;
    if (fread(&value, sizeof value, 1, stdin) != 1) {
        exit(0);
    }
    return value;
}

static void restart(void)
{
    longjmp(power_on, 1);
}

/* One batch in; returns with bytes to take or restarts. */
static void next_batch(void)
{
    fwrite(&out_size, sizeof out_size, 1, stdout);
    fwrite(out, 1, out_size, stdout);
    fflush(stdout);
    out_size = 0;
    in_at = 0;
    in_size = read_u32();
    if (in_size >= 0xFFFFFF00U) {
        const uint32_t command = in_size;
        in_size = 0;
        if (command == 0xFFFFFF01U) {
            restart();
        } else if (command == 0xFFFFFF02U) {
            reset_run = read_u32();
            reset_step = read_u32();
        } else if (command == 0xFFFFFF03U) {
            hang = read_u32();
        } else if (command == 0xFFFFFF04U) {
            ticks = 0xFFFFFFF0U;
        }
        return;
    }
    if (in_size > BATCH || fread(in, 1, in_size, stdin) != in_size) {
        exit(0);
    }
    if (hang > 0U) {
        hang--;
        in_size = 0;
        if (hang == 0U) {
            restart();
        }
    }
}

void ep_port_init(void)
{
}

int32_t ep_port_getc(void)
{
    if (in_at == in_size) {
        next_batch();
        return -1;
    }
    return in[in_at++];
}

void ep_port_putc(uint8_t byte)
{
    if (out_size < BATCH) {
        out[out_size++] = byte;
    }
}

uint32_t ep_port_ticks(void)
{
    return ticks++;
}

uint32_t ep_port_ticks_hz(void)
{
    return 1000000U;
}

void ep_port_paint_stack(void)
{
}

uint32_t ep_port_stack_peak(void)
{
    return 1234;
}

void ep_port_reset(void)
{
    restart();
}

/* ---- a model whose answers are a mixing of its inputs, in place --------------------------------- */

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
        ticks += 100U + step;
        if (hook != NULL) {
            hook(hook_context, step);
        }
        if (reset_run > 0U && step == reset_step && --reset_run == 0U) {
            restart();
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

int main(void)
{
    if (setjmp(power_on) != 0) {
        in_size = 0;
        in_at = 0;
        out_size = 0;
        hang = 0;
        hook = NULL;
        reset_run = 0;
        ticks += 7919;
    }
    return ep_firmware_main();
}
