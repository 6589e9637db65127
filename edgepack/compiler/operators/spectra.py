"""Windows, scales and energies about a Fourier transform: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_shape,
    tensor_text,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.operators.signal import (
    one_step,
    require_limits,
    require_one,
    signal_row,
    typed_input,
    typed_output,
)
from edgepack.graph import Graph, Operator
from edgepack.program import Argument, Lowered, LowerSpec, Scalar


def _check_window(op: Operator, graph: Graph) -> None:
    x, weights = typed_input(op, graph, 0, "int16"), typed_input(op, graph, 1, "int16")
    require_shape(op, graph, weights, x.shape[-1:])
    typed_output(op, graph, 0, "int16", x.shape)
    require_limits(op, graph, {"shift": (0, 31)})


def _lower_window(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, weights = (input_tensor(op, graph, place) for place in (0, 1))
    y = output_tensor(op, graph)
    arguments: tuple[Argument, ...] = (
        Scalar("uint32_t", x.elements // weights.elements),
        Scalar("uint32_t", weights.elements),
        Scalar("int32_t", op.option("shift")),
        *calls.refs(weights, x, y),
    )
    return one_step(op, graph, "ep_window_s16", "ep_spectrum", arguments, in_place=True)


def _check_auto_scale(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "int16")
    typed_output(op, graph, 0, "int16", x.shape)
    require_one(op, graph, typed_output(op, graph, 1, "int32"))


def _lower_auto_scale(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x = input_tensor(op, graph, 0)
    y, bits = (output_tensor(op, graph, place) for place in (0, 1))
    arguments: tuple[Argument, ...] = (Scalar("uint32_t", x.elements), *calls.refs(x, y, bits))
    return one_step(op, graph, "ep_auto_scale_s16", "ep_spectrum", arguments, in_place=True)


def _check_energy(op: Operator, graph: Graph) -> None:
    x = typed_input(op, graph, 0, "int16")
    values = x.elements // 2
    y = typed_output(op, graph, 0, "uint32")
    require(
        x.elements == 2 * y.elements,
        op,
        graph,
        f"{tensor_text(x)} holds {values} complex values, {tensor_text(y)} {y.elements}; they "
        f"must be as many. {RECONVERT}.",
    )
    require_limits(op, graph, {"start_index": (0, values), "end_index": (0, values)})


def _lower_energy(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    ends = (y.elements, op.option("start_index"), op.option("end_index"))
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", end) for end in ends),
        *calls.refs(x, y),
    )
    return one_step(op, graph, "ep_energy_s16", "ep_spectrum", arguments)


ROWS: tuple[OperatorRow, ...] = (
    signal_row("SignalWindow", {"shift": 0}, (2, 1), _check_window, _lower_window),
    signal_row(
        "SignalFftAutoScale",
        {},
        (1, 2),
        _check_auto_scale,
        _lower_auto_scale,
        types=("int16", "int32"),
        notes="-32768 counts as the largest magnitude; TFLite Micro overlooks it and overflows.",
    ),
    signal_row(
        "SignalEnergy",
        {"start_index": 0, "end_index": 0},
        (1, 1),
        _check_energy,
        _lower_energy,
        types=("uint32",),
        notes="Energies outside of its range are 0; TFLite Micro leaves there what was in memory.",
    ),
)
