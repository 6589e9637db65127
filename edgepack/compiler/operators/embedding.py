"""Rows of a table, looked up by their numbers: a row of the table of operators."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.operators import checks
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import Graph, Operator
from edgepack.program import Argument, Const, Lowered, LowerSpec, Params, Step, TensorRef

TYPES = ("float32", "int8", "uint8")
IDS, TABLE = range(2)


def _check(op: Operator, graph: Graph) -> None:
    ids, table = checks.input_tensor(op, graph, IDS), checks.input_tensor(op, graph, TABLE)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, ids, ("int32",))
    checks.require_rank(op, graph, ids, 1, 1)
    checks.require_type(op, graph, table, TYPES)
    checks.require_rank(op, graph, table, 2, 8)
    checks.require_shape(op, graph, output, (ids.shape[0], *table.shape[1:]))
    if output.dtype is table.dtype:
        if output.dtype.name != "FLOAT32":
            checks.require_same_quantization(op, graph, table, output)
    else:
        checks.require_type(op, graph, table, ("int8",))
        checks.require_type(op, graph, output, ("float32",))
        checks.require_constant(op, graph, TABLE)
        checks.require_per_channel(op, graph, table, 0)
    if ids.data is not None:
        values = ids.array()
        checks.require(
            int(values.min()) >= 0 and int(values.max()) < table.shape[0],
            op,
            graph,
            f"{checks.tensor_text(ids)} holds {values.min()} to {values.max()}; they must lie in "
            f"0 to {table.shape[0] - 1}. {checks.RECONVERT}.",
        )


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    ids, table = checks.input_tensor(op, graph, IDS), checks.input_tensor(op, graph, TABLE)
    output = checks.output_tensor(op, graph)
    width = table.elements // table.shape[0]
    inputs = tuple(t.index for t in (ids, table) if t.data is None)
    if output.dtype is table.dtype:
        fields = (
            ("batches", 1),
            ("outer", 1),
            ("size", table.shape[0]),
            ("count", ids.shape[0]),
            ("run", width * table.dtype.bytes),
            ("width", 4),
        )
        arguments: tuple[Argument, ...] = (
            Params("ep_gather_t", fields),
            TensorRef(table.index),
            TensorRef(ids.index),
            TensorRef(output.index),
        )
        step = Step(op.index, "ep_take", "ep_gather", arguments, inputs, op.outputs)
        return Lowered((step,))
    assert table.quantization is not None
    scales = np.array(table.quantization.scales, "<f4")
    sizes = (
        ("count", ids.shape[0]),
        ("rows", table.shape[0]),
        ("width", width),
        ("each", int(table.quantization.per_channel)),
    )
    arguments = (
        Params("ep_embedding_t", sizes),
        TensorRef(ids.index),
        TensorRef(table.index),
        Const("scales", "float", scales.tobytes(), "tables"),
        TensorRef(output.index),
    )
    kernel = "ep_embedding_hybrid"
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, op.outputs),))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="EMBEDDING_LOOKUP",
        code=7,
        inputs=(2, 2),
        types=TYPES,
        check=_check,
        lower=_lower,
        notes="An int8 table gives int8 or float32. An id outside of the table, which LiteRT "
        "refuses at run time, is taken for the nearest one inside.",
    ),
)
