"""Random and extreme models of one convolution or dense layer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.kernels.harness import Case
from tests.kernels.oracle_check import random_scale, random_values
from tests.kernels.sparse_cases import Pattern, thinned
from tests.tflite_builder import ModelBuilder

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
SAMPLES = 3
POINTS = (-128, 127, 0, -1, 1)


@dataclass(frozen=True)
class Layer:
    """A layer with weights: its shapes, options and, in int8, its scales."""

    kind: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    y: tuple[int, ...]
    options: dict[str, object]
    channels: int
    axis: int = 0  # of the weights' channels
    bias: bool = True
    zero_bias: bool = False
    per_channel: bool = True
    points: tuple[int, int] = (0, 0)
    gain: float = 1.0  # of the output's range over a likely sum
    scale: float = 0.05
    extreme: bool = False  # saturated weights and inputs, biases of millions
    dtype: str = "int8"
    weights: str = "int8"
    biases: str = "int32"
    span: tuple[int, int] | None = None  # of the weights; None: all of their type
    zeros: float = 0.0  # of the weights
    pattern: Pattern = "blocks"
    values: int = 0  # that weights may have; 0: all
    power_of_two: bool = False  # all scales
    label: str = field(default="", compare=False)


def output_size(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """TFLite's output size along one side; 0 or less where the window does not fit."""
    reach = (window - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else (size - reach) // stride + 1


def point(rng: np.random.Generator) -> int:
    """A zero point, the ends among them."""
    return int(rng.choice([*POINTS, int(rng.integers(-128, 128))]))


def random_window(
    rng: np.random.Generator, largest: int = 9
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], dict[str, object]]:
    """Input, window and output (each height, width), and the options that lead there."""
    while True:
        size = tuple(int(n) for n in rng.integers(1, largest + 1, 2))
        window = tuple(int(n) for n in rng.integers(1, 5, 2))
        if rng.random() < 0.3:
            window = (int(window[0]),) * 2
        stride = tuple(int(n) for n in rng.choice([1, 1, 1, 2, 3], 2))
        dilation = tuple(int(n) for n in rng.choice([1, 1, 1, 2, 3], 2))
        padding = str(rng.choice(["SAME", "VALID"]))
        sides = zip(size, window, stride, dilation, strict=True)
        out = tuple(output_size(*side, padding) for side in sides)
        if min(out) >= 1:
            options: dict[str, object] = {
                "padding": padding,
                "stride_h": stride[0],
                "stride_w": stride[1],
                "dilation_h_factor": dilation[0],
                "dilation_w_factor": dilation[1],
                "fused_activation_function": str(rng.choice(ACTIVATIONS)),
            }
            return (size[0], size[1]), (window[0], window[1]), (out[0], out[1]), options


def quantised_case(rng: np.random.Generator, layer: Layer) -> Case:
    """The layer in integers with random weights, biases and inputs."""
    builder = ModelBuilder()
    weights = _weights(rng, layer)
    if layer.zeros:
        weights = thinned(rng, weights, layer.pattern, layer.zeros)
    typical = 74 * (256 if layer.dtype == "int16" else 1)
    span = layer.span or ((-8, 7) if layer.weights == "int4" else (-128, 127))
    reach = max(1, (span[1] - span[0]) / 3.5)
    depth = weights.size // layer.channels
    scales = np.full(layer.channels if layer.per_channel else 1, 0.01) * np.exp(
        rng.normal(0, 1, layer.channels if layer.per_channel else 1)
    )
    scales = scales.astype(np.float32)
    if layer.power_of_two:
        layer = dataclasses.replace(layer, scale=power_of_two(layer.scale))
        scales = np.array([power_of_two(float(value)) for value in scales], np.float32)
    weight_zero = int(rng.choice([128, rng.integers(0, 256)])) if layer.weights == "uint8" else 0
    likely = layer.scale * float(scales.mean()) * typical * reach * np.sqrt(depth)
    x = builder.tensor(layer.x, layer.dtype, scale=layer.scale, zero_point=layer.points[0])
    w = builder.tensor(
        layer.w,
        layer.weights,
        scale=scales.tolist(),
        data=weights,
        axis=layer.axis,
        zero_point=weight_zero,
    )
    inputs = [x, w]
    if layer.bias:
        most = 2**21 if layer.extreme else int(typical * reach * np.sqrt(depth)) + 2
        biases = np.zeros(layer.channels, np.int32)
        if not layer.zero_bias:
            biases = rng.integers(-most, most, layer.channels).astype(np.int32)
        bias_scales = (np.float32(layer.scale) * scales).astype(np.float32)
        shape = (layer.channels,)
        inputs.append(builder.tensor(shape, layer.biases, scale=bias_scales.tolist(), data=biases))
    full = 64 * (256 if layer.dtype == "int16" else 1)
    scale = float(np.float32(max(likely / full * layer.gain, 1e-30)))
    if layer.power_of_two:
        scale = power_of_two(scale)
    y = builder.tensor(layer.y, layer.dtype, scale=scale, zero_point=layer.points[1])
    options, version = dict(layer.options), 1
    if layer.dtype == "int16" and layer.bias and layer.kind != "DEPTHWISE_CONV_2D":
        options["quantized_bias_type"] = layer.biases.upper()
        version = 8 if layer.kind == "CONV_2D" else 11
    builder.operator(layer.kind, inputs, [y], version=version, **options)
    return Case(builder.build([x], [y]), [_inputs(rng, layer)], label=str(layer))


