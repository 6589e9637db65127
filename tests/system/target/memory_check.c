/* SPDX-License-Identifier: MIT-0 */
/* Compares the port's memory functions with the C library's on every alignment and many sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void* ours_memcpy(void* restrict to, const void* restrict from, size_t bytes);
void* ours_memmove(void* to, const void* from, size_t bytes);
void* ours_memset(void* to, int value, size_t bytes);
int ours_memcmp(const void* left, const void* right, size_t bytes);

#define ROOM 64U

static unsigned char ours[ROOM];
static unsigned char theirs[ROOM];
static unsigned char source[ROOM];

static void fill(void) {
    for (unsigned i = 0; i < ROOM; i++) {
        source[i] = (unsigned char)(i * 37U + 11U);
        ours[i] = theirs[i] = (unsigned char)(i * 91U + 5U);
    }
}

static void same(const char* what, size_t to, size_t from, size_t bytes) {
    if (memcmp(ours, theirs, ROOM) != 0) {
        printf("%s differs: to %zu from %zu bytes %zu\n", what, to, from, bytes);
        exit(1);
    }
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void check(size_t to, size_t from, size_t bytes) {
    fill();
    (void)memcpy(&theirs[to], &source[from], bytes);
    (void)ours_memcpy(&ours[to], &source[from], bytes);
    same("memcpy", to, from, bytes);
    (void)memmove(&theirs[to], &theirs[from], bytes);
    (void)ours_memmove(&ours[to], &ours[from], bytes);
    same("memmove", to, from, bytes);
    (void)memset(&theirs[to], (int)(from + 250U), bytes);
    (void)ours_memset(&ours[to], (int)(from + 250U), bytes);
    same("memset", to, from, bytes);
    const int expected = sign(memcmp(&source[to], &theirs[from], bytes));
    if (sign(ours_memcmp(&source[to], &theirs[from], bytes)) != expected) {
        printf("memcmp differs: %zu %zu %zu\n", to, from, bytes);
        exit(1);
    }
}

int main(void) {
    for (size_t to = 0; to < 9U; to++) {
        for (size_t from = 0; from < 9U; from++) {
            for (size_t bytes = 0; bytes < 40U; bytes++) {
                check(to, from, bytes);
            }
        }
    }
    puts("all right");
    return 0;
}
