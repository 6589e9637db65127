"""One layer as a model of its own: seeded weights, and scales by which its outputs spread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log2, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.operators import TABLE
from edgepack.compiler.operators.checks import window_output
from edgepack.errors import UsageError
from edgepack.graph import DType, Graph, Operator, OptionValue, Quantization, Tensor
from edgepack.store import canonical_json, sha256

LIMIT_BYTES = 2**22  # of a tensor
LIMIT_MACS = 2**28  # some seconds of an emulator
INPUT = Quantization((0.02,), (-7,))
OTHER = Quantization((0.03,), (11,))  # the second operand of a sum
_WEIGHT_SCALE = 0.01
_WEIGHT_SPREADS = {8: 32.0, 4: 3.0, 2: 0.8}  # standard deviation of a stored weight, by its bits
_INPUT_SPREAD = 74.0  # of a stored input: uniform over int8
_OUTPUT_SPREAD = 40.0  # of a stored output

Pair = tuple[int, int]
Padding = Literal["same", "valid"]
Pattern = Literal["blocks", "single", "n:m"]  # 1x4 along the depth; anywhere; at most so many of 4


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer to be built; what is None takes the kernel's default, or must be given."""

    kernel: str  # a key of FORMS
    shape: tuple[int, ...]  # of the input, without a leading 1
    out: int | None = None
    window: Pair | None = None  # height, width
    stride: Pair | None = None
    padding: Padding | None = None
    relu: bool = False
    seed: int = 0
    zeros: float = 0.0  # of the weights, those that are zero
    pattern: Pattern = "blocks"
    values: int | None = None  # that weights may have; None: all of int8
    power_of_two: bool = False  # all scales are
    bits: int = 8  # that weights need: 8, 4 or 2


@dataclass(frozen=True, slots=True)
class Form:
    """What a kernel of the laboratory is called in TFLite, and what describes its layer."""

    kind: str
    ranks: tuple[int, ...]  # of `shape`
    shape: str  # how it is written
    options: frozenset[str]
    window: Pair = (1, 1)  # the default


_WINDOW = frozenset({"window", "stride", "padding"})
_WEIGHTS = frozenset({"relu", "zeros", "pattern", "values", "power_of_two", "bits"})
FORMS = {
    "conv": Form("CONV_2D", (3,), "HxWxC", _WINDOW | _WEIGHTS | {"out"}),
    "depthwise": Form("DEPTHWISE_CONV_2D", (3,), "HxWxC", _WINDOW | _WEIGHTS, (3, 3)),
    "dense": Form("FULLY_CONNECTED", (1, 2), "N or BATCHxN", _WEIGHTS | {"out"}),
    "add": Form("ADD", (1, 2, 3), "N, WxC or HxWxC", frozenset({"relu"})),
    "average_pool": Form("AVERAGE_POOL_2D", (3,), "HxWxC", _WINDOW, (2, 2)),
    "max_pool": Form("MAX_POOL_2D", (3,), "HxWxC", _WINDOW, (2, 2)),
    "softmax": Form("SOFTMAX", (1, 2), "N or ROWSxN", frozenset()),
}
OPTION_NAMES = {
    "window": "kernel",
    "power_of_two": "power-of-two",
}  # where the command line calls a field otherwise


def build_layer(spec: LayerSpec) -> Graph:
    """The model of one int8 operator. UsageError where shape and options do not make a layer."""
    _require_form(spec)
    form = FORMS[spec.kernel]
    make = {"conv": _conv, "depthwise": _conv, "dense": _dense, "add": _add, "softmax": _softmax}
    graph = make.get(spec.kernel, _pool)(spec)
    TABLE[form.kind].check(graph.operators[0], graph)
    return graph


def _require_form(spec: LayerSpec) -> None:
    form = FORMS[spec.kernel]
    written = "x".join(map(str, spec.shape))
    if len(spec.shape) not in form.ranks:
        raise UsageError(f"--shape {written}: {spec.kernel} takes {form.shape}")
    given = {
        "out": spec.out is not None,
        "window": spec.window is not None,
        "stride": spec.stride is not None,
        "padding": spec.padding is not None,
        "relu": spec.relu,
        "zeros": spec.zeros > 0,
        "pattern": spec.pattern != "blocks",
        "values": spec.values is not None,
        "power_of_two": spec.power_of_two,
        "bits": spec.bits != 8,
    }
    for name in (n for n, there in given.items() if there and n not in form.options):
        users = ", ".join(k for k, f in FORMS.items() if name in f.options)
        option = OPTION_NAMES.get(name, name)
        raise UsageError(f"--{option} is not for {spec.kernel}; it is for {users}")
    if "out" in form.options and spec.out is None:
        raise UsageError(f"{spec.kernel} needs --out, the number of its outputs")
    if prod(spec.shape) > LIMIT_BYTES:
        raise UsageError(
            f"--shape {written}: makes {prod(spec.shape):,} B; {LIMIT_BYTES:,} is the limit"
        )


