/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SWAR_S8_H
#define EP_SWAR_S8_H

#include <stdint.h>

typedef struct {
    int32_t outputs; /* at least 1 */
    int32_t block;   /* bytes of w from 8 outputs to the next 8 */
    int32_t low;     /* the activation's range */
    int32_t span;    /* from there to its end */
} ep_swar_t;

/// Four columns: y[px * step + o] from bias[o] + sum_k x[px][k] * w[o][k], all outputs.
/// x: for each depth two words, x[0] + x[1] * 2^16 and x[2] + x[3] * 2^16, readable up to the length
/// of every row. w: blocks of 8 outputs as [block / 8][8], zeros behind the last depth.
/// rows: 4 words an output: the bias; a factor; a nudge << 8 | group << 3; the limit | groups << 20.
/// Products of a group of depths are added up two columns in a word; edgepack proves that the lower
/// one's sum fits an int16. A row's length is groups * group; group is 2, 3, 4, 6 or 8, groups even
/// for the first two. With t, the sum clamped to [0, limit], the output is
/// low + ((t * (factor >> 13) + (t * (factor % 2^13) >> 13) + nudge) >> 24), which edgepack proves to
/// be TFLite's requantisation: no product leaves 32 bits.
/// Outputs 2 i and 2 i + 1 may have to share group and groups, and an odd last one a row beside it.
/// The signed one has a fifth word, move << 5 | unit: t is sum + move, clamped, and where the sum is
/// negative, 1 << unit is taken off before the shift.
void ep_swar_s8(const ep_swar_t* p, const uint32_t* x, const int8_t* w, const uint32_t* rows,
                int8_t* y, int32_t step);
void ep_swar_signed_s8(const ep_swar_t* p, const uint32_t* x, const int8_t* w,
                       const uint32_t* rows, int8_t* y, int32_t step);

typedef void (*ep_swar_way_t)(const ep_swar_t* p, const uint32_t* x, const int8_t* w,
                              const uint32_t* rows, int8_t* y, int32_t step);

#endif
