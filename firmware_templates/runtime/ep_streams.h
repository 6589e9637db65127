/* SPDX-License-Identifier: MIT-0 */
/* Streams of samples cut, joined and delayed; what each keeps between calls is in `kept`. */
#ifndef EP_STREAMS_H
#define EP_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t channels; /* streams side by side, each with a past of its own */
    uint32_t frames;   /* of one call */
    uint32_t step;     /* samples from one frame's start to the next's */
    uint32_t size;     /* samples of a frame, at least `step` */
    uint32_t past;     /* samples kept: `size` - `step`, rounded up to whole steps without prefill */
} ep_framer_t;

/// Frames of `size` samples, one every `step`. kept: [channels][past]; missing: how many samples
/// the past still lacks, `past` or 0 at first. x: [channels][frames][step]; y:
/// [channels][frames][size], 0 where not all are valid. y must not overlap x.
/// Bit-exact with TFLite Micro's SignalFramer where *valid.
void ep_framer_s16(const ep_framer_t* p, int16_t* kept, uint32_t* missing, const int16_t* x,
                   int16_t* y, bool* valid);

typedef struct {
    uint32_t size; /* of one vector */
    uint32_t left; /* how often the first one is repeated before itself */
    uint32_t context; /* vectors of an output */
    uint32_t step; /* vectors from one output to the next */
} ep_stacker_t;

/// The last `context` vectors, once every `step` calls; else y is 0 and *valid false.
/// kept: [context][size]; have: vectors kept, below 0 for ones to be left out yet (0 at first,
/// and *begun 0). Bit-exact with TFLite Micro's SignalStacker where *valid.
void ep_stacker_s16(const ep_stacker_t* p, int16_t* kept, int32_t* have, int32_t* begun,
                    const int16_t* x, int16_t* y, bool* valid);

/// y = x, `delay` samples later. kept: [channels][delay]; x, y: [channels][count]; y must not
/// overlap x. Bit-exact with TFLite Micro's SignalDelay.
void ep_delay_s16(uint32_t channels, uint32_t count, uint32_t delay, int16_t* kept,
                  const int16_t* x, int16_t* y);

typedef struct {
    uint32_t channels;
    uint32_t frames;
    uint32_t step;
    uint32_t size;
} ep_overlap_t;

/// Frames added where they overlap, saturated. kept: [channels][size - step]; x:
/// [channels][frames][size]; y: [channels][frames][step]; y may be x.
/// Bit-exact with TFLite Micro's SignalOverlapAdd.
void ep_overlap_add_s16(const ep_overlap_t* p, int16_t* kept, const int16_t* x, int16_t* y);
void ep_overlap_add_f32(const ep_overlap_t* p, float* kept, const float* x, float* y);

#endif
