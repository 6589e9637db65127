/* SPDX-License-Identifier: MIT-0 */
/* What a port gives: one serial line, one counter, one stack to paint. */
#ifndef EP_PORT_H
#define EP_PORT_H

#include <stdint.h>

/// Clocks, UART at the board's baud rate, free-running counter. Called once, first.
void ep_port_init(void);

/// The next byte of the serial line, or -1 where none is there. Never blocks.
int32_t ep_port_getc(void);

/// Send one byte; waits until the UART takes it.
void ep_port_putc(uint8_t byte);

/// The free-running counter, 32 bit, counting up and wrapping.
uint32_t ep_port_ticks(void);

/// Counts of `ep_port_ticks` a second; 0 where the port has no counter worth reading (host).
uint32_t ep_port_ticks_hz(void);

/// Fill the unused stack with a pattern (from just below the caller's frame down).
void ep_port_paint_stack(void);

/// Bytes of stack in use at the deepest point since it was painted, from the caller's frame on.
uint32_t ep_port_stack_peak(void);

/// Restart the board; may return where the port cannot.
void ep_port_reset(void);

#endif
