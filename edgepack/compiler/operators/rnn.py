"""Simple recurrent layers, of one step or a sequence: rows of the table of operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.hybrid import LEAST_WEIGHT
from edgepack.compiler.operators.row import ACTIVATION, OperatorRow, OptionField
from edgepack.compiler.operators.sequences import Walk, require_joined, walk_of, walks_of
from edgepack.graph import Graph, Operator, Tensor
from edgepack.program import (
    Argument,
    Const,
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

ACTIVATIONS = (*ACTIVATION, "TANH")
KERNEL_ACTIVATIONS = {"NONE": 0, "TANH": 2}  # EP_RNN_NONE, EP_RNN_TANH; else EP_RNN_CLAMP
FLOAT_ULP = 2**14  # the tangent and the order of the sums, carried on from step to step
ASYMMETRIC = "asymmetric_quantize_inputs"
NOTES = (
    "Hybrid (float with int8 weights) too. float32: within 2^-17 of LiteRT beside outputs of "
    f"size 1. {LEAST_WEIGHT}"
)


@dataclass(frozen=True, slots=True)
class Places:
    """Places of one layer's inputs."""

    data: int
    weights: int
    recurrent: int
    bias: int
    state: int


ONE_WAY = Places(0, 1, 2, 3, 4)
AHEAD, BACK = ONE_WAY, Places(0, 5, 6, 7, 8)
AUXILIARY, AUXILIARY_WEIGHTS = 9, (10, 11)


def _check_layer(op: Operator, graph: Graph, at: Places, batches: int) -> int:
    """Types and shapes of weights, bias and state; how many units the layer has."""
    data = checks.input_tensor(op, graph, at.data)
    checks.require_type(op, graph, data, ("float32",))
    weights, recurrent, bias = (
        checks.require_constant(op, graph, n) for n in (at.weights, at.recurrent, at.bias)
    )
    checks.require_type(op, graph, weights, ("float32", "int8"))
    checks.require_same_type(op, graph, weights, recurrent)
    checks.require_rank(op, graph, weights, 2, 2)
    units = weights.shape[0]
    checks.require_shape(op, graph, weights, (units, data.shape[-1]))
    checks.require_shape(op, graph, recurrent, (units, units))
    checks.require_type(op, graph, bias, ("float32",))
    checks.require_shape(op, graph, bias, (units,))
    state = checks.require_state(op, graph, at.state)
    checks.require_type(op, graph, state, ("float32",))
    checks.require_shape(op, graph, state, (batches, units))
    if weights.dtype.name == "INT8":
        for tensor in (weights, recurrent):
            checks.require_per_tensor(op, graph, tensor)
            checks.require_symmetric(op, graph, tensor)
            rows = tensor.array().astype(np.int64)
            bounds = scaling.sum_bounds(rows, np.zeros(units, np.int64), -255, 255)
            scaling.require_int32(op, graph, bounds)
    return units


def _check(op: Operator, graph: Graph) -> None:
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    rank = 2 if op.kind == "RNN" else 3
    checks.require_rank(op, graph, data, rank, rank)
    units = _check_layer(op, graph, ONE_WAY, _walk(op, data).batches)
    checks.require_same_type(op, graph, data, output)
    checks.require_shape(op, graph, output, (*data.shape[:-1], units))


def _walk(op: Operator, data: Tensor) -> Walk:
    return walk_of(data, bool(op.options.get("time_major")))


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    walk = _walk(op, checks.input_tensor(op, graph, 0))
    return Lowered((_step(op, graph, ONE_WAY, walk, op.outputs[0]),))


def _step(op: Operator, graph: Graph, at: Places, walk: Walk, output: int) -> Step:
    data, weights = checks.input_tensor(op, graph, at.data), _array(op, graph, at.weights)
    recurrent, state = _array(op, graph, at.recurrent), op.inputs[at.state]
    units, inputs = weights.shape
    both = np.concatenate([weights, recurrent], axis=1)
    hybrid = both.dtype == np.int8
    bias = Const("bias", "float", _array(op, graph, at.bias).tobytes(), "weights")
    w = Const("weights", "int8_t" if hybrid else "float", both.tobytes(), "weights")
    before: tuple[Argument, ...] = ()
    totals: tuple[Argument, ...] = ()
    scratch: tuple[Argument, ...] = ()
    if hybrid:
        before = tuple(
            Scalar("float", checks.input_tensor(op, graph, n).scale)
            for n in (at.weights, at.recurrent)
        )
        totals = (_totals(weights, recurrent) if op.option(ASYMMETRIC) else None,)
        scratch = (Scratch(inputs + units),)
    arguments = (
        _params(op, walk, inputs, units),
        *before,
        TensorRef(data.index),
        w,
        *totals,
        bias,
        TensorRef(state),
        *scratch,
        TensorRef(output),
    )
    kernel = "ep_rnn_hybrid" if hybrid else "ep_rnn_f32"
    reads = (state,) if data.data is not None else (data.index, state)
    if walk.offset:  # what the other direction has written stays
        reads = (*reads, output)
    macs = walk.batches * walk.steps * both.size
    return Step(op.index, kernel, kernel, arguments, reads, (output, state), macs=macs)


