"""Long short-term memory over a sequence: a row of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators import checks, lstm_hybrid, lstm_s8, lstm_s16, lstm_weights
from edgepack.compiler.operators.hybrid import LEAST_WEIGHT
from edgepack.compiler.operators.lstm_weights import BIASES, COEFFICIENTS, INPUT, Gate, Sizes
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.operators.sequences import Walk, walk_of
from edgepack.graph import Graph, Operator
from edgepack.program import (
    Argument,
    Lowered,
    LowerSpec,
    Params,
    Scalar,
    Scratch,
    Step,
    TensorRef,
)

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
OPTIONAL = frozenset({1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23})
FLOAT_ULP = 2**14  # the curves and the order of the sums, carried on from step to step


def _check(op: Operator, graph: Graph) -> None:
    data, output = checks.input_tensor(op, graph, INPUT), checks.output_tensor(op, graph)
    checks.require_type(op, graph, data, ("int8", "int16", "float32"))
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, data, 3, 3)
    sizes = check_layer(op, graph)
    checks.require_shape(op, graph, output, (*data.shape[:2], sizes.outputs))


def check_layer(op: Operator, graph: Graph) -> Sizes:
    """All but the output's type and shape; the layer's sizes."""
    data, sizes = checks.input_tensor(op, graph, INPUT), lstm_weights.sizes_of(op, graph)
    if data.dtype.name == "INT16":
        lstm_s16.check_parts(op, graph, sizes)
    lstm_weights.check_weights(op, graph, sizes)
    activation = op.option("fused_activation_function")
    checks.require(
        activation == "TANH",
        op,
        graph,
        f"its activation is {activation}; TANH is supported. Use it in the model.",
    )
    checks.require(
        all(checks.optional_input(op, graph, place) is None for place in COEFFICIENTS),
        op,
        graph,
        "it has layer normalisation inside its cells; none is supported. Normalise outside the "
        "layer instead.",
    )
    for name in ("cell_clip", "proj_clip"):
        clip = op.option(name)
        checks.require(
            0.0 <= clip < float("inf"),
            op,
            graph,
            f"{name} is {clip}; it must be finite and not negative. {checks.RECONVERT}.",
        )
    if data.dtype.name == "INT8":
        lstm_s8.check(op, graph, sizes)
    elif data.dtype.name == "INT16":
        lstm_s16.check(op, graph, sizes)
    elif lstm_weights.is_hybrid(op, graph):
        lstm_hybrid.check(op, graph, sizes)
    return sizes


def _lower(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    data = checks.input_tensor(op, graph, INPUT)
    return Lowered((layer_step(op, graph, walk_of(data, op.option("time_major"))),))


def layer_step(op: Operator, graph: Graph, walk: Walk) -> Step:
    """The kernel call that takes the layer along its sequence."""
    data = checks.input_tensor(op, graph, INPUT)
    sizes = lstm_weights.sizes_of(op, graph)
    params = Params("ep_lstm_t", sizes.fields(walk))
    if data.dtype.name == "INT8":
        return _step(op, graph, sizes, "ep_lstm_s8", (params, *lstm_s8.tables(op, graph, sizes)))
    if data.dtype.name == "INT16":
        own = (params, *lstm_s16.tables(op, graph, sizes))
        more = 3 * sizes.cells * data.dtype.bytes
        return _step(op, graph, sizes, "ep_lstm_s16", own, more)
    if lstm_weights.is_hybrid(op, graph):
        tables = lstm_hybrid.tables(op, graph, sizes)
        bytes_too = sizes.inputs + sizes.outputs + sizes.cells
        return _step(op, graph, sizes, "ep_lstm_hybrid", (params, *tables), bytes_too)
    bias = lstm_weights.gates_vector(op, graph, sizes, BIASES)
    tables = (
        Scalar("float", float(op.option("cell_clip"))),
        Scalar("float", float(op.option("proj_clip"))),
        TensorRef(data.index),
        lstm_weights.weights(op, graph, sizes),
        lstm_weights.const("bias", "float", bias),
        lstm_weights.peephole(op, graph, sizes),
        *lstm_weights.projection(op, graph, sizes),
    )
    return _step(op, graph, sizes, "ep_lstm_f32", (params, *tables))


def _step(
    op: Operator,
    graph: Graph,
    sizes: Sizes,
    kernel: str,
    arguments: tuple[Argument, ...],
    more_bytes: int = 0,
) -> Step:
    state, cells, output = op.inputs[Gate.STATE], op.inputs[Gate.CELLS], op.outputs[0]
    data = checks.input_tensor(op, graph, INPUT)
    scratch = Scratch(sizes.cells * data.dtype.bytes + more_bytes)
    rest = (TensorRef(state), TensorRef(cells), scratch, TensorRef(output))
    inputs = (state, cells) if data.data is not None else (data.index, state, cells)
    return Step(
        op.index,
        kernel,
        kernel,
        (*arguments, *rest),
        inputs,
        (output, state, cells),
        macs=sizes.macs,
    )


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="UNIDIRECTIONAL_SEQUENCE_LSTM",
        code=44,
        options_type=71,
        options=(
            OptionField("fused_activation_function", 0, "int8", 0, ACTIVATIONS),
            OptionField("cell_clip", 1, "float32"),
            OptionField("proj_clip", 2, "float32"),
            OptionField("time_major", 3, "bool"),
            OptionField("asymmetric_quantize_inputs", 4, "bool"),
        ),
        inputs=(20, 24),
        types=("int8", "int16", "float32"),
        optional=OPTIONAL,
        check=_check,
        lower=_lower,
        float_ulp=FLOAT_ULP,
        tags=frozenset({"intermediates"}),
        oracle="LiteRT reference; int16: TFLite Micro",
        notes="Hybrid (float with int8 weights) too; projection, peepholes, clipping and coupled "
        "input gates; no layer normalisation inside the cells. int16 with int8 weights, which "
        "LiteRT does not take, is TFLite Micro's: clipping is all it has of those. float32: "
        f"within 2^-17 of LiteRT beside outputs of size 1. {LEAST_WEIGHT}",
    ),
)
