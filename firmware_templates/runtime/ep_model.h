/* SPDX-License-Identifier: MIT-0 */
/* What a generated model tells whoever runs it; the device's server knows a model by this alone. */
#ifndef EP_MODEL_H
#define EP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/// An input or output of the model. `data` is valid for the instance that `ep_model_t` describes.
typedef struct {
    const char* name;   /* sanitised */
    void* data;
    uint32_t bytes;
    uint8_t type;       /* TFLite's TensorType: 0 float32, 3 uint8, 9 int8, ... */
    float scale;        /* 0 where it is not quantised */
    int32_t zero_point;
} ep_tensor_t;

/// Called after each operator (a call of a kernel, numbered from 0) where EP_HOOK is 1.
typedef void (*ep_hook_t)(void* context, uint32_t step);

typedef struct {
    const char* name;
    const char* sha256;           /* of the .tflite file, 64 hexadecimal digits; "" for none */
    const ep_tensor_t* inputs;
    const ep_tensor_t* outputs;
    uint16_t input_count;
    uint16_t output_count;
    uint32_t step_count;
    uint8_t* arena;               /* the block: arena, then what the model keeps */
    uint32_t arena_bytes;         /* of the whole block */
    void (*init)(void);           /* gives what the model keeps its first contents */
    void (*invoke)(void);
    /// Sets the hook; NULL where the image was built with EP_HOOK 0.
    void (*set_hook)(ep_hook_t hook, void* context);
} ep_model_t;

/// The image's model. The generated `ep_model.c` defines it; an empty one has no inputs.
extern const ep_model_t ep_model;

#endif
