/* SPDX-License-Identifier: MIT-0 */
#include "ep_batch_space.h"

void ep_space_to_batch(const ep_batch_space_t* p, uint8_t fill, const void* x, void* y)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t part = 0; part < p->block_height * p->block_width * p->images; part++) {
        const uint32_t block = part / p->images;
        const uint32_t image = part - block * p->images;
        const uint32_t block_row = block / p->block_width;
        const uint32_t block_column = block - block_row * p->block_width;
        for (uint32_t h = 0; h < p->part_height; h++) {
            const uint32_t row = h * p->block_height + block_row - p->top; /* huge where above */
            for (uint32_t w = 0; w < p->part_width; w++) {
                const uint32_t column = w * p->block_width + block_column - p->left;
                if (row < p->height && column < p->width) {
                    const uint32_t pixel = (image * p->height + row) * p->width + column;
                    __builtin_memcpy(to, &from[pixel * p->run], p->run);
                } else {
                    __builtin_memset(to, fill, p->run);
                }
                to += p->run;
            }
        }
    }
}

void ep_batch_to_space(const ep_batch_space_t* p, const void* x, void* y)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t image = 0; image < p->images; image++) {
        for (uint32_t h = 0; h < p->height; h++) {
            const uint32_t row = (h + p->top) / p->block_height;
            const uint32_t block_row = (h + p->top) - row * p->block_height;
            for (uint32_t w = 0; w < p->width; w++) {
                const uint32_t column = (w + p->left) / p->block_width;
                const uint32_t block_column = (w + p->left) - column * p->block_width;
                const uint32_t block = block_row * p->block_width + block_column;
                const uint32_t part = block * p->images + image;
                const uint32_t pixel = (part * p->part_height + row) * p->part_width + column;
                __builtin_memcpy(to, &from[pixel * p->run], p->run);
                to += p->run;
            }
        }
    }
}
