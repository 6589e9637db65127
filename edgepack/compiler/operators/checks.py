"""What the rows of the table of operators check with: each refuses with a ModelError.

Every message is "op <index> <kind> '<output's name>': <what>; <the limit>. <The next step>."
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NoReturn

from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph, Operator, Tensor

BIAS_TOLERANCE = 0.02  # of the output's scale: TFLite's GetQuantizedConvolutionMultipler
RECONVERT = "Convert the model again with a current TensorFlow"


def printable(name: str, limit: int = 40) -> str:
    """A name from a model, safe to print: plain ASCII, one line, no quotes, cut at `limit`."""
    safe = "".join(c if " " <= c <= "~" and c not in "'\"\\" else "?" for c in name[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 3] + "..."


def tensor_text(tensor: Tensor) -> str:
    """A tensor in a message: its number, name, type and shape."""
    shape = ",".join(map(str, tensor.shape))
    return f"tensor {tensor.index} '{printable(tensor.name)}' {tensor.dtype.name.lower()}[{shape}]"


def operator_text(op: Operator, graph: Graph) -> str:
    """An operator in a message: its place in the file, its kind, its output's name."""
    name = printable(graph.tensors[op.outputs[0]].name) if op.outputs else ""
    return f"op {op.index} {op.kind} '{name}'"


def refuse(op: Operator, graph: Graph, message: str) -> NoReturn:
    """Raise the ModelError: `message` says what, the limit and the next step."""
    raise ModelError(f"{operator_text(op, graph)}: {message}")


def require(condition: bool, op: Operator, graph: Graph, message: str) -> None:
    """Refuse the operator unless the condition holds."""
    if not condition:
        refuse(op, graph, message)


def input_tensor(op: Operator, graph: Graph, place: int) -> Tensor:
    """The input at that place, which must be there."""
    tensor = optional_input(op, graph, place)
    if tensor is None:
        refuse(op, graph, f"input {place} is left out; it must be there. {RECONVERT}.")
    return tensor


def optional_input(op: Operator, graph: Graph, place: int) -> Tensor | None:
    """The input at that place, or None where it is left out."""
    if place >= len(op.inputs) or op.inputs[place] == ABSENT:
        return None
    return graph.tensors[op.inputs[place]]


def output_tensor(op: Operator, graph: Graph, place: int = 0) -> Tensor:
    """The output at that place."""
    return graph.tensors[op.outputs[place]]


def require_type(op: Operator, graph: Graph, tensor: Tensor, allowed: Sequence[str]) -> None:
    """The tensor's type is one of these ("int8", "float32", ...)."""
    have = tensor.dtype.name.lower()
    if have in allowed:
        return
    known = " or ".join(allowed)
    step = (
        "Quantise the model to int8 with representative data, or convert it as float32"
        if have in ("uint8", "int16", "int4", "float16")
        else RECONVERT
    )
    refuse(op, graph, f"{tensor_text(tensor)} is {have}; supported here: {known}. {step}.")


def require_same_type(op: Operator, graph: Graph, *tensors: Tensor) -> None:
    """All the tensors have the type of the first."""
    for tensor in tensors[1:]:
        if tensor.dtype is not tensors[0].dtype:
            both = f"{tensor_text(tensors[0])} and {tensor_text(tensor)}"
            if tensors[0].dtype.name == "FLOAT32" and tensor.data is not None:
                refuse(
                    op,
                    graph,
                    f"{both} differ in type, so the model is quantised in its weights only (hybrid,"
                    " dynamic range); int8 throughout or float32 is supported. "
                    "Quantise it with representative data, or convert it as float32.",
                )
            refuse(op, graph, f"{both} differ in type; they must agree. {RECONVERT}.")


def require_weights(op: Operator, graph: Graph, data: Tensor, weights: Tensor) -> None:
    """Weights of int8 (or int4) beside integers, float32 beside float32."""
    if data.dtype.name in ("INT8", "INT16"):
        require_type(op, graph, weights, ("int8", "int4"))
    elif not (data.dtype.name == "FLOAT32" and weights.dtype.name == "INT8"):  # hybrid
        require_same_type(op, graph, data, weights)


def require_symmetric(op: Operator, graph: Graph, *tensors: Tensor) -> None:
    """The tensors' zero points are 0, as TFLite demands of int16."""
    for tensor in tensors:
        if tensor.zero_point != 0:
            refuse(
                op,
                graph,
                f"{tensor_text(tensor)} has zero point {tensor.zero_point}; TFLite fixes 0 for "
                f"int16. {RECONVERT}.",
            )