def _require_size(spec: LayerSpec, weights: int, outputs: int, macs: int) -> None:
    """Before anything of that size is made."""
    sizes = (("weights", weights, LIMIT_BYTES), ("outputs", outputs, LIMIT_BYTES))
    for name, value, limit in (*sizes, ("multiplications", macs, LIMIT_MACS)):
        if value > limit:
            raise UsageError(
                f"{spec.kernel} of that shape has {value:,} {name}; {limit:,} is the limit. "
                "Take a smaller layer"
            )


@dataclass(frozen=True, slots=True)
class _Slide:
    """A window over an image, as options and as an output's height and width."""

    window: Pair
    out: Pair
    options: dict[str, OptionValue]


def _slide(spec: LayerSpec) -> _Slide:
    window = spec.window or FORMS[spec.kernel].window
    stride = spec.stride or (window if spec.kernel.endswith("pool") else (1, 1))
    padding = (spec.padding or "same").upper()
    sides = zip(spec.shape[:2], window, stride, strict=True)
    height, width = (window_output(size, k, s, 1, padding) for size, k, s in sides)
    if min(height, width) < 1:
        raise UsageError(
            f"--kernel {window[0]}x{window[1]}: does not fit into {spec.shape[0]}x{spec.shape[1]} "
            "with --padding valid; take a smaller one, or --padding same"
        )
    options: dict[str, OptionValue] = {
        "padding": padding,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "fused_activation_function": _activation(spec),
    }
    return _Slide(window, (height, width), options)


def _activation(spec: LayerSpec) -> str:
    return "RELU" if spec.relu else "NONE"


def _conv(spec: LayerSpec) -> Graph:
    slide, channels = _slide(spec), spec.shape[2]
    depthwise = spec.kernel == "depthwise"
    outputs = channels if depthwise else spec.out or 0
    depth = prod(slide.window) * (1 if depthwise else channels)
    pixels = prod(slide.out)
    _require_size(spec, outputs * depth, pixels * outputs, pixels * outputs * depth)
    shape = (1, *slide.window, outputs) if depthwise else (outputs, *slide.window, channels)
    options = {**slide.options, "dilation_h_factor": 1, "dilation_w_factor": 1}
    if depthwise:
        options["depth_multiplier"] = 1
    weighted = _weighted(spec, shape, 3 if depthwise else 0, depth, outputs)
    return _graph(spec, options, (1, *spec.shape), weighted, (1, *slide.out, outputs))


def _dense(spec: LayerSpec) -> Graph:
    rows = (1, *spec.shape)[-2:]
    outputs = spec.out or 0
    weights = outputs * rows[1]
    _require_size(spec, weights, outputs * rows[0], weights * rows[0])
    options: dict[str, OptionValue] = {
        "fused_activation_function": _activation(spec),
        "weights_format": "DEFAULT",
        "keep_num_dims": False,
    }
    weighted = _weighted(spec, (outputs, rows[1]), 0, rows[1], 1)
    return _graph(spec, options, rows, weighted, (rows[0], outputs))


@dataclass(frozen=True, slots=True)
class _Weighted:
    """Weights and biases, and the scale of what they give."""

    tensors: tuple[Tensor, ...]  # from index 1 on
    output: Quantization


def _weighted(
    spec: LayerSpec, shape: tuple[int, ...], axis: int, depth: int, scales: int
) -> _Weighted:
    """Bell-shaped weights, as trained ones are; `scales` of them, within two octaves."""
    random = np.random.default_rng(spec.seed)
    weight_spread, most = _WEIGHT_SPREADS[spec.bits], 2 ** (spec.bits - 1) - 1
    stored = np.rint(random.normal(0, weight_spread, shape)).clip(-most, most).astype(np.int8)
    each = _WEIGHT_SCALE * 2.0 ** random.uniform(-1, 1, scales)
    if scales == 1:
        each = np.array([_WEIGHT_SCALE])
    if spec.power_of_two:
        each = np.exp2(np.round(np.log2(each))).astype(np.float64)
    if spec.values is not None:
        levels = np.quantile(stored, (np.arange(spec.values) + 0.5) / spec.values).round()
        nearest = np.abs(stored[..., None] - levels).argmin(axis=-1)
        stored = levels[nearest].astype(np.int8)
    if spec.zeros:
        stored = _thinned(random, stored, spec, axis)
    spread = depth**0.5 * weight_spread * _INPUT_SPREAD
    bias = np.rint(random.normal(0, spread / 2, shape[axis])).astype("<i4")
    floats = [float(np.float32(value)) for value in each]
    products = [float(np.float32(value * INPUT.scales[0])) for value in floats]
    zeros = (0,) * scales
    tensors = (
        Tensor(1, "weights", shape, DType.INT8, Quantization(tuple(floats), zeros, axis)),
        Tensor(2, "bias", bias.shape, DType.INT32, Quantization(tuple(products), zeros)),
    )
    filled = tuple(
        Tensor(t.index, t.name, t.shape, t.dtype, t.quantization, values.tobytes())
        for t, values in zip(tensors, (stored, bias), strict=True)
    )
    return _Weighted(filled, _output(spec, spread * _WEIGHT_SCALE * INPUT.scales[0]))


