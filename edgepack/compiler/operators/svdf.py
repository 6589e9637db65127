"""Layers of rank-1 filters over time (SVDF): a row of the table of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.hybrid import LEAST_WEIGHT
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.operators.wide import require_reach
from edgepack.graph import Graph, Operator
from edgepack.program import (
    Argument,
    Const,
    FieldValue,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA, FEATURE, TIME, BIAS, STATE = range(5)  # places of the inputs


def _check(op: Operator, graph: Graph) -> None:
    data, feature = checks.input_tensor(op, graph, DATA), checks.require_constant(op, graph, 1)
    time, state = checks.require_constant(op, graph, TIME), checks.require_state(op, graph, STATE)
    output = checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "float32"))
    checks.require_same_type(op, graph, data, output)
    hybrid = data.dtype.name == "FLOAT32" and feature.dtype.name == "INT8"
    if not hybrid:
        checks.require_same_type(op, graph, data, feature)
    for tensor in (data, feature, time):
        checks.require_rank(op, graph, tensor, 2, 2)
    integer = data.dtype.name == "INT8"
    weights = ("int8",) if hybrid else ("float32",)
    checks.require_type(op, graph, time, ("int16", "int8") if integer else weights)
    checks.require_same_type(op, graph, data if hybrid else time, state)
    filters, inputs = feature.shape
    rank = op.option("rank")
    checks.require(
        rank >= 1 and filters % rank == 0,
        op,
        graph,
        f"rank is {rank}; it must divide its {filters} filters. {checks.RECONVERT}.",
    )
    batches, memory = data.shape[0], time.shape[1]
    checks.require_shape(op, graph, data, (batches, inputs))
    checks.require_shape(op, graph, time, (filters, memory))
    checks.require_shape(op, graph, state, (batches, filters * memory))
    checks.require_shape(op, graph, output, (batches, filters // rank))
    if checks.optional_input(op, graph, BIAS) is not None:
        bias = checks.require_constant(op, graph, BIAS)
        checks.require_type(op, graph, bias, ("int32",) if integer else ("float32",))
        checks.require_shape(op, graph, bias, (filters // rank,))
    if integer:
        _check_int8(op, graph)
    elif hybrid:
        checks.require_per_tensor(op, graph, feature, time)
        checks.require_symmetric(op, graph, feature, time)
        rows = feature.array().astype(np.int64)
        none = np.zeros(filters, np.int64)
        scaling.require_int32(op, graph, scaling.sum_bounds(rows, none, -255, 255))


def _check_int8(op: Operator, graph: Graph) -> None:
    data, feature, time, state = (checks.input_tensor(op, graph, n) for n in (0, 1, 2, STATE))
    checks.require_per_tensor(
        op, graph, data, feature, time, state, checks.output_tensor(op, graph)
    )
    checks.require_symmetric(op, graph, feature, time)
    if state.dtype.name == "INT16":
        checks.require_symmetric(op, graph, state)
    require_reach(op, graph, data.scale * feature.scale / state.scale)
    require_reach(op, graph, state.scale * time.scale / checks.output_tensor(op, graph).scale)
    activation = op.option("fused_activation_function")
    checks.require(
        activation == "RELU",
        op,
        graph,
        f"its activation is {activation}; TFLite's int8 kernel takes RELU only. "
        f"{checks.RECONVERT}.",
    )


def _bias(op: Operator, graph: Graph, units: int, ctype: str) -> NDArray[np.generic]:
    bias = checks.optional_input(op, graph, BIAS)
    return np.zeros(units, ctype) if bias is None else bias.array()


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data, feature, time = (checks.input_tensor(op, graph, place) for place in (DATA, FEATURE, TIME))
    units = feature.shape[0] // op.option("rank")
    sizes: tuple[tuple[str, FieldValue], ...] = (
        ("batches", data.shape[0]),
        ("inputs", data.shape[1]),
        ("units", units),
        ("rank", op.option("rank")),
        ("memory", time.shape[1]),
    )
    if data.dtype.name == "FLOAT32":
        low, high = scaling.float_range(op.option("fused_activation_function"))
        params = Params("ep_svdf_f32_t", (*sizes, ("low", low), ("high", high)))
        bias = Const("bias", "float", _bias(op, graph, units, "<f4").tobytes(), "weights")
        if feature.dtype.name == "INT8":
            return _lower_hybrid(op, graph, params, bias)
        return _step(op, graph, "ep_svdf_f32", (params,), (), bias)
    return _lower_int8(op, graph, sizes, units)


def _lower_hybrid(op: Operator, graph: Graph, params: Params, bias: Const) -> Lowered:
    feature, time = (checks.input_tensor(op, graph, place) for place in (FEATURE, TIME))
    sums = feature.array().astype(np.int64).sum(axis=1).astype("<i4")
    totals = Const("totals", "int32_t", sums.tobytes(), "tables")
    free = op.option("asymmetric_quantize_inputs")
    first = (params, Scalar("float", feature.scale), Scalar("float", time.scale))
    scratch = Scratch(feature.shape[1])
    return _step(op, graph, "ep_svdf_hybrid", first, (totals if free else None,), bias, scratch)


def _lower_int8(
    op: Operator, graph: Graph, sizes: tuple[tuple[str, FieldValue], ...], units: int
) -> Lowered:
    data, feature, time, state = (checks.input_tensor(op, graph, n) for n in (0, 1, 2, STATE))
    output = checks.output_tensor(op, graph)
    rows = feature.array().astype(np.int64)
    folded = -data.zero_point * rows.sum(axis=1)
    scaling.require_int32(op, graph, scaling.sum_bounds(rows, folded, -128, 127))
    filters = quantize_multiplier(data.scale * feature.scale / state.scale)
    result = quantize_multiplier(state.scale * time.scale / output.scale)
    params = Params(
        "ep_svdf_t",
        (
            *sizes,
            ("mantissa_f", filters.mantissa),
            ("mantissa", result.mantissa),
            ("shift_f", filters.shift),
            ("shift", result.shift),
            ("zero_state", state.zero_point),
            ("zero", output.zero_point),
        ),
    )
    bias_f = Const("bias_f", "int32_t", folded.astype("<i4").tobytes(), "weights")
    bias = Const("bias", "int32_t", _bias(op, graph, units, "<i4").tobytes(), "weights")
    kernel = "ep_svdf_s16" if state.dtype.name == "INT16" else "ep_svdf_s8"
    return _step(op, graph, kernel, (params,), (bias_f,), bias)


def _step(
    op: Operator,
    graph: Graph,
    kernel: str,
    first: tuple[Argument, ...],
    between: tuple[Argument, ...],
    bias: Const,
    *scratch: Scratch,
) -> Lowered:
    feature, time = (checks.input_tensor(op, graph, place) for place in (FEATURE, TIME))
    data, state, output = op.inputs[DATA], op.inputs[STATE], op.outputs[0]
    arguments = (
        *first,
        TensorRef(data),
        TensorRef(feature.index),
        *between,
        TensorRef(time.index),
        bias,
        TensorRef(state),
        *scratch,
        TensorRef(output),
    )
    macs = graph.tensor(data).shape[0] * (feature.elements + time.elements)
    inputs = (data, state) if graph.tensor(data).data is None else (state,)
    return Lowered((Step(op.index, kernel, kernel, arguments, inputs, (output, state), macs=macs),))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="SVDF",
        code=27,
        options_type=6,
        options=(
            OptionField("rank", 0, "int32"),
            OptionField("fused_activation_function", 1, "int8", 0, ACTIVATION),
            OptionField("asymmetric_quantize_inputs", 2, "bool"),
        ),
        inputs=(5, 5),
        optional=frozenset({BIAS}),
        check=_check,
        lower=_lower,
        oracle="LiteRT reference; int8 memory: TFLite Micro",
        notes="int8 with a memory of int16 or int8 (which LiteRT does not run); its activation is "
        "RELU, which TFLite leaves to the output's zero point. Hybrid (float with int8 weights) "
        f"too. {LEAST_WEIGHT}",
    ),
)
