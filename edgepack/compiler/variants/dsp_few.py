"""1x1 convolutions of few values a pixel: weights of 16 bits, an output in one load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.dsp_rounding import stream_const
from edgepack.program import Params, Scalar, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.variants.layers import ConvLayer
    from edgepack.program import Argument

MOST = 8  # values of a pixel
ORDER = (0, 2, 1, 3, 4, 6, 5, 7)  # of a pixel's values, two in a word


def few_pointwise(
    layer: ConvLayer, steps: NDArray[np.int64] | None
) -> tuple[str, tuple[Argument, ...]] | None:
    """Kernel and arguments, where a pixel's values stay in registers; steps: the short ones."""
    outputs, depth = layer.weights.shape
    if steps is None or depth > MOST:
        return None
    fields = (
        ("outputs", outputs),
        ("depth", depth),
        ("low", layer.low),
        ("high", layer.high),
    )
    return "ep_few_1x1_s8", (
        Params("ep_few_1x1_t", fields),
        Scalar("int32_t", layer.window.pixels),
        TensorRef(layer.input),
        stream_const("stream", few_stream(layer, steps), layer),
        TensorRef(layer.output),
    )


def few_stream(layer: ConvLayer, steps: NDArray[np.int64]) -> NDArray[np.uint32]:
    """[outputs, 7]: the stream of ep_few.h."""
    padded = np.zeros((len(layer.weights), MOST), "<i2")
    padded[:, : layer.weights.shape[1]] = layer.weights
    words = np.ascontiguousarray(padded[:, ORDER]).view("<u4").astype(np.int64)
    columns = (256 * layer.bias.reshape(-1, 1), words, steps)
    return np.concatenate([(column % 2**32).astype("<u4") for column in columns], axis=1)
