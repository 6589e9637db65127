/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_WINDOWS_S8_H
#define EP_MVE_WINDOWS_S8_H

#include <stdint.h>

/// Windows side by side in an image, and where they go. All in bytes but for the rows.
typedef struct {
    int32_t rows;   /* of a window, at least 1 */
    int32_t bytes;  /* of a row, at least 1 */
    int32_t line;   /* from a row to the next one in x */
    int32_t pitch;  /* and in the copy */
    int32_t step;   /* from a window to the next one in x */
    int32_t column; /* and in the copy */
} ep_mve_windows_t;

/// Copies count windows, at least 1; nothing beyond their rows is read or written.
void ep_mve_windows_s8(const ep_mve_windows_t* windows, const int8_t* x, int8_t* to,
                       int32_t count);

#endif
