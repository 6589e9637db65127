"""The last inputs of a stream (CIRCULAR_BUFFER): a row of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators import calls
from edgepack.compiler.operators.checks import (
    RECONVERT,
    input_tensor,
    output_tensor,
    require,
    require_rank,
    require_same_quantization,
    require_shape,
)
from edgepack.compiler.operators.custom import flexbuffer_options
from edgepack.compiler.operators.row import OperatorRow
from edgepack.compiler.operators.signal import (
    MOST,
    one_step,
    require_one,
    typed_input,
    typed_output,
)
from edgepack.graph import DType, Graph, Operator
from edgepack.program import Argument, Kept, Lowered, LowerSpec, Scalar

EVERY_TURN = (5, 13, 25)  # slots for which TFLite Micro takes 1 as the period that is not given


def _check(op: Operator, graph: Graph) -> None:
    x, y = typed_input(op, graph, 0, "int8"), typed_output(op, graph, 0, "int8")
    for tensor in (x, y):
        require_rank(op, graph, tensor, 4, 4)
    require_shape(op, graph, x, (1, 1, *x.shape[2:]))
    require_shape(op, graph, y, (1, y.shape[1], *x.shape[2:]))
    require_same_quantization(op, graph, x, y)
    period = _period(op, graph)
    require(
        period is not None and period <= MOST,
        op,
        graph,
        f"cycles_max is {op.option('cycles_max')}; it must lie in 1 to {MOST}: what period TFLite "
        f"Micro takes without one depends on the other layers. {RECONVERT}, with cycles_max.",
    )
    require(
        period == 1 or len(op.outputs) == 2,
        op,
        graph,
        f"cycles_max is {period}, and it has no second output to tell when it is valid; TFLite "
        "Micro then breaks off the inference. Give it that output in the model.",
    )
    if len(op.outputs) == 2:
        require_one(op, graph, typed_output(op, graph, 1, "bool"))


def _period(op: Operator, graph: Graph) -> int | None:
    given = int(op.option("cycles_max"))
    if given > 0:
        return given
    return 1 if output_tensor(op, graph).shape[1] in EVERY_TURN else None


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    x, y = input_tensor(op, graph, 0), output_tensor(op, graph)
    period = _period(op, graph)
    assert period is not None
    valid = calls.refs(output_tensor(op, graph, 1)) if len(op.outputs) == 2 else (None,)
    arguments: tuple[Argument, ...] = (
        *(Scalar("uint32_t", size) for size in (y.shape[1], x.elements, period)),
        Kept(DType.INT8, bytes(y.bytes)),
        Kept(DType.UINT32, bytes(4)),
        *calls.refs(x, y),
        *valid,
    )
    return one_step(op, graph, "ep_circular_8", "ep_circular", arguments)


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="CIRCULAR_BUFFER",
        code=32,
        custom=flexbuffer_options(cycles_max=0),
        inputs=(1, 1),
        outputs=(1, 2),
        types=("int8", "bool"),
        check=_check,
        lower=_lower,
        oracle="TFLite Micro",
        notes="Where cycles_max is above 1, with the second output only, which tells when it is "
        "valid: TFLite Micro breaks off the inference without it.",
    ),
)
