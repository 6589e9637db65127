"""The dense layer: its row of the table of operators."""

from __future__ import annotations

import numpy as np

from edgepack.compiler.fixed_point import float32, quantize_multiplier
from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.graph import Graph, Operator
from edgepack.program import Const, Lowered, LowerSpec, Params, Step, TensorRef


def _check(op: Operator, graph: Graph) -> None:
    data, weights = checks.input_tensor(op, graph, 0), checks.require_constant(op, graph, 1)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "float32"))
    checks.require_same_type(op, graph, data, weights, output)
    checks.require_rank(op, graph, weights, 2, 2)
    outputs, depth = weights.shape
    checks.require(
        data.elements % depth == 0,
        op,
        graph,
        f"{checks.tensor_text(data)} cannot be cut into rows of {depth}, which "
        f"{checks.tensor_text(weights)} takes. {checks.RECONVERT}.",
    )
    if op.option("keep_num_dims"):
        shape = (*data.shape[:-1], outputs)
        checks.require(
            data.shape[-1:] == (depth,),
            op,
            graph,
            f"the last dimension of {checks.tensor_text(data)} must be {depth}, as "
            f"{checks.tensor_text(weights)} has it. {checks.RECONVERT}.",
        )
    else:
        shape = (data.elements // depth, outputs)
    checks.require_shape(op, graph, output, shape)
    if data.dtype.name == "INT8":
        checks.require_per_tensor(op, graph, data, output)
        checks.require_per_channel(op, graph, weights, 0)
    checks.require_bias(op, graph, checks.optional_input(op, graph, 2), outputs)


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, weights = checks.input_tensor(op, graph, 0), checks.input_tensor(op, graph, 1)
    output = checks.output_tensor(op, graph)
    outputs, depth = weights.shape
    batches = data.elements // depth
    if data.dtype.name == "FLOAT32":
        raise NotImplementedError
    rows = weights.array()
    bias = _bias(op, graph, outputs).astype(np.int64)
    bias = bias - data.zero_point * rows.astype(np.int64).sum(axis=1)
    bounds = scaling.sum_bounds(rows.astype(np.int64), bias, -128, 127)
    scaling.require_int32(op, graph, bounds)
    multiplier = quantize_multiplier(float32(data.scale * weights.scale) / output.scale)
    code = int(scaling.rescale_codes([multiplier], bounds.max(keepdims=True), once=True)[0])
    low, high = scaling.activation_range(output, op.option("fused_activation_function"))
    params = Params(
        "ep_dense_t",
        (
            ("batches", batches),
            ("depth", depth),
            ("outputs", outputs),
            ("mantissa", multiplier.mantissa),
            ("zero_term", scaling.zero_term(output)),
            ("code", code),
            ("low", low),
            ("high", high),
        ),
    )
    arguments = (
        params,
        TensorRef(op.inputs[0]),
        Const("weights", "int8_t", scaling.interleave(rows).tobytes(), "weights"),
        Const("bias", "int32_t", bias.astype("<i4").tobytes(), "weights"),
        TensorRef(op.outputs[0]),
    )
    kernel = "ep_dense_s8"
    macs = batches * weights.elements
    step = Step(op.index, kernel, kernel, arguments, op.inputs[:1], op.outputs, macs=macs)
    return Lowered((step,))


def _bias(op: Operator, graph: Graph, outputs: int) -> np.ndarray:
    if checks.optional_input(op, graph, 2) is None:
        kind = checks.input_tensor(op, graph, 1).dtype.name
        return np.zeros(outputs, "<f4" if kind == "FLOAT32" else "<i4")
    return checks.require_constant(op, graph, 2).array().reshape(-1)


ROW = OperatorRow(
    kind="FULLY_CONNECTED",
    code=9,
    options_type=8,
    options=(
        OptionField("fused_activation_function", 0, "int8", 0, ACTIVATION),
        OptionField("weights_format", 1, "int8", 0, ("DEFAULT",)),
        OptionField("keep_num_dims", 2, "bool"),
    ),
    inputs=(2, 3),
    optional=frozenset({2}),
    check=_check,
    lower=_lower,
)
