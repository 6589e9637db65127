/* SPDX-License-Identifier: MIT-0 */
#include "ep_box.h"

/// Bytes from the tensor's first element to the box's first.
static uint32_t ep_box_start(const ep_box_t* p, const void* starts)
{
    uint32_t place = 0;
    for (uint32_t d = 0; d < p->rank; d++) {
        place *= p->size[d];
        if (((p->computed >> d) & 1U) != 0U) {
            int64_t start = ep_index_at(starts, p->width, d);
            start += (p->wrap != 0U && start < 0) ? (int64_t)p->size[d] : 0;
            place += ep_index_bounded(start, p->size[d] - p->count[d]);
        }
    }
    return place * p->element;
}

/// Moves on to the box's next row; the bytes by which the tensor's place grows, 0 at the end.
static uint32_t ep_box_next(const ep_box_t* p, uint32_t* index)
{
    uint32_t pitch = p->element * p->size[p->rank - 1U];
    uint32_t back = 0;
    for (uint32_t d = p->rank - 1U; d > 0U; d--) {
        index[d - 1U]++;
        if (index[d - 1U] < p->count[d - 1U]) {
            return pitch - back;
        }
        index[d - 1U] = 0;
        back += (p->count[d - 1U] - 1U) * pitch;
        pitch *= p->size[d - 1U];
    }
    return 0;
}

void ep_box_read(const ep_box_t* p, const void* x, const void* starts, void* box)
{
    uint32_t index[EP_BOX_RANK] = {0};
    const uint8_t* from = (const uint8_t*)x + ep_box_start(p, starts);
    uint8_t* to = (uint8_t*)box;
    const uint32_t row = p->count[p->rank - 1U] * p->element;
    uint32_t step = 0;
    do {
        __builtin_memcpy(to, from, row);
        to += row;
        step = ep_box_next(p, index);
        from += step;
    } while (step != 0U);
}

void ep_box_write(const ep_box_t* p, const void* box, const void* starts, void* y)
{
    uint32_t index[EP_BOX_RANK] = {0};
    const uint8_t* from = (const uint8_t*)box;
    uint8_t* to = (uint8_t*)y + ep_box_start(p, starts);
    const uint32_t row = p->count[p->rank - 1U] * p->element;
    uint32_t step = 0;
    do {
        __builtin_memcpy(to, from, row);
        from += row;
        step = ep_box_next(p, index);
        to += step;
    } while (step != 0U);
}
