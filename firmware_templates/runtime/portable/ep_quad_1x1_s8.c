/* SPDX-License-Identifier: MIT-0 */
#include "ep_quad_1x1_s8.h"

#include "ep_quad_way.h"

/// Four pixels of whole words as words of 4 depths.
static void lay_words(int32_t depth, const int8_t* x, ep_word32_t* to)
{
    for (const int8_t* const end = x + depth; x != end; x += 4) {
        const int8_t* from = x;
        to[0] = ep_quad_word(from);
        from += depth;
        to[1] = ep_quad_word(from);
        from += depth;
        to[2] = ep_quad_word(from);
        from += depth;
        to[3] = ep_quad_word(from);
        to += 4;
    }
}

/// The same of any pixels.
static void lay_bytes(int32_t depth, const int8_t* x, int8_t* scratch)
{
    for (int32_t px = 0; px < 4; px++) {
        int8_t* to = scratch + 4 * px;
        int32_t k = depth;
        for (; k >= 4; k -= 4) {
            to[0] = x[0];
            to[1] = x[1];
            to[2] = x[2];
            to[3] = x[3];
            to += 16;
            x += 4;
        }
        for (; k > 0; k--) {
            *to++ = *x++;
        }
    }
}

static void run(const ep_quad_layer_t* layer, int32_t pixels, const int8_t* x, int8_t* scratch,
                int8_t* y)
{
    const int32_t depth = layer->p.depth;
    const bool aligned = ep_quad_aligned(x, depth);
    for (; pixels >= 4; pixels -= 4) {
        if (aligned) {
            lay_words(depth, x, (ep_word32_t*)(void*)scratch);
        } else {
            lay_bytes(depth, x, scratch);
        }
        ep_quad_four(layer, scratch, y);
        x += 4 * depth;
        y += 4 * layer->p.outputs;
    }
    for (int32_t i = 0; i < pixels * depth; i++) {
        scratch[i] = x[i];
    }
    for (; pixels > 0; pixels--) {
        ep_quad_one(layer, scratch, y);
        scratch += depth;
        y += layer->p.outputs;
    }
}

void ep_quad_1x1_s8(const ep_quad_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                    const int32_t* bias, const uint32_t* steps, int8_t* scratch, int8_t* y)
{
    const ep_quad_layer_t layer = {*p, EP_QUAD_PLAIN, w, bias, steps};
    run(&layer, pixels, x, scratch, y);
}

void ep_quad_1x1_signed_s8(const ep_quad_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                           int8_t* y)
{
    const ep_quad_layer_t layer = {*p, EP_QUAD_SIGNED, w, bias, steps};
    run(&layer, pixels, x, scratch, y);
}