def require_rank(op: Operator, graph: Graph, tensor: Tensor, low: int, high: int) -> None:
    """The tensor has `low` to `high` dimensions."""
    if not low <= len(tensor.shape) <= high:
        limit = str(low) if low == high else f"{low} to {high}"
        refuse(
            op,
            graph,
            f"{tensor_text(tensor)} has {len(tensor.shape)} dimensions; supported: {limit}. "
            "Reshape it in the model.",
        )


def require_shape(op: Operator, graph: Graph, tensor: Tensor, expected: Sequence[int]) -> None:
    """The tensor has this very shape: the one that the operator's other tensors imply."""
    if tensor.shape != tuple(expected):
        shape = ",".join(map(str, expected))
        refuse(
            op,
            graph,
            f"{tensor_text(tensor)} must be [{shape}], as its other tensors and options imply. "
            f"The file contradicts itself: {RECONVERT[0].lower()}{RECONVERT[1:]}.",
        )


def require_per_tensor(op: Operator, graph: Graph, *tensors: Tensor) -> None:
    """Each tensor has one scale and zero point; that they are sane the validator has checked."""
    for tensor in tensors:
        quantization = tensor.quantization
        if quantization is None:
            refuse(
                op,
                graph,
                f"{tensor_text(tensor)} has no scale; a quantised tensor needs one. "
                "Quantise the whole model with representative data.",
            )
        if quantization.per_channel:
            refuse(
                op,
                graph,
                f"{tensor_text(tensor)} has {len(quantization.scales)} scales; one is supported "
                f"here. {RECONVERT}, per tensor.",
            )


def require_per_channel(op: Operator, graph: Graph, tensor: Tensor, axis: int) -> None:
    """Weights: one scale, or one a slice along `axis`; all zero points 0."""
    quantization = tensor.quantization
    if quantization is None:
        require_per_tensor(op, graph, tensor)
        return
    count = len(quantization.scales)
    if count > 1 and (quantization.axis != axis or count != tensor.shape[axis]):
        refuse(
            op,
            graph,
            f"{tensor_text(tensor)} has {count} scales along axis {quantization.axis}; it needs "
            f"1, or {tensor.shape[axis]} along axis {axis}. {RECONVERT}.",
        )
    if any(quantization.zero_points):
        refuse(
            op,
            graph,
            f"{tensor_text(tensor)} has a zero point other than 0; weights must be symmetric. "
            f"{RECONVERT}.",
        )


def require_scales(op: Operator, graph: Graph, weights: Tensor, axis: int) -> None:
    """Weights of uint8 have one scale and zero point, all others one a slice, or one."""
    if weights.dtype.name == "UINT8":
        require_per_tensor(op, graph, weights)
    else:
        require_per_channel(op, graph, weights, axis)


def require_same_quantization(op: Operator, graph: Graph, a: Tensor, b: Tensor) -> None:
    """Both tensors have the same scale and zero point (or none), as TFLite demands here."""
    one = (a.quantization.scales, a.quantization.zero_points) if a.quantization else None
    two = (b.quantization.scales, b.quantization.zero_points) if b.quantization else None
    if one != two:
        refuse(
            op,
            graph,
            f"{tensor_text(a)} and {tensor_text(b)} differ in scale or zero point; they must "
            f"agree. {RECONVERT}.",
        )


def require_quantization(
    op: Operator, graph: Graph, tensor: Tensor, scale: float, zero_point: int
) -> None:
    """The tensor has the one quantisation that TFLite fixes for it (softmax, logistic)."""
    require_per_tensor(op, graph, tensor)
    close = math.isclose(tensor.scale, scale, rel_tol=0.001)  # TFLite: 0.001f * its scale
    if not close or tensor.zero_point != zero_point:
        refuse(
            op,
            graph,
            f"{tensor_text(tensor)} has scale {tensor.scale:.9g} and zero point "
            f"{tensor.zero_point}; TFLite fixes {scale:.9g} and {zero_point}. {RECONVERT}.",
        )


