/* SPDX-License-Identifier: MIT-0 */
/* Where the greatest or the least element along an axis lies, the first of equals. */
#ifndef EP_ARG_H
#define EP_ARG_H

#include <stdbool.h>
#include <stdint.h>

/// x: [outer, size, inner]; y: [outer, inner].
typedef struct {
    int32_t outer;
    int32_t size;
    int32_t inner;
} ep_arg_t;

/* y must not overlap x. A NaN is never the one, unless all are. */
void ep_arg_max_s8(const ep_arg_t* p, const int8_t* x, int32_t* y);
void ep_arg_max_u8(const ep_arg_t* p, const uint8_t* x, int32_t* y);
void ep_arg_max_bool(const ep_arg_t* p, const bool* x, int32_t* y);
void ep_arg_max_s32(const ep_arg_t* p, const int32_t* x, int32_t* y);
void ep_arg_max_f32(const ep_arg_t* p, const float* x, int32_t* y);
void ep_arg_min_s8(const ep_arg_t* p, const int8_t* x, int32_t* y);
void ep_arg_min_u8(const ep_arg_t* p, const uint8_t* x, int32_t* y);
void ep_arg_min_bool(const ep_arg_t* p, const bool* x, int32_t* y);
void ep_arg_min_s32(const ep_arg_t* p, const int32_t* x, int32_t* y);
void ep_arg_min_f32(const ep_arg_t* p, const float* x, int32_t* y);

/* The same with 64 bits for each place. */
void ep_arg_max_s8_s64(const ep_arg_t* p, const int8_t* x, int64_t* y);
void ep_arg_max_u8_s64(const ep_arg_t* p, const uint8_t* x, int64_t* y);
void ep_arg_max_bool_s64(const ep_arg_t* p, const bool* x, int64_t* y);
void ep_arg_max_s32_s64(const ep_arg_t* p, const int32_t* x, int64_t* y);
void ep_arg_max_f32_s64(const ep_arg_t* p, const float* x, int64_t* y);
void ep_arg_min_s8_s64(const ep_arg_t* p, const int8_t* x, int64_t* y);
void ep_arg_min_u8_s64(const ep_arg_t* p, const uint8_t* x, int64_t* y);
void ep_arg_min_bool_s64(const ep_arg_t* p, const bool* x, int64_t* y);
void ep_arg_min_s32_s64(const ep_arg_t* p, const int32_t* x, int64_t* y);
void ep_arg_min_f32_s64(const ep_arg_t* p, const float* x, int64_t* y);

#endif
