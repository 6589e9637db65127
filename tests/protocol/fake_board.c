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

void fake_step(uint32_t step);

void fake_step(uint32_t step)
{
    ticks += 100U + step;
    if (reset_run > 0U && step == reset_step && --reset_run == 0U) {
        restart();
    }
}

int main(void)
{
    if (setjmp(power_on) != 0) {
        in_size = 0;
        in_at = 0;
        out_size = 0;
        hang = 0;
        reset_run = 0;
        ticks += 7919;
    }
    return ep_firmware_main();
}
