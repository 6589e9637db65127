"""The demo's networks, trained on the demo's data. Runs in the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgepack.compress.conversion import Job
from edgepack.compress.data import load_arrays
from edgepack.compress.load import of_keras, versions
from edgepack.compress.save import keras_bytes
from edgepack.compress.score import score
from edgepack.compress.spec import ModelFile, TrainReport, TrainSpec
from edgepack.compress.tuning.fit import FitSpec, fit
from edgepack.store import sha256

EPOCHS = {"watch": 25, "digits": 20}
_BATCH = 64
_RATE = 2e-3


def train(path: Path, spec: TrainSpec, job: Job) -> tuple[bytes, TrainReport]:
    """The trained network as the bytes of a `.keras` file; `path` is not looked at."""
    model = network(spec)
    unnamed = ModelFile(job.output, "", 0)
    facts = of_keras(model, path, unnamed)
    samples = load_arrays(spec.data, facts.inputs)
    epochs = spec.epochs or EPOCHS[spec.kind]
    how = FitSpec(epochs, _BATCH, _RATE, "crossentropy", spec.seed, spec.data.source)
    fit(model, samples, how, job.tell)
    after = None
    if spec.test is not None:
        test = load_arrays(spec.test, facts.inputs)
        after = score(facts.predict(test.inputs)[0], test, spec.test.source)
    content = keras_bytes(model, job.folder)
    report = TrainReport(
        output=ModelFile(job.output, sha256(content), len(content)),
        spec=spec,
        versions=versions(),
        parameters=model.count_params(),
        after=after,
    )
    return content, report


def network(spec: TrainSpec) -> Any:
    """An untrained network: 1-D convolutions for `watch`, 2-D for `digits`."""
    import keras

    keras.utils.set_random_seed(spec.seed)
    return _watch(spec.width) if spec.kind == "watch" else _digits(spec.width)


def _watch(width: float) -> Any:
    import keras
    from keras import layers

    def block(channels: int) -> list[Any]:
        convolution = layers.Conv1D(
            _scaled(channels, width), 5, strides=2, padding="same", use_bias=False
        )
        return [convolution, layers.BatchNormalization(), layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input((100, 6), name="motion"),
            *block(32),
            *block(32),
            *block(48),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.3),
            layers.Dense(7, activation="softmax"),
        ],
        name="watch",
    )


def _digits(width: float) -> Any:
    import keras
    from keras import layers

    def block(channels: int) -> list[Any]:
        convolution = layers.Conv2D(_scaled(channels, width), 3, padding="same", use_bias=False)
        return [convolution, layers.BatchNormalization(), layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            *block(16),
            *block(24),
            layers.MaxPooling2D(),
            *block(32),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))
