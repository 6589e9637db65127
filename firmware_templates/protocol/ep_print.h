/* SPDX-License-Identifier: MIT-0 */
/* Text onto the serial line, without a C library. */
#ifndef EP_PRINT_H
#define EP_PRINT_H

#include <stdint.h>

void ep_print(const char* string);

/// The string, CR and LF.
void ep_print_line(const char* string);

/// Decimal, without leading zeros.
void ep_print_u64(uint64_t value);

/// Two digits.
void ep_print_hex(uint8_t byte);

/// Six decimals, with an exponent from 1e9 on; "nan", "inf".
void ep_print_float(float value);

/// A line with a number in it.
void ep_print_number(const char* before, uint64_t number, const char* after);

/// *value / divisor, bit by bit, so that no division routine is linked; the remainder replaces
/// *value.
uint64_t ep_divide(uint64_t* value, uint64_t divisor);

#endif
