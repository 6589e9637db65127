"""The networks of the compression table, in any width, trained from scratch.

Imports TensorFlow: each call of `trained` runs in the process that asks for it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compression_data import Split, Task
from edgepack.compress.data import Arrays
from edgepack.compress.save import keras_bytes
from edgepack.compress.spec import DataSpec, TrainSpec
from edgepack.compress.training import network
from edgepack.compress.tuning.fit import FitSpec, fit
from edgepack.compress.tuning.objective import Distill, distilled_by
from edgepack.errors import UsageError
from edgepack.store import cached, sha256


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a network is trained from scratch."""

    epochs: int
    batch_size: int
    learning_rate: float


SCHEDULES: dict[Task, Schedule] = {
    "digits": Schedule(20, 64, 2e-3),
    "watch": Schedule(25, 64, 2e-3),
    "spoken": Schedule(6, 64, 3e-3),
    "images": Schedule(10, 64, 3e-3),
}


def untrained(task: Task, width: float, seed: int) -> Any:
    """A Keras model whose layers are `width` times as wide as the task's network."""
    import keras

    if task in ("digits", "watch"):
        kind = "digits" if task == "digits" else "watch"
        return network(TrainSpec(kind=kind, data=DataSpec(source=""), width=width, seed=seed))
    keras.utils.set_random_seed(seed)
    return _spoken(width) if task == "spoken" else _resnet(width)


def reference_file() -> Path:
    """The float ResNet8 that is given for `images`, as it lies in EDGEPACK_MODELS."""
    path = Path(os.environ.get("EDGEPACK_MODELS", "")) / "pretrainedResnet.h5"
    if not path.is_file():
        raise UsageError(f"EDGEPACK_MODELS: {path} is not there; set it")
    return path


def trained(
    task: Task, width: float, seed: int, samples: Arrays, taught: Distill | None = None
) -> Any:
    """The network of `width`, trained from scratch."""
    model, how = untrained(task, width, seed), SCHEDULES[task]
    spec = FitSpec(
        how.epochs, how.batch_size, how.learning_rate, "crossentropy", seed, task, taught
    )
    fit(model, samples, spec, lambda done, total, text: None)
    return model


def _spoken(width: float) -> Any:
    """Depthwise separable convolutions on features [31, 24]."""
    import keras
    from keras import layers

    channels = max(8, round(64 * width))
    x = inputs = keras.Input((31, 24, 1), name="features")
    x = layers.Conv2D(channels, 5, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(4):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(channels, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x), name="spoken")


def _resnet(width: float) -> Any:
    """Three residual stages of 16, 32 and 64 channels at width 1, as MLPerf Tiny's ResNet8."""
    import keras
    from keras import layers

    def convolution(x: Any, channels: int, size: int, stride: int = 1) -> Any:
        return layers.Conv2D(channels, size, strides=stride, padding="same")(x)

    x = inputs = keras.Input((32, 32, 3), name="image")
    x = layers.ReLU()(layers.BatchNormalization()(convolution(x, max(4, round(16 * width)), 3)))
    for stage in range(3):
        channels, stride = max(4, round(16 * 2**stage * width)), 1 if stage == 0 else 2
        y = convolution(x, channels, 3, stride)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(convolution(y, channels, 3))
        skip = x if stage == 0 else convolution(x, channels, 1, stride)
        x = layers.ReLU()(layers.Add()([skip, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x), name="resnet8")


def kept(task: Task, width: float, seed: int, data: Split, teacher: Path | None = None) -> Path:
    """A `.keras` file of the network trained from scratch, by `teacher` where one is given."""
    how = SCHEDULES[task]
    key = {
        "net": [task, width, seed, how.epochs, how.batch_size, how.learning_rate],
        "data": sha256(data.train.read_bytes()),
        "teacher": "" if teacher is None else sha256(teacher.read_bytes()),
    }

    def make(folder: Path) -> None:
        import keras

        samples = arrays(data.train)
        taught = None
        if teacher is not None:
            wise = keras.saving.load_model(teacher, compile=False)
            taught = distilled_by(wise, samples, "crossentropy", str(teacher))
        model = trained(task, width, seed, samples, taught)
        (folder / "net.keras").write_bytes(keras_bytes(model, folder))

    return cached("compression-net/1", key, make) / "net.keras"


def arrays(path: Path) -> Arrays:
    """The samples of a `.npz` of x and y."""
    file = np.load(path)
    return Arrays((file["x"].astype(np.float32),), file["y"])