def _thinned(
    random: np.random.Generator, stored: NDArray[np.int8], spec: LayerSpec, axis: int
) -> NDArray[np.int8]:
    """The weights with zeros by the pattern, along the depth of each output."""
    rows = np.moveaxis(stored, axis, 0)
    flat = rows.reshape(len(rows), -1).copy()
    depth = flat.shape[1]
    fours = -(-depth // 4)
    if spec.pattern == "blocks":
        gone = random.permuted(np.arange(len(flat) * fours)) < spec.zeros * len(flat) * fours
        flat[np.repeat(gone.reshape(len(flat), fours), 4, axis=1)[:, :depth]] = 0
    elif spec.pattern == "single":
        flat[random.permuted(np.arange(flat.size)).reshape(flat.shape) < spec.zeros * flat.size] = 0
    else:
        order = random.permuted(np.tile(np.arange(4), (len(flat), fours, 1)), axis=2)
        flat[(order.reshape(len(flat), -1) < round(4 * spec.zeros))[:, :depth]] = 0
    return np.ascontiguousarray(np.moveaxis(flat.reshape(rows.shape), 0, axis))


def _output(spec: LayerSpec, spread: float) -> Quantization:
    """Of real outputs of that standard deviation; behind a ReLU only half of them are left."""
    scale = spread / (_OUTPUT_SPREAD * (2 if spec.relu else 1))
    if spec.power_of_two:  # the input's times one
        scale = INPUT.scales[0] * 2.0 ** round(log2(scale / INPUT.scales[0]))
    else:
        scale = float(np.float32(scale))
    return Quantization((scale,), (-128 if spec.relu else 4,))


def _add(spec: LayerSpec) -> Graph:
    shape = (1, *spec.shape)
    scales = (INPUT.scales[0], OTHER.scales[0])
    output = _output(spec, _INPUT_SPREAD * float(np.hypot(*scales)))
    other = Tensor(1, "b", shape, DType.INT8, OTHER)
    options: dict[str, OptionValue] = {"fused_activation_function": _activation(spec)}
    return _graph(spec, options, shape, _Weighted((other,), output), shape)


def _pool(spec: LayerSpec) -> Graph:
    slide, channels = _slide(spec), spec.shape[2]
    pixels = prod(slide.out) * channels
    _require_size(spec, 0, pixels, pixels * prod(slide.window))
    filters: dict[str, OptionValue] = {
        "filter_height": slide.window[0],
        "filter_width": slide.window[1],
    }
    options = {**slide.options, **filters}
    shape = (1, *slide.out, channels)
    return _graph(spec, options, (1, *spec.shape), _Weighted((), INPUT), shape)


def _softmax(spec: LayerSpec) -> Graph:
    shape = (1, *spec.shape)[-2:]
    output = Quantization((1 / 256,), (-128,))
    return _graph(spec, {"beta": 1.0}, shape, _Weighted((), output), shape)


def _graph(
    spec: LayerSpec,
    options: dict[str, OptionValue],
    shape: tuple[int, ...],
    weighted: _Weighted,
    output: tuple[int, ...],
) -> Graph:
    tensors = (Tensor(0, "a", shape, DType.INT8, INPUT), *weighted.tensors)
    result = Tensor(len(tensors), "y", output, DType.INT8, weighted.output)
    operator = Operator(
        0, FORMS[spec.kernel].kind, tuple(t.index for t in tensors), (result.index,), options
    )
    return Graph(
        name="lab",
        sha256=_digest((*tensors, result), operator),
        tensors=(*tensors, result),
        operators=(operator,),
        inputs=tuple(t.index for t in tensors if t.data is None),
        outputs=(result.index,),
    )


def _digest(tensors: Iterable[Tensor], operator: Operator) -> str:
    """What tells this model from others, in the place of a file's digest."""
    facts = [[t.shape, repr(t.quantization), sha256(t.data or b"")] for t in tensors]
    return sha256(canonical_json([facts, operator.kind, dict(operator.options)]).encode())


def extremes(shape: tuple[int, ...]) -> NDArray[np.int8]:
    """[2, *shape]: all inputs the lowest, and all the highest."""
    return np.stack([np.full(shape, value, np.int8) for value in (-128, 127)])
