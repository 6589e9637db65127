"""A small network, and its parts, that tests of compression share; conftest.py trains it."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgepack.compress.data import Arrays

N = 256  # samples


def network(seed: int = 1) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            layers.Conv2D(8, 3, name="conv", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(16, 1, name="point", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="softmax", name="dense"),
        ]
    )


def lesson(arrays: Arrays, **keys: Any) -> Any:
    from edgepack.compress.tuning.lesson import Lesson

    return Lesson(arrays, **keys)


def kernels(model: Any) -> dict[str, np.ndarray]:
    from edgepack.compress.pruning.kernels import kernels_of

    return {kernel.name: kernel.values for kernel in kernels_of(model)[0]}
