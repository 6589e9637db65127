/* SPDX-License-Identifier: MIT-0 */
/* y = condition ? a : b, elements of any type moved by their size. */
#ifndef EP_SELECT_H
#define EP_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#define EP_SELECT_RANK 6

/// Nested loops over y in the order of its memory, outermost first; steps in elements.
typedef struct {
    int32_t sizes[EP_SELECT_RANK];
    int32_t steps_c[EP_SELECT_RANK];
    int32_t steps_a[EP_SELECT_RANK];
    int32_t steps_b[EP_SELECT_RANK];
} ep_select_t;

/// Elements of 1, 2, 4 and 8 bytes, aligned to their size. y may be a or b where that has y's
/// shape.
void ep_select_8(const ep_select_t* p, const bool* condition, const void* a, const void* b,
                 void* y);
void ep_select_16(const ep_select_t* p, const bool* condition, const void* a, const void* b,
                  void* y);
void ep_select_32(const ep_select_t* p, const bool* condition, const void* a, const void* b,
                  void* y);
void ep_select_64(const ep_select_t* p, const bool* condition, const void* a, const void* b,
                  void* y);

#endif
