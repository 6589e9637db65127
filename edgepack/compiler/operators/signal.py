"""TFLite Micro's signal library but for its Fourier transforms: rows of the table of operators."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_same_type,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import DType, Graph, Operator, OptionValue, Tensor
from edgepack.program import (
    Argument,
    Const,
    FieldValue,
    Kept,
    Lowered,
    LowerSpec,
    Overlap,
    Params,
    Scalar,
    Step,
    TensorRef,
)

MOST = 2**16  # elements of a vector, samples of a delay, vectors of a stack
GAINS = 125  # numbers of PCAN's table
Limits = dict[str, tuple[int, int]]


def log_table() -> bytes:
    """What log2(1 + k / 128) lies above k / 128, with 16 binary places, for k from 0 to 128."""
    values = [round(65536 * math.log2(1 + k / 128)) - 512 * k for k in range(129)]
    return np.array([*values, 0], np.uint16).tobytes()


def _require_limits(op: Operator, graph: Graph, limits: Limits) -> None:
    for name, (low, high) in limits.items():
        value = op.option(name)
        require(
            low <= value <= high,
            op,
            graph,
            f"{name} is {value}; it must lie in {low} to {high}. {RECONVERT}.",
        )


def _typed(op: Operator, graph: Graph, place: int, dtype: str) -> Tensor:
    tensor = input_tensor(op, graph, place)
    require_type(op, graph, tensor, (dtype,))
    return tensor


def _made(
    op: Operator, graph: Graph, place: int, dtype: str, shape: tuple[int, ...] | None = None
) -> Tensor:
    tensor = output_tensor(op, graph, place)
    require_type(op, graph, tensor, (dtype,))
    if shape is not None:
        require_shape(op, graph, tensor, shape)
    return tensor


def _require_one(op: Operator, graph: Graph, tensor: Tensor) -> None:
    require(
        tensor.elements == 1,
        op,
        graph,
        f"{tensor_text(tensor)} must hold one value. {RECONVERT}.",
    )


def _step(
    op: Operator, graph: Graph, kernel: str, source: str, arguments: tuple[Argument, ...],
    overlaps: tuple[tuple[int, int], ...] = (),
) -> Lowered:  # fmt: skip
    inputs = tuple(dict.fromkeys(i for i in op.inputs if graph.tensor(i).data is None))
    allowed = tuple(Overlap(i, o) for i, o in overlaps if i in inputs)
    step = Step(op.index, kernel, source, arguments, inputs, op.outputs, allowed)
    return Lowered(steps=(step,))


def _refs(*tensors: Tensor) -> tuple[TensorRef, ...]:
    return tuple(TensorRef(tensor.index) for tensor in tensors)


def _check_window(op: Operator, graph: Graph) -> None:
    x, weights = _typed(op, graph, 0, "int16"), _typed(op, graph, 1, "int16")
    require_shape(op, graph, weights, x.shape[-1:])
    _made(op, graph, 0, "int16", x.shape)
    _require_limits(op, graph, {"shift": (0, 31)})


def _lower_window(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, weights = (input_tensor(op, graph, place) for place in (0, 1))
    y = output_tensor(op, graph)
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", x.elements // weights.elements),
        Scalar("uint32_t", weights.elements),
        Scalar("int32_t", op.option("shift")),
        *_refs(weights, x, y),
    )
    return _step(op, graph, "ep_window_s16", "ep_spectrum", arguments, ((x.index, y.index),))


def _check_auto_scale(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "int16")
    _made(op, graph, 0, "int16", x.shape)
    _require_one(op, graph, _made(op, graph, 1, "int32"))


def _lower_auto_scale(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x = input_tensor(op, graph, 0)
    y, bits = (output_tensor(op, graph, place) for place in (0, 1))
    arguments: tuple[Argument, ...] = (Scalar("uint32_t", x.elements), *_refs(x, y, bits))
    return _step(op, graph, "ep_auto_scale_s16", "ep_spectrum", arguments, ((x.index, y.index),))


def _check_energy(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "int16")
    values = x.elements // 2
    y = _made(op, graph, 0, "uint32")
    require(
        x.elements == 2 * y.elements,
        op,
        graph,
        f"{tensor_text(x)} holds {values} complex values, {tensor_text(y)} {y.elements}; they "
        f"must be as many. {RECONVERT}.",
    )
    _require_limits(op, graph, {"start_index": (0, values), "end_index": (0, values)})


def _lower_energy(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    ends = (y.elements, op.option("start_index"), op.option("end_index"))
    arguments: tuple[Argument, ...] = (*(Scalar("uint32_t", end) for end in ends), *_refs(x, y))
    return _step(op, graph, "ep_energy_s16", "ep_spectrum", arguments)


def _check_filter_bank(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "uint32")
    channels = op.option("num_channels")
    _require_limits(op, graph, {"num_channels": (1, MOST)})
    _made(op, graph, 0, "uint64", (channels,))
    tables = [require_constant(op, graph, place) for place in range(1, 6)]
    for table in tables:
        require_type(op, graph, table, ("int16",))
    weights, others, starts, at, widths = (table.array().reshape(-1) for table in tables)
    sizes = {starts.size, at.size, widths.size}
    require(
        sizes == {channels + 1} and weights.size == others.size,
        op,
        graph,
        f"its tables hold {sorted(sizes)} slopes and {weights.size} and {others.size} weights; "
        f"{channels} channels need {channels + 1} slopes, with as many weights of both kinds. "
        f"{RECONVERT}.",
    )
    ends, last = starts.astype(int) + widths, at.astype(int) + widths
    require(
        min(starts.min(), at.min(), widths.min()) >= 0
        and ends.max() <= x.elements
        and last.max() <= weights.size,
        op,
        graph,
        f"its slopes reach to energy {ends.max()} and weight {last.max()}; there are {x.elements} "
        f"and {weights.size}, numbered from 0. {RECONVERT}.",
    )


def _lower_filter_bank(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    tables = _refs(*(input_tensor(op, graph, place) for place in range(1, 6)))
    ends = _refs(input_tensor(op, graph, 0), output_tensor(op, graph))
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", op.option("num_channels")),
        *tables,
        *ends,
    )
    return _step(op, graph, "ep_filter_bank", "ep_filter_bank", arguments)


def _check_root(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "uint64")
    _require_one(op, graph, _typed(op, graph, 1, "int32"))
    _made(op, graph, 0, "uint32", x.shape)


def _lower_root(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, bits = (input_tensor(op, graph, place) for place in (0, 1))
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", x.elements),
        *_refs(x, bits, output_tensor(op, graph)),
    )
    return _step(op, graph, "ep_filter_root", "ep_filter_bank", arguments)


_SHARES = ("smoothing", "one_minus_smoothing", "alternate_smoothing",
           "alternate_one_minus_smoothing", "min_signal_remaining")  # fmt: skip


def _check_noise(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "uint32")
    require_shape(op, graph, x, (op.option("num_channels"),))
    for place in (0, 1):
        _made(op, graph, place, "uint32", x.shape)
    shares: Limits = dict.fromkeys(_SHARES, (0, 2**16 - 1))
    _require_limits(op, graph, {**shares, "smoothing_bits": (0, 31)})
    _require_limits(op, graph, {"spectral_subtraction_bits": (0, 31)})


def _lower_noise(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x = input_tensor(op, graph, 0)
    y, estimate = (output_tensor(op, graph, place) for place in (0, 1))
    fields: tuple[tuple[str, FieldValue], ...] = (
        ("channels", x.elements),
        ("smoothing", (op.option("smoothing"), op.option("alternate_smoothing"))),
        (
            "keeping",
            (op.option("one_minus_smoothing"), op.option("alternate_one_minus_smoothing")),
        ),
        ("floor", op.option("min_signal_remaining")),
        ("bits", op.option("spectral_subtraction_bits")),
        ("up", op.option("smoothing_bits")),
        ("clamping", int(op.option("clamping"))),
    )
    noise = Kept(DType.UINT32, bytes(x.bytes))
    arguments: tuple[Argument, ...] = (Params("ep_noise_t", fields), noise, *_refs(x, y, estimate))
    return _step(op, graph, "ep_subtract_noise", "ep_filter_bank", arguments, ((x.index, y.index),))


def _check_pcan(op: Operator, graph: Graph) -> None:
    x, noise = _typed(op, graph, 0, "uint32"), _typed(op, graph, 1, "uint32")
    gains = require_constant(op, graph, 2)
    require_type(op, graph, gains, ("int16",))
    require_shape(op, graph, noise, x.shape)
    require(
        gains.elements >= GAINS,
        op,
        graph,
        f"{tensor_text(gains)} holds {gains.elements} gains; {GAINS} cover 32 bits of noise. "
        f"{RECONVERT}.",
    )
    _made(op, graph, 0, "uint32", x.shape)
    _require_limits(op, graph, {"snr_shift": (0, 63)})


def _lower_pcan(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, noise, gains = (input_tensor(op, graph, place) for place in range(3))
    y = output_tensor(op, graph)
    sizes = (Scalar("uint32_t", x.elements), Scalar("uint32_t", op.option("snr_shift")))
    arguments: tuple[Argument, ...] = (*sizes, *_refs(x, noise, gains, y))
    return _step(op, graph, "ep_pcan", "ep_filter_bank", arguments, ((x.index, y.index),))


def _check_log(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "uint32")
    _made(op, graph, 0, "int16", x.shape)
    _require_limits(op, graph, {"output_scale": (0, 2**16), "input_correction_bits": (0, 31)})


def _lower_log(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    sizes = (x.elements, op.option("output_scale"), op.option("input_correction_bits"))
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", size) for size in sizes),
        Const("logarithms", "uint16_t", log_table(), "tables"),
        *_refs(x, y),
    )
    return _step(op, graph, "ep_filter_log", "ep_filter_bank", arguments)


def _check_framer(op: Operator, graph: Graph) -> None:
    x, y = _typed(op, graph, 0, "int16"), output_tensor(op, graph)
    size, step = op.option("frame_size"), op.option("frame_step")
    _require_limits(op, graph, {"frame_size": (1, MOST), "frame_step": (1, size)})
    require(
        bool(x.shape) and x.shape[-1] % step == 0,
        op,
        graph,
        f"{tensor_text(x)} must hold whole steps of {step} samples. {RECONVERT}.",
    )
    _made(op, graph, 0, "int16", (*x.shape[:-1], x.shape[-1] // step, size))
    _require_one(op, graph, _made(op, graph, 1, "bool"))
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
        *_refs(x, output_tensor(op, graph), valid),
    )
    return _step(op, graph, "ep_framer_s16", "ep_streams", arguments)


def _check_stacker(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "int16")
    left, right = op.option("stacker_left_context"), op.option("stacker_right_context")
    channels = op.option("num_channels")
    _require_limits(
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
    _made(op, graph, 0, "int16", (*x.shape[:-1], channels * (left + right + 1)))
    _require_one(op, graph, _made(op, graph, 1, "bool"))


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
        *_refs(x, y, valid),
    )
    return _step(op, graph, "ep_stacker_s16", "ep_streams", arguments)


def _check_delay(op: Operator, graph: Graph) -> None:
    x = _typed(op, graph, 0, "int16")
    require(bool(x.shape), op, graph, f"its input is a scalar; samples are needed. {RECONVERT}.")
    _made(op, graph, 0, "int16", x.shape)
    _require_limits(op, graph, {"delay_length": (0, MOST)})


def _lower_delay(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    channels, delay = x.elements // x.shape[-1], op.option("delay_length")
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", size) for size in (channels, x.shape[-1], delay)),
        Kept(DType.INT16, bytes(2 * max(1, channels * delay))),
        *_refs(x, y),
    )
    return _step(op, graph, "ep_delay_s16", "ep_streams", arguments)


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
    _require_limits(op, graph, {"frame_step": (1, x.shape[-1])})
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
        *_refs(x, y),
    )
    return _step(
        op, graph, f"ep_overlap_add_{suffix}", "ep_streams", arguments, ((x.index, y.index),)
    )


_NOISE: dict[str, OptionValue] = dict.fromkeys(_SHARES, 0)
_VALID = "What is not valid yet is 0; TFLite Micro leaves there what was in memory."
Check = Callable[[Operator, Graph], None]
Lower = Callable[[Operator, Graph, LowerSpec], Lowered]
_PARTS: tuple[tuple[str, dict[str, OptionValue], tuple[int, int], Check, Lower, str], ...] = (
    ("SignalWindow", {"shift": 0}, (2, 1), _check_window, _lower_window, ""),
    (
        "SignalFftAutoScale",
        {},
        (1, 2),
        _check_auto_scale,
        _lower_auto_scale,
        "-32768 counts as the largest magnitude; TFLite Micro overlooks it and overflows.",
    ),
    (
        "SignalEnergy",
        {"start_index": 0, "end_index": 0},
        (1, 1),
        _check_energy,
        _lower_energy,
        "Energies outside of its range are 0; TFLite Micro leaves there what was in memory.",
    ),
    ("SignalFilterBank", {"num_channels": 0}, (6, 1), _check_filter_bank, _lower_filter_bank, ""),
    ("SignalFilterBankSquareRoot", {}, (2, 1), _check_root, _lower_root, ""),
    (
        "SignalFilterBankSpectralSubtraction",
        {
            **_NOISE,
            "num_channels": 0,
            "smoothing_bits": 0,
            "spectral_subtraction_bits": 0,
            "clamping": False,
        },
        (1, 2),
        _check_noise,
        _lower_noise,
        "",
    ),
    ("SignalPCAN", {"snr_shift": 0}, (3, 1), _check_pcan, _lower_pcan, ""),
    (
        "SignalFilterBankLog",
        {"output_scale": 0, "input_correction_bits": 0},
        (1, 1),
        _check_log,
        _lower_log,
        "",
    ),
    (
        "SignalFramer",
        {"frame_size": 0, "frame_step": 0, "prefill": False},
        (1, 2),
        _check_framer,
        _lower_framer,
        _VALID,
    ),
    (
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
        f"{_VALID} A step longer than the context leaves vectors out; TFLite Micro stops there.",
    ),
    ("SignalDelay", {"delay_length": 0}, (1, 1), _check_delay, _lower_delay, ""),
    ("SignalOverlapAdd", {"T": 7, "frame_step": 0}, (1, 1), _check_overlap, _lower_overlap, ""),
)


_TYPES = {
    "SignalFftAutoScale": ("int16", "int32"),
    "SignalEnergy": ("uint32",),
    "SignalFilterBank": ("uint64",),
    "SignalFilterBankSquareRoot": ("uint32",),
    "SignalFilterBankSpectralSubtraction": ("uint32",),
    "SignalPCAN": ("uint32",),
    "SignalFramer": ("int16", "bool"),
    "SignalStacker": ("int16", "bool"),
    "SignalOverlapAdd": ("int16", "float32"),
}  # of what it makes

ROWS: tuple[OperatorRow, ...] = tuple(
    OperatorRow(
        kind=kind,
        code=32,
        custom=flexbuffer_options(**options),
        inputs=(arity[0], arity[0]),
        outputs=(arity[1], arity[1]),
        types=_TYPES.get(kind, ("int16",)),
        check=check,
        lower=lower,
        oracle="TFLite Micro",
        notes=notes,
    )
    for kind, options, arity, check, lower, notes in _PARTS
)
