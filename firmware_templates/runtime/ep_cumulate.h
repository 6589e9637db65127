/* SPDX-License-Identifier: MIT-0 */
/* Running sums along an axis. */
#ifndef EP_CUMULATE_H
#define EP_CUMULATE_H

#include <stdbool.h>
#include <stdint.h>

/// x, y: [outer, size, inner]. Exclusive: without the element itself. Reverse: from the end.
typedef struct {
    int32_t outer;
    int32_t size;
    int32_t inner;
    bool exclusive;
    bool reverse;
} ep_cumulate_t;

/* y may be x. Integers wrap. */
void ep_cumulate_f32(const ep_cumulate_t* p, const float* x, float* y);
void ep_cumulate_32(const ep_cumulate_t* p, const void* x, void* y);
void ep_cumulate_64(const ep_cumulate_t* p, const void* x, void* y);

#endif
