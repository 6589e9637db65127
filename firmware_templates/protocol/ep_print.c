/* SPDX-License-Identifier: MIT-0 */
#include "ep_print.h"

#include "ep_port.h"

void ep_print(const char* string)
{
    while (*string != '\0') {
        ep_port_putc((uint8_t)*string);
        string++;
    }
}

void ep_print_line(const char* string)
{
    ep_print(string);
    ep_print("\r\n");
}

uint64_t ep_divide(uint64_t* value, uint64_t divisor)
{
    uint64_t quotient = 0;
    uint64_t rest = 0;
    for (uint32_t i = 0; i < 64U; i++) {
        rest = (rest << 1) | (*value >> 63);
        *value <<= 1;
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1U;
        }
    }
    *value = rest;
    return quotient;
}

void ep_print_u64(uint64_t value)
{
    char digits[20];
    uint32_t count = 0;
    do {
        uint64_t rest = value;
        value = ep_divide(&rest, 10);
        digits[count] = (char)('0' + (int32_t)rest);
        count++;
    } while (value != 0U);
    while (count > 0U) {
        count--;
        ep_port_putc((uint8_t)digits[count]);
    }
}

void ep_print_hex(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    ep_port_putc((uint8_t)digits[byte >> 4]);
    ep_port_putc((uint8_t)digits[byte & 15U]);
}

/* Six decimals, below 1e9; value is not negative. */
static void put_fixed(float value)
{
    uint32_t whole = (uint32_t)value;
    uint32_t millionths = (uint32_t)((value - (float)whole) * 1e6F + 0.5F);
    if (millionths >= 1000000U) {
        millionths -= 1000000U;
        whole++;
    }
    ep_print_u64(whole);
    ep_print(".");
    for (uint32_t unit = 100000; unit > 0U; unit /= 10U) {
        ep_port_putc((uint8_t)('0' + (millionths / unit) % 10U));
    }
}

void ep_print_float(float value)
{
    if (value != value) {
        ep_print("nan");
        return;
    }
    if (value < 0.0F) {
        ep_print("-");
        value = -value;
    }
    if (value > 3.4028234e38F) {
        ep_print("inf");
        return;
    }
    uint32_t exponent = 0;
    while (value >= 1e9F) {
        value /= 10.0F;
        exponent++;
    }
    put_fixed(value);
    if (exponent > 0U) {
        ep_print("e+");
        ep_print_u64(exponent);
    }
}

void ep_print_number(const char* before, uint64_t number, const char* after)
{
    ep_print(before);
    ep_print_u64(number);
    ep_print_line(after);
}
