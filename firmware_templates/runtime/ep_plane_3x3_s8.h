/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANE_3X3_S8_H
#define EP_PLANE_3X3_S8_H

#include <stdint.h>

/// Lines and columns may be an image's rows and columns, or the other way round.
typedef struct {
    int32_t lines; /* of outputs, at least 1 */
    int32_t columns;
    int32_t pitch;    /* bytes from a line of x to the one below */
    int32_t x_line;   /* from an output line's x to the next one's: stride * pitch */
    int32_t stride;   /* along a line, 1 or 2 */
    int32_t y_line;   /* bytes from a line of y to the next */
    int32_t y_column; /* bytes from an output to the next in its line */
    int32_t low;      /* the activation's range */
    int32_t high;
} ep_plane_3x3_t;

/// The 3x3 windows of one channel: y(i, j) from bias + sum x(i', j') * w. x: the plane with all that
/// windows see, one byte after the other; w: [3][3]; steps: one output's, see ep_quad_s8.h.
void ep_plane_3x3_s8(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                     const uint32_t* steps, int8_t* y);
void ep_plane_3x3_signed_s8(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                            const uint32_t* steps, int8_t* y);

#endif
