/* SPDX-License-Identifier: MIT-0 */
/* Simple recurrent layers over a sequence: h = activation(w x + r h + bias), h the outputs before.
 *
 * w: [units]{[inputs], [units]}, the second part is r. */
#ifndef EP_RNN_H
#define EP_RNN_H

#include <stdint.h>

enum { EP_RNN_NONE, EP_RNN_CLAMP, EP_RNN_TANH };

typedef struct {
    int32_t batches;
    int32_t steps;
    int32_t inputs;
    int32_t units;
    /* Elements from batch to batch and from step to step; these are negative backwards in time. */
    int32_t batch_x;
    int32_t batch_y;
    int32_t step_x;
    int32_t step_y;
    int32_t start_x; /* the first step's place */
    int32_t start_y;
    int8_t activation; /* EP_RNN_... */
    float low;         /* of EP_RNN_CLAMP */
    float high;
} ep_rnn_t;

#endif
