"""What TFLite's integer kernels ask of each operator's quantisation.

From TFLite's quantisation specification and the checks of its kernels. An operator without a rule
computes floats between DEQUANTIZE and QUANTIZE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet, FloatOperator


@dataclass(frozen=True, slots=True)
class Affine:
    """How integers of a tensor stand for numbers: (integer - zero point) * scale.

    `bits` is 8 or 16; with 16 the zero point is 0.
    """

    scale: float
    zero_point: int
    bits: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Weights as integers in the .tflite file's layout: integers * step, a step a channel.

    `bits` is 8, 4 (-7 to 7) or 2 (-1 to 1); `steps` is [channels], or [1] for the whole tensor.
    """

    integers: NDArray[np.int8]
    steps: NDArray[np.float64]
    bits: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One operator's: which widths its kernels take, and how its outputs are scaled.

    `same`: every operand and output shares one scale and zero point. `fixed` gives the scale and
    zero point of the output by width, where the kernel knows but one.
    """

    bits: tuple[int, ...] = (8, 16)
    same: bool = False
    fixed: Mapping[int, tuple[float, int]] | None = None
    weighted: bool = False


_PROBABILITY = {8: (1 / 256, -128), 16: (1 / 32768, 0)}
_SIGNED_UNIT = {8: (1 / 128, 0), 16: (1 / 32768, 0)}
_MOVERS = (
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "MIRROR_PAD", "SLICE"),
    *("STRIDED_SLICE", "SPLIT", "SPLIT_V", "UNPACK", "PACK", "CONCATENATION", "GATHER"),
    *("GATHER_ND", "TILE", "BROADCAST_TO", "REVERSE_V2", "BATCH_TO_SPACE_ND", "RESIZE_BILINEAR"),
    *("SPACE_TO_BATCH_ND", "RESIZE_NEAREST_NEIGHBOR", "MAX_POOL_2D", "AVERAGE_POOL_2D"),
    *("MAXIMUM", "MINIMUM", "REDUCE_MAX", "REDUCE_MIN", "SELECT", "SELECT_V2"),
)
_MOVERS_OF_BYTES = ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "DYNAMIC_UPDATE_SLICE", "TOPK_V2")
_FREE = ("ADD", "SUB", "MUL", "MEAN", "RELU", "RELU6", "LEAKY_RELU", "BATCH_MATMUL")
# Not SUM: LiteRT's reference kernel takes the bytes of int8 for uint8.
_FREE_IN_BYTES = (
    *("SQUARED_DIFFERENCE", "PRELU", "HARD_SWISH", "ELU", "GELU", "EXP", "LOG", "RSQRT"),
    *("ABS", "RELU_0_TO_1", "RELU_N1_TO_1", "ARG_MAX", "ARG_MIN", "EQUAL", "NOT_EQUAL", "LESS"),
    *("LESS_EQUAL", "GREATER", "GREATER_EQUAL"),
)
RULES: Mapping[str, Rule] = {
    **{kind: Rule(same=True) for kind in _MOVERS},
    **{kind: Rule(bits=(8,), same=True) for kind in _MOVERS_OF_BYTES},
    **{kind: Rule() for kind in _FREE},
    **{kind: Rule(bits=(8,)) for kind in _FREE_IN_BYTES},
    **{
        kind: Rule(weighted=True)
        for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
    },
    "SOFTMAX": Rule(fixed=_PROBABILITY),
    "LOGISTIC": Rule(fixed=_PROBABILITY),
    "TANH": Rule(fixed=_SIGNED_UNIT),
    "L2_NORMALIZATION": Rule(bits=(8,), fixed={8: (1 / 128, 0)}),
    "LOG_SOFTMAX": Rule(bits=(8,), fixed={8: (16 / 256, 127)}),
}


def rule_of(net: FloatNet, operator: FloatOperator) -> Rule | None:
    """The operator's rule; None where it has none, or moves no floats, which needs none."""
    rule = RULES.get(operator.kind)
    ends = [t for t in (*operator.inputs, *operator.outputs) if t >= 0]
    if rule is None or not any(net.tensors[t].is_float for t in ends):
        return None
    return rule


def operands(net: FloatNet, index: int) -> tuple[int, ...]:
    """Places in an operator's inputs that hold activations: float32, and no weights or biases."""
    operator = net.operators[index]
    places = [i for i, t in enumerate(operator.inputs) if t >= 0 and net.tensors[t].is_float]
    if RULES.get(operator.kind, Rule()).weighted:
        first = 2 if operator.kind == "TRANSPOSE_CONV" else 0
        return tuple(i for i in places if i == first)
    return tuple(places)


def fixed_output(net: FloatNet, index: int, bits: int) -> Affine | None:
    """The one quantisation that the operator's output may have in this width, or None."""
    rule = rule_of(net, net.operators[index])
    if rule is None or rule.fixed is None or bits not in rule.fixed:
        return None
    return Affine(*rule.fixed[bits], bits)


def quantised(values: NDArray[Any], affine: Affine) -> NDArray[Any]:
    """Values as the integers of `affine`, saturated; halves away from zero, as TFLite rounds."""
    kind = np.int8 if affine.bits == 8 else np.int16
    scaled = np.asarray(values, np.float64) / np.float64(np.float32(affine.scale))
    integers = np.trunc(scaled + np.copysign(0.5, scaled)) + affine.zero_point
    limits = np.iinfo(kind)
    least = limits.min if affine.bits == 8 else -limits.max
    return np.asarray(np.clip(integers, least, limits.max), kind)
