"""Random Keras networks, converted in every way that the converter offers.

    python -m tests.models.keras_nets FOLDER FIRST COUNT

writes <seed>-<family>-<way>.tflite for each seed from FIRST on, and an empty .failed file where
the converter gives up. The same seed is the same network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

WAYS = ("float32", "float16", "dynamic", "int8", "int8-float-ends", "uint8-ends", "16x8")
ACTIVATIONS = (
    *("relu", "relu", "relu6", "leaky_relu", "elu", "swish", "hard_swish", "gelu", "tanh"),
    *("sigmoid", "hard_sigmoid", "softplus", "selu", "mish"),
)
Rng = np.random.Generator


def _activation(rng: Rng, x: Any) -> Any:
    import keras

    kind = str(rng.choice(ACTIVATIONS if rng.random() < 0.5 else ("relu", "relu6", "tanh")))
    if rng.random() < 0.1:
        return keras.layers.PReLU(shared_axes=list(range(1, len(x.shape) - 1)))(x)
    return keras.layers.Activation(kind)(x)


def _image_block(rng: Rng, x: Any) -> Any:
    import keras

    layers = keras.layers
    filters = int(rng.integers(1, 25))
    size = int(rng.choice([1, 3, 3, 5]))
    stride = int(rng.choice([1, 1, 2])) if min(x.shape[1:3]) > 2 else 1
    padding = str(rng.choice(["same", "same", "valid"])) if min(x.shape[1:3]) >= size else "same"
    dilation = int(rng.choice([1, 1, 1, 2])) if stride == 1 and padding == "same" else 1
    kind = int(rng.integers(0, 12))
    if kind <= 3:
        x = layers.Conv2D(filters, size, stride, padding, dilation_rate=dilation)(x)
        return _activation(rng, layers.BatchNormalization()(x) if rng.random() < 0.6 else x)
    if kind == 4:
        x = layers.DepthwiseConv2D(size, stride, padding, depth_multiplier=int(rng.choice([1, 2])))(
            x
        )
        return _activation(rng, x)
    if kind == 5:
        return _activation(rng, layers.SeparableConv2D(filters, size, stride, padding)(x))
    if kind == 6:
        branch = _activation(rng, layers.Conv2D(x.shape[-1], size, padding="same")(x))
        join = rng.choice([layers.Add, layers.Multiply, layers.Subtract, layers.Maximum])
        return join()([x, branch])
    if kind == 7:
        a = layers.Conv2D(filters, 1, padding="same", activation="relu")(x)
        return layers.Concatenate()([a, x])
    if kind == 8 and min(x.shape[1:3]) >= 2:
        pool = rng.choice([layers.MaxPooling2D, layers.AveragePooling2D])
        return pool(2, int(rng.choice([1, 2])), padding=str(rng.choice(["same", "valid"])))(x)
    if kind == 9 and max(x.shape[1:3]) <= 16:
        ways = str(rng.choice(["nearest", "bilinear"]))
        return layers.UpSampling2D(2, interpolation=ways)(x)
    if kind == 10 and max(x.shape[1:3]) <= 16:
        return layers.Conv2DTranspose(filters, int(rng.choice([2, 3])), 2, padding="same")(x)
    if kind == 11:
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Conv2D(max(1, x.shape[-1] // 2), 1, activation="relu")(gate)
        gate = layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(gate)
        return layers.Multiply()([x, gate])
    return layers.ZeroPadding2D(int(rng.integers(1, 3)))(x)


def image(rng: Rng) -> Any:
    """A convolutional classifier or an encoder with a decoder's layers in it."""
    import keras

    shape = (int(rng.integers(4, 21)), int(rng.integers(4, 21)), int(rng.choice([1, 2, 3, 4])))
    x = source = keras.Input(shape, batch_size=1 if rng.random() < 0.5 else None)
    for _ in range(int(rng.integers(2, 7))):
        x = _image_block(rng, x)
    if rng.random() < 0.8:
        pool = rng.choice([keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D])
        x = pool()(x) if rng.random() < 0.6 else keras.layers.Flatten()(x)
        if rng.random() < 0.3:
            x = _activation(rng, keras.layers.Dense(int(rng.integers(2, 17)))(x))
        x = keras.layers.Dense(int(rng.integers(2, 12)))(x)
        if rng.random() < 0.7:
            x = keras.layers.Softmax()(x)
    return keras.Model(source, x)