def _params(op: Operator, walk: Walk, inputs: int, units: int) -> Params:
    activation = op.option("fused_activation_function")
    low, high = scaling.float_range("NONE" if activation == "TANH" else activation)
    return Params(
        "ep_rnn_t",
        (
            ("batches", walk.batches),
            ("steps", walk.steps),
            ("inputs", inputs),
            ("units", units),
            *walk.fields(inputs, units),
            ("activation", KERNEL_ACTIVATIONS.get(activation, 1)),
            ("low", low),
            ("high", high),
        ),
    )


def _array(op: Operator, graph: Graph, place: int) -> NDArray[np.generic]:
    return checks.input_tensor(op, graph, place).array()


def _totals(weights: NDArray[np.generic], recurrent: NDArray[np.generic]) -> Const:
    sums = [part.astype(np.int64).sum(axis=1) for part in (weights, recurrent)]
    return Const("totals", "int32_t", np.stack(sums, axis=1).astype("<i4").tobytes(), "tables")


def _both(op: Operator, graph: Graph) -> tuple[int, int]:
    """How many units each layer has."""
    one, two = (checks.require_constant(op, graph, at.weights) for at in (AHEAD, BACK))
    for tensor in (one, two):
        checks.require_rank(op, graph, tensor, 2, 2)
    return one.shape[0], two.shape[0]


def _check_two_way(op: Operator, graph: Graph) -> None:
    data = checks.input_tensor(op, graph, 0)
    checks.require_rank(op, graph, data, 3, 3)
    require_no_auxiliary(op, graph, AUXILIARY_WEIGHTS)
    checks.require(
        checks.optional_input(op, graph, AUXILIARY) is None,
        op,
        graph,
        "its backward layer has an input of its own, which TFLite's kernel does not read in all "
        "layouts; none is supported. Use two layers in the model.",
    )
    checks.require(
        not op.option("time_major"),
        op,
        graph,
        "time_major; TFLite's kernel then goes along the sequence as often as it has steps. "
        "Transpose the input in the model, so that its first dimension is the batch.",
    )
    units = _both(op, graph)
    for at in (AHEAD, BACK):
        _check_layer(op, graph, at, data.shape[0])
    require_joined(op, graph, data, units)


def require_no_auxiliary(op: Operator, graph: Graph, places: tuple[int, ...]) -> None:
    """A two-way layer takes no second input through weights of its own."""
    checks.require(
        all(checks.optional_input(op, graph, place) is None for place in places),
        op,
        graph,
        "it has an auxiliary input with weights of its own; none is supported. Join the two inputs "
        "along the last axis in front of it.",
    )


def _lower_two_way(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    walks = walks_of(op, checks.input_tensor(op, graph, 0), _both(op, graph))
    ahead = _step(op, graph, AHEAD, walks[0], op.outputs[0])
    return Lowered((ahead, _step(op, graph, BACK, walks[1], op.outputs[-1])))


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="RNN",
        code=24,
        options_type=7,
        options=(
            OptionField("fused_activation_function", 0, "int8", 0, ACTIVATIONS),
            OptionField(ASYMMETRIC, 1, "bool"),
        ),
        inputs=(5, 5),
        types=("float32",),
        check=_check,
        lower=_lower,
        float_ulp=FLOAT_ULP,
        notes=NOTES,
    ),
    OperatorRow(
        kind="UNIDIRECTIONAL_SEQUENCE_RNN",
        code=35,
        options_type=31,
        options=(
            OptionField("time_major", 0, "bool"),
            OptionField("fused_activation_function", 1, "int8", 0, ACTIVATIONS),
            OptionField(ASYMMETRIC, 2, "bool"),
        ),
        inputs=(5, 5),
        types=("float32",),
        check=_check,
        lower=_lower,
        float_ulp=FLOAT_ULP,
        notes=NOTES,
    ),
    OperatorRow(
        kind="BIDIRECTIONAL_SEQUENCE_RNN",
        code=46,
        options_type=70,
        options=(
            OptionField("time_major", 0, "bool"),
            OptionField("fused_activation_function", 1, "int8", 0, ACTIVATIONS),
            OptionField("merge_outputs", 2, "bool"),
            OptionField(ASYMMETRIC, 3, "bool"),
        ),
        inputs=(9, 12),
        outputs=(1, 2),
        optional=frozenset({9, 10, 11}),
        types=("float32",),
        check=_check_two_way,
        lower=_lower_two_way,
        float_ulp=FLOAT_ULP,
        notes=f"Batch-major, without an auxiliary input. {NOTES}",
    ),
)
