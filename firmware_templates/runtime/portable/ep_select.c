/* SPDX-License-Identifier: MIT-0 */
#include "ep_select.h"

#include "ep_words.h"

#define LAST (EP_SELECT_RANK - 1)

typedef uint64_t __attribute__((may_alias)) word64_t;

typedef struct {
    int32_t counts[LAST];
    int32_t c;
    int32_t a;
    int32_t b;
} at_t;

static bool next(const ep_select_t* p, at_t* at)
{
    for (int32_t d = LAST - 1; d >= 0; d--) {
        at->counts[d]++;
        at->c += p->steps_c[d];
        at->a += p->steps_a[d];
        at->b += p->steps_b[d];
        if (at->counts[d] < p->sizes[d]) {
            return true;
        }
        at->c -= p->steps_c[d] * p->sizes[d];
        at->a -= p->steps_a[d] * p->sizes[d];
        at->b -= p->steps_b[d] * p->sizes[d];
        at->counts[d] = 0;
    }
    return false;
}

#define SELECT(name, word_t)                                                           \
    void name(const ep_select_t* p, const bool* condition, const void* a, const void* b, \
              void* y)                                                                 \
    {                                                                                  \
        word_t* to = y;                                                                \
        at_t at = {{0}, 0, 0, 0};                                                      \
        do {                                                                           \
            const bool* which = condition + at.c;                                      \
            const word_t* one = (const word_t*)a + at.a;                               \
            const word_t* two = (const word_t*)b + at.b;                               \
            for (int32_t i = p->sizes[LAST]; i > 0; i--) {                             \
                *to++ = *which ? *one : *two;                                          \
                which += p->steps_c[LAST];                                             \
                one += p->steps_a[LAST];                                               \
                two += p->steps_b[LAST];                                               \
            }                                                                          \
        } while (next(p, &at));                                                        \
    }

SELECT(ep_select_8, uint8_t)
SELECT(ep_select_16, ep_word16_t)
SELECT(ep_select_32, ep_word32_t)
SELECT(ep_select_64, word64_t)
