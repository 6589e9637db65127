"""Frames, stacks, delays and overlaps of samples that come on: rows of the table of operators."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.operators.signal import (
    MOST,
    one_step,
    require_limits,
    require_one,
    signal_row,
    typed_input,
    typed_output,
)
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Argument, Kept, Lowered, LowerSpec, Params, Scalar

_VALID = "What is not valid yet is 0; TFLite Micro leaves there what was in memory."


def _check_framer(op: Operator, graph: Graph) -> None:
    x, y = typed_input(op, graph, 0, "int16"), output_tensor(op, graph)
    size, step = op.option("frame_size"), op.option("frame_step")
    require_limits(op, graph, {"frame_size": (1, MOST), "frame_step": (1, size)})
    require(
        bool(x.shape) and x.shape[-1] % step == 0,
        op,
        graph,
        f"{tensor_text(x)} must hold whole steps of {step} samples. {RECONVERT}.",
    )
    typed_output(op, graph, 0, "int16", (*x.shape[:-1], x.shape[-1] // step, size))
    require_one(op, graph, typed_output(op, graph, 1, "bool"))
    require(y.elements <= 2**24, op, graph, f"it makes {y.elements} samples; 2^24 is the limit.")


def _lower_framer(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, valid = input_tensor(op, graph, 0), output_tensor(op, graph, 1)
    size, step = op.option("frame_size"), op.option("frame_step")
    prefilled = op.option("prefill")
    past = size - step if prefilled else -(-size // step) * step - step
    channels = x.elements // x.shape[-1]
    fields = (
        ("channels", channels),
        ("frames", x.shape[-1] // step),
        ("step", step),
        ("size", size),
        ("past", past),
    )
    missing = np.array([0 if prefilled else past], np.uint32)
    arguments: tuple[Argument, ...] = (
        Params("ep_framer_t", fields),
        Kept(DType.INT16, bytes(2 * max(1, channels * past))),
        Kept(DType.UINT32, missing.tobytes()),
        *calls.refs(x, output_tensor(op, graph), valid),
    )
    return one_step(op, graph, "ep_framer_s16", "ep_streams", arguments)


def _check_stacker(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "int16")
    left, right = op.option("stacker_left_context"), op.option("stacker_right_context")
    channels = op.option("num_channels")
    require_limits(
        op,
        graph,
        {
            "num_channels": (1, MOST),
            "stacker_left_context": (0, MOST),
            "stacker_right_context": (0, MOST),
            "stacker_step": (1, MOST),
        },
    )
    require_shape(op, graph, x, (*x.shape[:-1], channels))
    require(x.elements == channels, op, graph, f"{tensor_text(x)} must be one vector. {RECONVERT}.")
    typed_output(op, graph, 0, "int16", (*x.shape[:-1], channels * (left + right + 1)))
    require_one(op, graph, typed_output(op, graph, 1, "bool"))


def _lower_stacker(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x = input_tensor(op, graph, 0)
    y, valid = (output_tensor(op, graph, place) for place in (0, 1))
    left, right = op.option("stacker_left_context"), op.option("stacker_right_context")
    fields = (
        ("size", x.elements),
        ("left", left),
        ("context", left + right + 1),
        ("step", op.option("stacker_step")),
    )
    arguments: tuple[Argument, ...] = (
        Params("ep_stacker_t", fields),
        Kept(DType.INT16, bytes(y.bytes)),
        Kept(DType.INT32, bytes(4)),
        Kept(DType.INT32, bytes(4)),
        *calls.refs(x, y, valid),
    )
    return one_step(op, graph, "ep_stacker_s16", "ep_streams", arguments)


def _check_delay(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "int16")
    require(bool(x.shape), op, graph, f"its input is a scalar; samples are needed. {RECONVERT}.")
    typed_output(op, graph, 0, "int16", x.shape)
    require_limits(op, graph, {"delay_length": (0, MOST)})


def _lower_delay(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    channels, delay = x.elements // x.shape[-1], op.option("delay_length")
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", size) for size in (channels, x.shape[-1], delay)),
        Kept(DType.INT16, bytes(2 * max(1, channels * delay))),
        *calls.refs(x, y),
    )
    return one_step(op, graph, "ep_delay_s16", "ep_streams", arguments)


def _check_overlap(op: Operator, graph: Graph) -> None:
    x = input_tensor(op, graph, 0)
    require_type(op, graph, x, ("int16", "float32"))
    require_same_type(op, graph, x, output_tensor(op, graph))
    require(
        len(x.shape) >= 2,
        op,
        graph,
        f"{tensor_text(x)} must hold frames of samples, 2 dimensions or more. {RECONVERT}.",
    )
    step = op.option("frame_step")
    require_limits(op, graph, {"frame_step": (1, x.shape[-1])})
    require_shape(op, graph, output_tensor(op, graph), (*x.shape[:-2], x.shape[-2] * step))


def _lower_overlap(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    frames, size = x.shape[-2:]
    step, channels = op.option("frame_step"), x.elements // (frames * size)
    suffix = "s16" if x.dtype is DType.INT16 else "f32"
    fields = (("channels", channels), ("frames", frames), ("step", step), ("size", size))
    arguments: tuple[Argument, ...] = (
        Params("ep_overlap_t", fields),
        Kept(x.dtype, bytes(x.dtype.bytes * max(1, channels * (size - step)))),
        *calls.refs(x, y),
    )
    return one_step(op, graph, f"ep_overlap_add_{suffix}", "ep_streams", arguments, in_place=True)


ROWS: tuple[OperatorRow, ...] = (
    signal_row(
        "SignalFramer",
        {"frame_size": 0, "frame_step": 0, "prefill": False},
        (1, 2),
        _check_framer,
        _lower_framer,
        types=("int16", "bool"),
        notes=_VALID,
    ),
    signal_row(
        "SignalStacker",
        {
            "num_channels": 0,
            "stacker_left_context": 0,
            "stacker_right_context": 0,
            "stacker_step": 1,
        },
        (1, 2),
        _check_stacker,
        _lower_stacker,
        types=("int16", "bool"),
        notes=f"{_VALID} A step longer than the context leaves vectors out; TFLite Micro stops "
        "there.",
    ),
    signal_row("SignalDelay", {"delay_length": 0}, (1, 1), _check_delay, _lower_delay),
    signal_row(
        "SignalOverlapAdd",
        {"T": 7, "frame_step": 0},
        (1, 1),
        _check_overlap,
        _lower_overlap,
        types=("int16", "float32"),
    ),
)
