/* SPDX-License-Identifier: MIT-0 */
#include "ep_copy.h"

#include "ep_words.h"

/// to = from, in rising order; by words where both are aligned to them.
static void ep_copy_row(const uint8_t* from, uint8_t* to, uint32_t bytes)
{
    uint32_t i = 0;
    if (from == to) { /* the plan has put them in one place */
        return;
    }
    if ((((uintptr_t)from | (uintptr_t)to) & 3U) == 0U) {
        const ep_word32_t* words_from = (const ep_word32_t*)(const void*)from;
        ep_word32_t* words_to = (ep_word32_t*)(void*)to;
        for (uint32_t word = 0; word < bytes / 4U; ++word) {
            words_to[word] = words_from[word];
        }
        i = bytes & ~(uint32_t)3U;
    }
    for (; i < bytes; ++i) {
        to[i] = from[i];
    }
}

void ep_copy(const ep_copy_t* p, const void* x, void* y)
{
    const uint8_t* from = (const uint8_t*)x + p->x_start;
    uint8_t* to = (uint8_t*)y + p->y_start;
    for (uint32_t row = 0; row < p->rows; ++row) {
        ep_copy_row(from, to, p->bytes);
        from += p->x_pitch;
        to += p->y_pitch;
    }
}
