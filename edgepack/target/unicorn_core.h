/* What the emulated devices need of the core: time, the serial line, and to stop it. */
#ifndef EDGEPACK_UNICORN_CORE_H
#define EDGEPACK_UNICORN_CORE_H

#include <stdint.h>

enum { RUNNING = 0, STOP_PLACE = 1, STOP_RESET = 2 };
enum { NS = 1000000000 };

/* Stop the engine for one of the reasons above. */
void core_stop(void* uc, int reason);

/* The time up to the instruction that asks, in ns. */
uint64_t time_ns(void* uc);

/* The same in ticks of the board's timer, and how many of these a second has. */
uint64_t time_ticks(void* uc);
uint64_t time_hz(void);

/* value * by / over, rounded down, without overflow between. */
uint64_t time_scale(uint64_t value, uint64_t by, uint64_t over);

/* Whether a received byte waits; called where firmware reads a status. Sleeps where it only waits. */
int line_ready(void);

/* The next received byte, or 0. */
uint8_t line_take(void);

/* Send a byte, soon. */
void line_put(uint64_t byte);

/* Put every device where a reset puts it. */
void devices_reset(void);

#endif
