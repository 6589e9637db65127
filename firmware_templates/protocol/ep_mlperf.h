/* SPDX-License-Identifier: MIT-0 */
/* The text protocol of the MLPerf Tiny runner: commands end with '%', lines with CR LF, every
 * command's answer with "m-ready".
 *
 * The data buffer is the model's input, unless EP_MLPERF_BUFFER_BYTES gives it RAM of its own. A
 * model may use its input up: without a buffer, the results are those of the first inference after
 * a load, and the ones that are timed after it run on what it left. Anomaly detection (ad01)
 * compares its answer with its input, so it needs the buffer: 4 bytes an element.
 */
#ifndef EP_MLPERF_H
#define EP_MLPERF_H

#include <stdbool.h>
#include <stdint.h>

#ifndef EP_MLPERF_BUFFER_BYTES
#define EP_MLPERF_BUFFER_BYTES 0
#endif

#define EP_MLPERF_LINE 80U
#define EP_MLPERF_RESULTS 16U

typedef struct {
    char line[EP_MLPERF_LINE];
    uint32_t length;
    uint32_t expected; /* bytes of the load under way */
    uint32_t loaded;
    bool fresh;        /* the input is as loaded */
    float results[EP_MLPERF_RESULTS];
    uint32_t result_count;
    uint64_t ticks; /* the counter, widened */
    uint32_t last;
} ep_mlperf_t;

/// Prints the boot lines.
void ep_mlperf_init(ep_mlperf_t* text);

/// Take one byte of text; runs the command that it completes.
void ep_mlperf_byte(ep_mlperf_t* text, uint8_t byte);

/// Drop the line under way.
void ep_mlperf_break(ep_mlperf_t* text);

/// Forget the loaded input: the binary protocol has written over it.
void ep_mlperf_forget(ep_mlperf_t* text);

/// Keep the time; to be called at least once in 2^32 ticks.
void ep_mlperf_tick(ep_mlperf_t* text);

#endif