def require_bias(
    op: Operator,
    graph: Graph,
    bias: Tensor | None,
    channels: int,
    *,
    tolerance: float = BIAS_TOLERANCE,
    types: Sequence[str] = ("int32", "int64"),
) -> None:
    """A bias of input 0 and weights 1 is of one of these types (or float32), [channels].

    Its scale, where it has one, is input scale * weight scale, to within `tolerance` output
    scales, as TFLite checks it.
    """
    if bias is None:
        return
    data, weights = input_tensor(op, graph, 0), input_tensor(op, graph, 1)
    real = data.dtype.name == "FLOAT32"
    require_type(op, graph, bias, ("float32",) if real else types)
    if bias.elements != channels or max(bias.shape, default=1) != channels:
        require_shape(op, graph, bias, (channels,))
    if real or bias.quantization is None or weights.quantization is None:
        return
    products = [data.scale * scale for scale in weights.quantization.scales]
    count = max(len(products), len(bias.quantization.scales))
    limit = tolerance * output_tensor(op, graph).scale
    if {len(products), len(bias.quantization.scales)} - {1, count}:
        refuse(
            op,
            graph,
            f"{tensor_text(bias)} has {len(bias.quantization.scales)} scales, the weights "
            f"{len(products)}; they must agree. {RECONVERT}.",
        )
    for channel in range(count):
        product = products[channel % len(products)]
        scale = bias.quantization.scales[channel % len(bias.quantization.scales)]
        if not abs(product - scale) <= limit:
            refuse(
                op,
                graph,
                f"{tensor_text(bias)} has scale {scale:.9g} in channel {channel}; input scale "
                f"times weight scale is {product:.9g}. {RECONVERT}.",
            )


def require_constant(op: Operator, graph: Graph, place: int) -> Tensor:
    """The input at that place, which must be a constant of the model."""
    tensor = input_tensor(op, graph, place)
    if tensor.data is None:
        refuse(
            op,
            graph,
            f"input {place}, {tensor_text(tensor)}, is computed by the model; only a constant is "
            "supported here. Fix it in the model before you convert.",
        )
    return tensor


def require_state(op: Operator, graph: Graph, place: int) -> Tensor:
    """The input at that place, which must keep its contents from inference to inference."""
    tensor = input_tensor(op, graph, place)
    if tensor.state is None:
        refuse(
            op,
            graph,
            f"input {place}, {tensor_text(tensor)}, is no variable; the layer keeps its state in "
            f"it. {RECONVERT}.",
        )
    return tensor


def constant_ints(op: Operator, graph: Graph, place: int) -> tuple[int, ...]:
    """The values of a constant int32 or int64 input, flat (axes, shapes, paddings)."""
    tensor = require_constant(op, graph, place)
    require_type(op, graph, tensor, ("int32", "int64"))
    return tuple(int(v) for v in tensor.array().reshape(-1))


def axis_of(op: Operator, graph: Graph, axis: int, rank: int) -> int:
    """An axis from a model, negative ones counted from the end, as 0 to rank - 1."""
    if not -rank <= axis < rank:
        refuse(op, graph, f"axis {axis}; it must lie in {-rank} to {rank - 1}. {RECONVERT}.")
    return axis % rank


def broadcast_shape(op: Operator, graph: Graph, a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The shape of two tensors broadcast against each other."""
    rank = max(len(a.shape), len(b.shape))
    one = (1,) * (rank - len(a.shape)) + a.shape
    two = (1,) * (rank - len(b.shape)) + b.shape
    for m, n in zip(one, two, strict=True):
        if m != n and 1 not in (m, n):
            both = f"{tensor_text(a)} and {tensor_text(b)}"
            refuse(
                op,
                graph,
                f"{both} do not broadcast; each pair of dimensions must be equal or hold a 1. "
                f"{RECONVERT}.",
            )
    return tuple(n if m == 1 else m for m, n in zip(one, two, strict=True))


def require_positive(op: Operator, graph: Graph, *names: str, limit: int = 2**16) -> None:
    """These options (strides, dilations, filter sizes) lie in 1 to `limit`."""
    for name in names:
        value = op.option(name)
        if not 1 <= value <= limit:
            refuse(op, graph, f"{name} is {value}; it must lie in 1 to {limit}. {RECONVERT}.")


def window_output(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """Outputs along one dimension, as TFLite's ComputeOutSize; below 1 where none fits."""
    effective = (window - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else (size + stride - effective) // stride


def window_padding(
    size: int, window: int, stride: int, dilation: int, padding: str
) -> tuple[int, int]:
    """Padding before and after along one dimension, as TFLite's ComputePaddingWithOffset.

    What the outputs really reach over: 0 where the window never leaves the input.
    """
    effective = (window - 1) * dilation + 1
    outputs = window_output(size, window, stride, dilation, padding)
    total = max((outputs - 1) * stride + effective - size, 0)
    return total // 2, total - total // 2
