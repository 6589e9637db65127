/* SPDX-License-Identifier: MIT-0 */
/* What recurrent layers share. */
#ifndef EP_RNN_BODY_H
#define EP_RNN_BODY_H

#include "ep_float.h"
#include "ep_math.h"
#include "ep_rnn.h"

static inline float ep_rnn_activation(const ep_rnn_t* p, float value)
{
    if (p->activation == EP_RNN_TANH) {
        return ep_tanh(value);
    }
    return (p->activation == EP_RNN_CLAMP) ? ep_clamp_f32(value, p->low, p->high) : value;
}

#endif
