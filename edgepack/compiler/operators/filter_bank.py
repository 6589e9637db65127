"""Filter banks, their noise, gains and logarithms: rows of the table of operators."""

from __future__ import annotations

import math

import numpy as np

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_constant,
    require_shape,
    require_type,
    tensor_text,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.operators.signal import (
    MOST,
    Limits,
    one_step,
    require_limits,
    require_one,
    signal_row,
    typed_input,
    typed_output,
)
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Argument, Const, FieldValue, Kept, Lowered, LowerSpec, Params, Scalar

GAINS = 125  # numbers of PCAN's table


def log_table() -> bytes:
    """What log2(1 + k / 128) lies above k / 128, with 16 binary places, for k from 0 to 128."""
    values = [round(65536 * math.log2(1 + k / 128)) - 512 * k for k in range(129)]
    return np.array([*values, 0], np.uint16).tobytes()


def _check_filter_bank(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "uint32")
    channels = op.option("num_channels")
    require_limits(op, graph, {"num_channels": (1, MOST)})
    typed_output(op, graph, 0, "uint64", (channels,))
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
    tables = calls.refs(*(input_tensor(op, graph, place) for place in range(1, 6)))
    ends = calls.refs(input_tensor(op, graph, 0), output_tensor(op, graph))
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", op.option("num_channels")),
        *tables,
        *ends,
    )
    return one_step(op, graph, "ep_filter_bank", "ep_filter_bank", arguments)


def _check_root(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "uint64")
    require_one(op, graph, typed_input(op, graph, 1, "int32"))
    typed_output(op, graph, 0, "uint32", x.shape)


def _lower_root(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, bits = (input_tensor(op, graph, place) for place in (0, 1))
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", x.elements),
        *calls.refs(x, bits, output_tensor(op, graph)),
    )
    return one_step(op, graph, "ep_filter_root", "ep_filter_bank", arguments)


_SHARES = ("smoothing", "one_minus_smoothing", "alternate_smoothing",
           "alternate_one_minus_smoothing", "min_signal_remaining")  # fmt: skip


def _check_noise(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "uint32")
    require_shape(op, graph, x, (op.option("num_channels"),))
    for place in (0, 1):
        typed_output(op, graph, place, "uint32", x.shape)
    shares: Limits = dict.fromkeys(_SHARES, (0, 2**16 - 1))
    require_limits(op, graph, {**shares, "smoothing_bits": (0, 31)})
    require_limits(op, graph, {"spectral_subtraction_bits": (0, 31)})


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
    arguments: tuple[Argument, ...] = (
        Params("ep_noise_t", fields),
        noise,
        *calls.refs(x, y, estimate),
    )
    return one_step(op, graph, "ep_subtract_noise", "ep_filter_bank", arguments, in_place=True)


def _check_pcan(op: Operator, graph: Graph) -> None:
    x, noise = typed_input(op, graph, 0, "uint32"), typed_input(op, graph, 1, "uint32")
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
    typed_output(op, graph, 0, "uint32", x.shape)
    require_limits(op, graph, {"snr_shift": (0, 63)})


def _lower_pcan(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, noise, gains = (input_tensor(op, graph, place) for place in range(3))
    y = output_tensor(op, graph)
    sizes = (Scalar("uint32_t", x.elements), Scalar("uint32_t", op.option("snr_shift")))
    arguments: tuple[Argument, ...] = (*sizes, *calls.refs(x, noise, gains, y))
    return one_step(op, graph, "ep_pcan", "ep_filter_bank", arguments, in_place=True)


def _check_log(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "uint32")
    typed_output(op, graph, 0, "int16", x.shape)
    require_limits(op, graph, {"output_scale": (0, 2**16), "input_correction_bits": (0, 31)})


def _lower_log(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    sizes = (x.elements, op.option("output_scale"), op.option("input_correction_bits"))
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", size) for size in sizes),
        Const("logarithms", "uint16_t", log_table(), "tables"),
        *calls.refs(x, y),
    )
    return one_step(op, graph, "ep_filter_log", "ep_filter_bank", arguments)


ROWS: tuple[OperatorRow, ...] = (
    signal_row(
        "SignalFilterBank",
        {"num_channels": 0},
        (6, 1),
        _check_filter_bank,
        _lower_filter_bank,
        types=("uint64",),
    ),
    signal_row(
        "SignalFilterBankSquareRoot", {}, (2, 1), _check_root, _lower_root, types=("uint32",)
    ),
    signal_row(
        "SignalFilterBankSpectralSubtraction",
        {
            **dict.fromkeys(_SHARES, 0),
            "num_channels": 0,
            "smoothing_bits": 0,
            "spectral_subtraction_bits": 0,
            "clamping": False,
        },
        (1, 2),
        _check_noise,
        _lower_noise,
        types=("uint32",),
    ),
    signal_row("SignalPCAN", {"snr_shift": 0}, (3, 1), _check_pcan, _lower_pcan, types=("uint32",)),
    signal_row(
        "SignalFilterBankLog",
        {"output_scale": 0, "input_correction_bits": 0},
        (1, 1),
        _check_log,
        _lower_log,
    ),
)
