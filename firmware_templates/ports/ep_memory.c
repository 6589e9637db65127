/* SPDX-License-Identifier: MIT-0 */
/* The four functions that a compiler may call on its own; firmware has no C library. */
#include <stddef.h>
#include <stdint.h>

/* A compiler that recognises these loops would replace each with a call of itself. */
#if defined(__GNUC__) && !defined(__clang__)
#define EP_PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns")))
#else
#define EP_PLAIN
#endif

void* memcpy(void* restrict to, const void* restrict from, size_t bytes);
void* memmove(void* to, const void* from, size_t bytes);
void* memset(void* to, int value, size_t bytes);
int memcmp(const void* left, const void* right, size_t bytes);

/* Whole words may alias anything: these functions copy objects of every type. */
typedef uint32_t __attribute__((may_alias)) ep_word_t;

static inline size_t misalignment(const void* address) {
    return (size_t)((uintptr_t)address & 3U);
}

EP_PLAIN void* memcpy(void* restrict to, const void* restrict from, size_t bytes) {
    uint8_t* out = to;
    const uint8_t* in = from;
    if (misalignment(out) == misalignment(in)) {
        while (bytes > 0U && misalignment(out) != 0U) {
            *out++ = *in++;
            bytes--;
        }
        ep_word_t* words_out = (ep_word_t*)(void*)out;
        const ep_word_t* words_in = (const ep_word_t*)(const void*)in;
        for (; bytes >= 4U; bytes -= 4U) {
            *words_out++ = *words_in++;
        }
        out = (uint8_t*)words_out;
        in = (const uint8_t*)words_in;
    }
    for (; bytes > 0U; bytes--) {
        *out++ = *in++;
    }
    return to;
}

EP_PLAIN void* memmove(void* to, const void* from, size_t bytes) {
    uint8_t* out = to;
    const uint8_t* in = from;
    if ((uintptr_t)out <= (uintptr_t)in) {
        for (size_t i = 0; i < bytes; i++) {
            out[i] = in[i];
        }
    } else {
        for (size_t i = bytes; i > 0U; i--) {
            out[i - 1U] = in[i - 1U];
        }
    }
    return to;
}

EP_PLAIN void* memset(void* to, int value, size_t bytes) {
    uint8_t* out = to;
    const uint8_t byte = (uint8_t)value;
    while (bytes > 0U && misalignment(out) != 0U) {
        *out++ = byte;
        bytes--;
    }
    ep_word_t* words = (ep_word_t*)(void*)out;
    const uint32_t word = byte * 0x01010101U;
    for (; bytes >= 4U; bytes -= 4U) {
        *words++ = word;
    }
    out = (uint8_t*)words;
    for (; bytes > 0U; bytes--) {
        *out++ = byte;
    }
    return to;
}

EP_PLAIN int memcmp(const void* left, const void* right, size_t bytes) {
    const uint8_t* a = left;
    const uint8_t* b = right;
    for (size_t i = 0; i < bytes; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}