def sequence(rng: Rng) -> Any:
    """A one-dimensional network over time."""
    import keras

    layers = keras.layers
    shape = (int(rng.integers(8, 33)), int(rng.integers(1, 9)))
    x = source = keras.Input(shape, batch_size=1)
    for _ in range(int(rng.integers(1, 4))):
        filters, size = int(rng.integers(2, 17)), int(rng.integers(1, 6))
        kind = int(rng.integers(0, 6))
        if kind <= 1:
            causal = rng.random() < 0.3
            x = layers.Conv1D(
                filters, size, padding="causal" if causal else "same",
                dilation_rate=int(rng.choice([1, 2])),
            )(x)  # fmt: skip
        elif kind == 2:
            x = layers.SeparableConv1D(filters, size, padding="same")(x)
        elif kind == 3:
            x = layers.DepthwiseConv1D(size, padding="same")(x)
        elif kind == 4 and x.shape[1] >= 2:
            x = rng.choice([layers.MaxPooling1D, layers.AveragePooling1D])(2)(x)
            continue
        else:
            x = layers.LayerNormalization()(x)
        x = _activation(rng, x)
    x = layers.GlobalAveragePooling1D()(x) if rng.random() < 0.5 else layers.Flatten()(x)
    return keras.Model(source, layers.Dense(int(rng.integers(1, 9)))(x))


def dense(rng: Rng) -> Any:
    """Dense layers, with an autoencoder's waist or a residual in between."""
    import keras

    layers = keras.layers
    x = source = keras.Input((int(rng.integers(1, 65)),))
    width = int(rng.integers(2, 65))
    for _ in range(int(rng.integers(1, 5))):
        y = _activation(rng, layers.Dense(width, use_bias=rng.random() < 0.8)(x))
        x = layers.Add()([x, y]) if x.shape == y.shape and rng.random() < 0.5 else y
        if rng.random() < 0.3:
            x = rng.choice([layers.LayerNormalization, layers.UnitNormalization])()(x)
    return keras.Model(source, layers.Dense(int(rng.integers(1, 17)))(x))


def recurrent(rng: Rng) -> Any:
    """A recurrent layer or two over a short sequence."""
    import keras

    layers = keras.layers
    x = source = keras.Input((int(rng.integers(2, 9)), int(rng.integers(1, 9))), batch_size=1)
    for last in (False, True)[int(rng.integers(0, 2)) :]:
        kind = rng.choice([layers.LSTM, layers.GRU, layers.SimpleRNN])
        layer = kind(
            int(rng.integers(1, 13)), return_sequences=not last, unroll=bool(rng.random() < 0.5)
        )
        x = layers.Bidirectional(layer)(x) if rng.random() < 0.2 else layer(x)
    return keras.Model(source, layers.Dense(int(rng.integers(1, 9)), activation="softmax")(x))


def attention(rng: Rng) -> Any:
    """A small transformer's block."""
    import keras

    layers = keras.layers
    steps, width = int(rng.integers(2, 13)), 4 * int(rng.integers(1, 5))
    x = source = keras.Input((steps, width), batch_size=1)
    y = layers.MultiHeadAttention(int(rng.choice([1, 2])), 4)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.Dense(width)(layers.Dense(2 * width, activation="gelu")(x))
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(source, layers.Dense(3, activation="softmax")(x))


FAMILIES: tuple[Callable[[Rng], Any], ...] = (
    image,
    image,
    image,
    sequence,
    dense,
    recurrent,
    attention,
)


def network(seed: int) -> tuple[str, Any]:
    """The family's name and the network of a seed, its weights and statistics drawn at random."""
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    model = family(rng)
    for weight in model.weights:
        if weight.path.endswith(("moving_variance", "gamma")):
            weight.assign(rng.uniform(0.3, 2.0, weight.shape))
        elif weight.path.endswith(("bias", "beta", "moving_mean")):
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return family.__name__, model


def _samples(model: Any, seed: int) -> Iterator[list[Any]]:
    rng = np.random.default_rng(seed)
    for _ in range(16):
        yield [rng.normal(0, 1, (1, *i.shape[1:])).astype(np.float32) for i in model.inputs]


def convert(model: Any, way: str, seed: int) -> bytes:
    """The .tflite file of one of `WAYS`."""
    import tensorflow as tf

    lite = tf.lite
    converter = lite.TFLiteConverter.from_keras_model(model)
    if way != "float32":
        converter.optimizations = [lite.Optimize.DEFAULT]
    if way == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if way in ("int8", "int8-float-ends", "uint8-ends", "16x8"):
        converter.representative_dataset = lambda: _samples(model, seed)
        kernels = lite.OpsSet.TFLITE_BUILTINS_INT8
        if way == "16x8":
            kernels = lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [kernels]
    ends = {"int8": tf.int8, "uint8-ends": tf.uint8, "16x8": tf.int16}.get(way)
    if ends is not None:
        converter.inference_input_type = converter.inference_output_type = ends
    return bytes(converter.convert())


def write(folder: Path, first: int, count: int) -> None:
    """Every way of every seed, as files; what is there already is left alone."""
    for seed in range(first, first + count):
        family, model = network(seed)
        for way in WAYS:
            path = folder / f"{seed:05}-{family}-{way}.tflite"
            failed = path.with_suffix(".failed")
            if path.exists() or failed.exists():
                continue
            failed.touch()  # stays where the converter takes the process down
            try:
                data = convert(model, way, seed)
            except Exception as error:
                print(f"{path.name}: {str(error).splitlines()[-1][:120]}", file=sys.stderr)
                continue
            path.write_bytes(data)
            failed.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
