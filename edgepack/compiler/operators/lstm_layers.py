"""LSTM of a single step, and over a sequence in both directions: rows of the table of operators.

Each is the layer of lstm.py, or two of it, over other places of the inputs.
"""

from __future__ import annotations

from dataclasses import replace

from edgepack.compiler.operators import checks, lstm, lstm_basic, lstm_weights
from edgepack.compiler.operators.rnn import require_no_auxiliary
from edgepack.compiler.operators.row import OperatorRow, OptionField
from edgepack.compiler.operators.sequences import require_joined, walk_of, walks_of
from edgepack.graph import ABSENT, Graph, Operator
from edgepack.program import Lowered, LowerSpec

AUXILIARY = 39
AUXILIARY_WEIGHTS = tuple(range(40, 48))
FIRST = (1, 18)  # of the layer forwards and the one backwards: the place of its weights
STATES = (35, 37)  # and of its states
OPTIONAL_WEIGHTS = (1, 5, 9, 10, 11, 12, 16, 17)  # in a layer of its own


def _single(op: Operator) -> Operator:
    return replace(op, options={**op.options, "time_major": False})


def _check_single(op: Operator, graph: Graph) -> None:
    if op.option("kernel_type") == "BASIC":
        lstm_basic.check(op, graph)
        return
    data, output = checks.input_tensor(op, graph, 0), checks.output_tensor(op, graph)
    checks.require(
        len(op.inputs) >= 20 and len(op.outputs) == 1,
        op,
        graph,
        f"it has {len(op.inputs)} inputs and {len(op.outputs)} outputs; the full kernel has 20 or "
        f"24, and 1. {checks.RECONVERT}.",
    )
    checks.require_type(op, graph, data, ("int8", "float32"))
    checks.require_same_type(op, graph, data, output)
    checks.require_rank(op, graph, data, 2, 2)
    sizes = lstm.check_layer(_single(op), graph)
    checks.require_shape(op, graph, output, (data.shape[0], sizes.outputs))


def _lower_single(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    if op.option("kernel_type") == "BASIC":
        return lstm_basic.lower(op, graph)
    walk = walk_of(checks.input_tensor(op, graph, 0), False)
    return Lowered((lstm.layer_step(_single(op), graph, walk),))


def _layers(op: Operator) -> tuple[Operator, Operator]:
    """The layers forwards and backwards as operators of one direction."""
    own = op.inputs[AUXILIARY] if len(op.inputs) > AUXILIARY else ABSENT
    data = (op.inputs[0], op.inputs[0] if own == ABSENT else own)
    outputs = (op.outputs[0], op.outputs[-1])
    found = []
    for way, (first, state) in enumerate(zip(FIRST, STATES, strict=True)):
        weights = op.inputs[first : first + 17]
        inputs = (data[way], *weights, *op.inputs[state : state + 2])
        found.append(replace(op, inputs=inputs, outputs=(outputs[way],)))
    return found[0], found[1]


def _check_two_way(op: Operator, graph: Graph) -> None:
    data = checks.input_tensor(op, graph, 0)
    checks.require_type(op, graph, data, ("float32",))
    checks.require_rank(op, graph, data, 3, 3)
    require_no_auxiliary(op, graph, AUXILIARY_WEIGHTS)
    sizes = []
    for layer in _layers(op):
        own = checks.input_tensor(layer, graph, 0)
        checks.require_same_type(op, graph, data, own)
        checks.require_shape(op, graph, own, data.shape)
        sizes.append(lstm.check_layer(layer, graph))
    one, two = sizes
    checks.require(
        (one.cells, one.outputs) == (two.cells, two.outputs),
        op,
        graph,
        f"it has {one.cells} cells and {one.outputs} outputs forwards, {two.cells} and "
        f"{two.outputs} backwards; TFLite takes as many both ways. Use two layers in the model.",
    )
    require_joined(op, graph, data, (one.outputs, two.outputs))


def _lower_two_way(op: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
    layers = _layers(op)
    one, two = (lstm_weights.sizes_of(layer, graph).outputs for layer in layers)
    walks = walks_of(op, checks.input_tensor(op, graph, 0), (one, two))
    ahead, back = (lstm.layer_step(o, graph, walk) for o, walk in zip(layers, walks, strict=True))
    if op.option("merge_outputs"):  # what the other direction has written stays
        back = replace(back, inputs=(*back.inputs, op.outputs[0]))
    return Lowered((ahead, back))


def _optional() -> frozenset[int]:
    weights = {first - 1 + place for first in FIRST for place in OPTIONAL_WEIGHTS}
    return frozenset(weights | {AUXILIARY, *AUXILIARY_WEIGHTS})


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        kind="LSTM",
        code=16,
        options_type=14,
        options=(
            OptionField("fused_activation_function", 0, "int8", 0, lstm.ACTIVATIONS),
            OptionField("cell_clip", 1, "float32"),
            OptionField("proj_clip", 2, "float32"),
            OptionField("kernel_type", 3, "int8", 0, ("FULL", "BASIC")),
            OptionField("asymmetric_quantize_inputs", 4, "bool"),
        ),
        inputs=(5, 24),
        outputs=(1, 4),
        optional=lstm.OPTIONAL,
        check=_check_single,
        lower=_lower_single,
        float_ulp=lstm.FLOAT_ULP,
        tags=frozenset({"intermediates"}),
        notes="The full kernel as UNIDIRECTIONAL_SEQUENCE_LSTM over one step; the basic one in "
        "float32.",
    ),
    OperatorRow(
        kind="BIDIRECTIONAL_SEQUENCE_LSTM",
        code=52,
        options_type=69,
        options=(
            OptionField("fused_activation_function", 0, "int8", 0, lstm.ACTIVATIONS),
            OptionField("cell_clip", 1, "float32"),
            OptionField("proj_clip", 2, "float32"),
            OptionField("merge_outputs", 3, "bool"),
            OptionField("time_major", 4, "bool", True),
            OptionField("asymmetric_quantize_inputs", 5, "bool"),
        ),
        inputs=(39, 48),
        outputs=(1, 2),
        optional=_optional(),
        types=("float32",),
        check=_check_two_way,
        lower=_lower_two_way,
        float_ulp=lstm.FLOAT_ULP,
        notes="As UNIDIRECTIONAL_SEQUENCE_LSTM, float32 and hybrid; an auxiliary input only as the "
        "backward layer's own. LiteRT's answers vary where several batches come before time.",
    ),
)
