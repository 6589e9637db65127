"""Random small networks in int8, many of whose channels are constant or needed by nobody."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.weighted_cases import ACTIVATIONS, output_size
from tests.tflite_builder import ModelBuilder

SAMPLES = 4
ONE_OPERAND = ("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "HARD_SWISH", "QUANTIZE", "PRELU")
TWO_OPERANDS = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM")


@dataclass(frozen=True)
class Value:
    """A tensor of the network."""

    index: int
    shape: tuple[int, ...]
    scale: float
    point: int


@dataclass
class Net:
    """A network under construction: the newest value last."""

    rng: np.random.Generator
    b: ModelBuilder = field(default_factory=ModelBuilder)
    values: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        points = self.rng.choice([-128, -128, 127, 0, -5, 40], 3)
        self.palette = [(float(np.float32(0.05 * 1.7**k)), int(p)) for k, p in enumerate(points)]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def value(self, shape: tuple[int, ...], like: Value | None = None) -> Value:
        if like is None:
            scale, point = self.palette[self.number(0, 2)]
        else:
            scale, point = like.scale, like.point
        index = self.b.tensor(shape, "int8", scale=scale, zero_point=point)
        self.values.append(Value(index, shape, scale, point))
        return self.values[-1]

    def constant(self, shape: tuple[int, ...]) -> Value:
        scale, point = self.palette[self.number(0, 2)]
        data = self.rng.integers(-128, 128, shape)
        index = self.b.tensor(shape, "int8", scale=scale, zero_point=point, data=data)
        return Value(index, shape, scale, point)

    def image(self) -> Value:
        """The newest image, now and then the one before."""
        images = [v for v in self.values if len(v.shape) == 4]
        return images[-2 if len(images) > 1 and self.chance(0.15) else -1]


def random_net(rng: np.random.Generator, label: str = "") -> Case:
    """Up to nine layers, a classifier behind most; inner tensors may be outputs too."""
    net = Net(rng)
    x = net.value((1, net.number(4, 7), net.number(4, 7), net.number(1, 4)))
    convolution(net, x)
    for _ in range(net.number(2, 7)):
        _MAKERS[net.number(0, len(_MAKERS) - 1)](net)
    inner = [v.index for v in net.values[1:] if net.chance(0.04)]
    if net.chance(0.8):
        classifier(net)
    outputs = list(dict.fromkeys([net.values[-1].index, *inner]))
    inputs = rng.integers(-128, 128, (SAMPLES, *x.shape[1:])).astype(np.int8)
    inputs[1] = rng.choice([-128, 127], x.shape[1:])
    inputs[2], inputs[3] = -128, rng.choice([127, x.point])
    kinds = [operator_name(o, net.b) for o in net.b.operators]
    return Case(net.b.build([x.index], outputs), [inputs], label=f"{label} {kinds}")


def operator_name(operator: object, builder: ModelBuilder) -> str:
    return str(builder.codes[operator.opcodeIndex].kind)  # type: ignore[attr-defined]


def weighted(net: Net, kind: str, x: Value, shape: tuple[int, ...], axis: int, y: Value,
             **options: object) -> None:  # fmt: skip
    """Weights with whole columns of zeros, rows that never leave one value, and others."""
    rng = net.rng
    rows = np.moveaxis(rng.integers(-128, 128, shape), axis, 0)
    if kind != "DEPTHWISE_CONV_2D":
        rows[..., rng.random(shape[-1]) < 0.15] = 0
    rows[rng.random(len(rows)) < 0.1] = 0
    flat = rows.reshape(len(rows), -1)
    scales = 64 * y.scale / (x.scale * 74 * 74 * np.sqrt(flat.shape[1]))
    count = len(rows) if net.chance(0.7) else 1
    far = rng.uniform(-6, 6) if net.chance(0.06) else 0.0  # shifts at both ends
    scales = (scales * np.exp(rng.normal(0, 0.5, count)) * 10.0**far).astype(np.float32)
    margin = (300 * y.scale / (x.scale * scales)).astype(np.int64)
    reach = np.minimum(np.abs(flat).sum(axis=1) * 255 + margin, 2**30)
    bias = rng.integers(-5000, 5000, len(rows))
    fate = rng.random(len(rows))
    bias = np.where(fate < 0.3, -reach, np.where(fate < 0.45, reach, bias))
    bias = np.where((fate > 0.45) & (fate < 0.55), -reach // 2 + rng.integers(-99, 99), bias)
    data = np.moveaxis(rows, 0, axis)
    w = net.b.tensor(shape, "int8", scale=scales.tolist(), data=data, axis=axis)
    bias_scales = (np.float32(x.scale) * scales).tolist()
    c = net.b.tensor((len(rows),), "int32", scale=bias_scales, data=bias)
    activation = str(rng.choice(ACTIVATIONS))
    net.b.operator(
        kind, [x.index, w, c], [y.index], fused_activation_function=activation, **options
    )


def window(net: Net, x: Value) -> tuple[tuple[int, int], tuple[int, int], dict[str, object]]:
    """Kernel, output size and options of a window that fits."""
    height, width = x.shape[1:3]
    while True:
        kernel = (1, 1) if net.chance(0.4) else (net.number(1, 3), net.number(1, 3))
        stride = int(net.rng.choice([1, 1, 1, 2, 3]))
        padding = str(net.rng.choice(["SAME", "VALID"]))
        out = tuple(
            output_size(n, k, stride, 1, padding)
            for n, k in zip((height, width), kernel, strict=True)
        )
        if min(out) >= 1:
            options = {"padding": padding, "stride_h": stride, "stride_w": stride}
            return kernel, (out[0], out[1]), options


def convolution(net: Net, x: Value | None = None) -> None:
    x = x or net.image()
    kernel, out, options = window(net, x)
    y = net.value((1, *out, net.number(3, 9)))
    shape = (y.shape[3], *kernel, x.shape[3])
    factors = {"dilation_h_factor": 1, "dilation_w_factor": 1}
    weighted(net, "CONV_2D", x, shape, 0, y, **options, **factors)


def depthwise(net: Net) -> None:
    x = net.image()
    multiplier = 2 if net.chance(0.3) else 1
    kernel, out, options = window(net, x)
    y = net.value((1, *out, multiplier * x.shape[3]))
    factors = {"dilation_h_factor": 1, "dilation_w_factor": 1, "depth_multiplier": multiplier}
    shape = (1, *kernel, y.shape[3])
    weighted(net, "DEPTHWISE_CONV_2D", x, shape, 3, y, **options, **factors)


def pool(net: Net) -> None:
    x = net.image()
    kernel, out, options = window(net, x)
    y = net.value((1, *out, x.shape[3]), x)
    net.b.operator(
        str(net.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])), [x.index], [y.index],
        filter_height=kernel[0], filter_width=kernel[1],
        fused_activation_function=str(net.rng.choice(ACTIVATIONS)), **options,
    )  # fmt: skip


def one_operand(net: Net) -> None:
    x = net.image()
    kind = str(net.rng.choice(ONE_OPERAND))
    inputs = [x.index]
    if kind == "PRELU":
        inputs.append(net.constant((1, 1, x.shape[3])).index)
    y = net.value(x.shape)
    options = {"alpha": 0.3} if kind == "LEAKY_RELU" else {}
    net.b.operator(kind, inputs, [y.index], **options)


def two_operands(net: Net) -> None:
    """With a constant a channel, with itself, or with another tensor of the same shape."""
    x = net.image()
    others = [v for v in net.values if v.shape == x.shape and v != x]
    if others and net.chance(0.6):
        other = others[-1]
    else:
        shapes = [(x.shape[3],), (1, 1, 1, x.shape[3]), (1,), x.shape]
        other = net.constant(shapes[net.number(0, 3)])
    kind = str(net.rng.choice(TWO_OPERANDS))
    y = net.value(x.shape)
    plain = kind in ("MAXIMUM", "MINIMUM")
    options = {} if plain else {"fused_activation_function": str(net.rng.choice(ACTIVATIONS))}
    net.b.operator(kind, [x.index, other.index], [y.index], **options)


def branch(net: Net) -> None:
    """Two convolutions of one tensor, added or concatenated."""
    x = net.image()
    if net.chance(0.5):
        y = net.value((1, *x.shape[1:3], net.number(2, 6)))
        for target in (y, net.value(y.shape)):
            _pointwise(net, x, target)
        two_operands(net)
        return
    first = net.value((1, *x.shape[1:3], net.number(1, 5)))
    second = net.value((1, *x.shape[1:3], net.number(1, 5)), first)
    for target in (first, second):
        _pointwise(net, x, target)
    joined = [first, second] if net.chance(0.7) else [first, second, first]
    out = net.value((1, *x.shape[1:3], sum(v.shape[3] for v in joined)), first)
    net.b.operator("CONCATENATION", [v.index for v in joined], [out.index], axis=3)


def _pointwise(net: Net, x: Value, y: Value) -> None:
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    factors = {"dilation_h_factor": 1, "dilation_w_factor": 1}
    weighted(net, "CONV_2D", x, (y.shape[3], 1, 1, x.shape[3]), 0, y, **options, **factors)


def move(net: Net) -> None:
    """PAD, TRANSPOSE, SPLIT, STRIDED_SLICE, or a CONCATENATION along the height."""
    x = net.image()
    _, height, width, channels = x.shape
    kind = str(net.rng.choice(["PAD", "TRANSPOSE", "SPLIT", "STRIDED_SLICE", "CONCATENATION"]))
    if kind == "PAD":
        last = [0, int(net.chance(0.3))]
        amounts = net.b.tensor((4, 2), "int32", data=[[0, 0], [1, 0], [0, 1], last])
        y = net.value((1, height + 1, width + 1, channels + last[1]), x)
        net.b.operator("PAD", [x.index, amounts], [y.index])
    elif kind == "TRANSPOSE":
        order = [0, 2, 1, 3] if net.chance(0.7) else [0, 1, 3, 2]
        permutation = net.b.tensor((4,), "int32", data=order)
        y = net.value(tuple(x.shape[axis] for axis in order), x)
        net.b.operator("TRANSPOSE", [x.index, permutation], [y.index])
    elif kind == "SPLIT" and (height % 2 == 0 or channels % 2 == 0):
        along = 1 if height % 2 == 0 else 3
        axis = net.b.tensor((), "int32", data=along)
        shape = tuple(n // 2 if place == along else n for place, n in enumerate(x.shape))
        parts = [net.value(shape, x).index for _ in range(2)]
        net.b.operator("SPLIT", [axis, x.index], parts, num_splits=2)
    elif kind == "STRIDED_SLICE":
        bounds = ([0, 0, 0, 0], list(x.shape), [1, 2, 1, 1])
        ends = [net.b.tensor((4,), "int32", data=values) for values in bounds]
        y = net.value((1, -(-height // 2), width, channels), x)
        net.b.operator("STRIDED_SLICE", [x.index, *ends], [y.index])
    elif kind == "CONCATENATION":
        y = net.value((1, 2 * height, width, channels), x)
        net.b.operator("CONCATENATION", [x.index, x.index], [y.index], axis=1)


def classifier(net: Net) -> None:
    """Mean, pool or neither; reshaped or not; one or two dense layers."""
    x = net.image()
    channels = x.shape[3]
    way = net.number(0, 2)
    if way == 0:
        axes = net.b.tensor((2,), "int32", data=[1, 2])
        y = net.value((1, channels))
        net.b.operator("MEAN", [x.index, axes], [y.index], keep_dims=False)
    elif way == 1:
        flat = (1, int(np.prod(x.shape)))
        shape = net.b.tensor((2,), "int32", data=flat)
        y = net.value(flat, x)
        net.b.operator("RESHAPE", [x.index, shape], [y.index], new_shape=flat)
    else:
        y = x
    for outputs in [net.number(2, 6)] * net.number(1, 2):
        x, depth = y, int(np.prod(y.shape))
        y = net.value((1, outputs))
        weighted(net, "FULLY_CONNECTED", x, (outputs, depth), 0, y)


_MAKERS = (convolution, convolution, depthwise, pool, one_operand, two_operands, branch, move,
           one_operand, two_operands)  # fmt: skip
