"""Random models of one pool."""

from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_scale, random_values
from tests.kernels.weighted_cases import SAMPLES, output_size, point, random_window
from tests.tflite_builder import ModelBuilder


def pool_case(kind: str, rng: np.random.Generator, dtype: str, number: int) -> Case:
    """A pool over a window up to 4x4; every fourth one over the whole image."""
    size, window, out, options = random_window(rng)
    if number % 4 == 3:
        size = tuple(int(n) for n in rng.integers(1, 25, 2))
        window, out = size, (1, 1)
        options |= {"padding": "VALID"}
    strides = (options["stride_h"], options["stride_w"])
    sides = zip(size, window, strides, (1, 1), strict=True)
    out = tuple(output_size(*side, str(options["padding"])) for side in sides)
    channels, batches = int(rng.integers(1, 10)), int(rng.choice([1, 1, 1, 2, 3]))
    scale, zero = (random_scale(rng), point(rng)) if dtype != "float32" else (None, 0)
    zero = {"int16": 0, "uint8": zero + 128}.get(dtype, zero)
    builder = ModelBuilder()
    x = builder.tensor((batches, *size, channels), dtype, scale=scale, zero_point=zero)
    y = builder.tensor((batches, *out, channels), dtype, scale=scale, zero_point=zero)
    chosen = {name: options[name] for name in ("padding", "stride_h", "stride_w")}
    chosen["fused_activation_function"] = options["fused_activation_function"]
    builder.operator(kind, [x], [y], filter_height=window[0], filter_width=window[1], **chosen)
    samples = SAMPLES if batches == 1 else batches
    values = random_values(rng, (samples, *size, channels), dtype)
    if dtype != "float32" and number % 5 == 0:
        values[0] = rng.choice([np.iinfo(dtype).min, np.iinfo(dtype).max])
    label = f"{kind} {size} {window} {out} {channels} {chosen} {scale} {zero}"
    return Case(builder.build([x], [y]), [values], label=label)
