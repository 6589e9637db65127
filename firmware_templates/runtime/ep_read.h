/* SPDX-License-Identifier: MIT-0 */
/* How a model gets weights that lie outside the image; the application defines both functions. */
#ifndef EP_READ_H
#define EP_READ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Fill `destination` with `bytes` bytes of the file of weights, from `offset` on. Every offset is a
/// multiple of 16; the destination is as aligned as a tensor of the arena.
/// Of a model that reads ahead, it may return before they are there.
void ep_read(uint32_t offset, uint32_t bytes, void* destination);

/// Return when everything that ep_read was asked for is there. Models that read ahead call it
/// before they use what they asked for; where ep_read returns late enough, it has nothing to do.
void ep_read_wait(void);

#ifdef __cplusplus
}
#endif

#endif