def power_of_two(scale: float) -> float:
    """The nearest one, on a logarithmic scale."""
    return float(2.0 ** np.round(np.log2(scale)))


def float_case(rng: np.random.Generator, layer: Layer) -> Case:
    """The layer in float32."""
    builder = ModelBuilder()
    x = builder.tensor(layer.x, "float32")
    w = builder.tensor(layer.w, "float32", data=random_values(rng, layer.w, "float32"))
    inputs = [x, w]
    if layer.bias:
        shape = (layer.channels,)
        biases = random_values(rng, shape, "float32")
        inputs.append(builder.tensor(shape, "float32", data=biases))
    y = builder.tensor(layer.y, "float32")
    builder.operator(layer.kind, inputs, [y], **layer.options)
    samples = SAMPLES if layer.x[0] == 1 else layer.x[0]
    values = random_values(rng, (samples, *layer.x[1:]), "float32")
    return Case(builder.build([x], [y]), [values], label=str(layer))


def random_scales(rng: np.random.Generator) -> dict[str, object]:
    """Scales and zero points of a layer; a tenth of them far from what a converter makes."""
    gain = 10.0 ** rng.uniform(-0.7, 0.7)
    if rng.random() < 0.2:
        gain = 10.0 ** rng.uniform(-6, 6)
    return {
        "per_channel": bool(rng.random() < 0.7),
        "bias": bool(rng.random() < 0.8),
        "points": (point(rng), point(rng)),
        "gain": gain,
        "scale": random_scale(rng),
        "extreme": bool(rng.random() < 0.25),
    }


def _weights(rng: np.random.Generator, layer: Layer) -> NDArray[np.generic]:
    ranges = {"int4": (-8, 7), "int8": (-128, 127), "uint8": (0, 255)}
    least, most = layer.span or ranges[layer.weights]
    dtype = np.uint8 if layer.weights == "uint8" else np.int8
    if layer.values:
        values = rng.integers(least, most + 1, layer.values)
        return rng.choice(values, layer.w).astype(dtype)
    if not layer.extreme:
        return rng.integers(least, most + 1, layer.w).astype(dtype)
    side = rng.choice([least, most], layer.w)
    same = np.full(layer.w, rng.choice([least, most]))
    return (same if rng.random() < 0.5 else side).astype(dtype)


def _inputs(rng: np.random.Generator, layer: Layer) -> NDArray[np.generic]:
    samples = SAMPLES if layer.x[0] == 1 else layer.x[0]
    shape = (samples, *layer.x[1:])
    info = np.iinfo(layer.dtype)
    x = rng.integers(info.min, int(info.max) + 1, shape).astype(layer.dtype)
    if layer.extreme:
        x[0] = rng.choice([info.min, info.max])
        x[-1] = rng.choice([info.min, info.max], shape[1:])
    return x


def wide_layer(rng: np.random.Generator, layer: Layer, **changes: object) -> Layer:
    """The layer on int16: zero points of 0, a gain that TFLite's scaling takes."""
    gain = float(10.0 ** rng.uniform(-0.7, 0.7))
    wide = {"dtype": "int16", "points": (0, 0), "gain": gain, "biases": "int64", **changes}
    return dataclasses.replace(layer, **wide)  # type: ignore[arg-type]


def unsigned_layer(rng: np.random.Generator, layer: Layer) -> Layer:
    """The layer of a TFLite 1.x model: uint8 throughout, one scale and zero point a tensor."""
    points = tuple(int(p) for p in rng.choice([0, 255, 128, int(rng.integers(0, 256))], 2))
    changes = {"dtype": "uint8", "weights": "uint8", "points": points, "per_channel": False}
    gain = float(10.0 ** rng.uniform(-0.7, 0.7))
    return dataclasses.replace(layer, gain=gain, **changes)  # type: ignore[arg-type]


def tie_case(kind: str, ratio: float, per_channel: bool) -> Case:
    """A convolution whose sums are all of -3500 to 3500, at `ratio` times their scale."""
    sums = np.arange(-3500, 3501)
    high = np.round(sums / 127).astype(int)
    scales = [1.0, 0.5] if per_channel else 1.0
    taps = (1, 1, 1, 2) if kind == "CONV_2D" else (1, 1, 2, 1)
    builder = ModelBuilder()
    x = builder.tensor(taps, "int8", scale=1.0)
    if kind == "CONV_2D":
        weights, axis = np.reshape([127, 1, 127, 1], (2, 1, 1, 2)), 0
    else:
        weights, axis = np.reshape([127, 127, 1, 1], (1, 1, 2, 2)), 3
    w = builder.tensor(weights.shape, "int8", scale=scales, data=weights, axis=axis)
    bias = builder.tensor((2,), "int32", scale=scales, data=[0, 0])
    y = builder.tensor((1, 1, 1, 2), "int8", scale=ratio, zero_point=3)
    builder.operator(kind, [x, w, bias], [y], padding="VALID", stride_h=1, stride_w=1)
    values = np.stack([high, sums - 127 * high], axis=1).astype(np.int8)
    label = f"{kind} ties {ratio} {per_channel}"
    return Case(builder.build([x], [y]), [values.reshape(-1, *taps[1:])], label=label)


TIE_RATIOS = (0.75, 2.0, 4.0, 6.0, 10.0, 98.0, 196.0, 3400.0)
