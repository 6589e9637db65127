"""Simple recurrent layers, an LSTM's single step, and layers in both directions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_values
from tests.kernels.test_lstm import Weights, lstm_case
from tests.tflite_builder import ModelBuilder, pack, unpack

SAMPLES = 3
TOLERANCE = 2.0**-17  # beside outputs of size 1
ACTIVATIONS = ("TANH", "RELU6", "NONE", "RELU", "TANH", "RELU_N1_TO_1")


def check_near(cases: Sequence[Case]) -> None:
    """All outputs lie within TOLERANCE of the reference's, beside outputs of size 1."""
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, answers, reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), f"{case.label}: {reference}"
        for answer, want in zip(answers, reference.outputs, strict=True):
            apart = np.abs(answer.reshape(want.shape) - want).max() / max(1.0, np.abs(want).max())
            assert apart < TOLERANCE, f"{case.label}: {apart}"


def samples(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Several invocations' inputs where the leading dimension is 1, else one."""
    values = (random_values(rng, (SAMPLES, *shape), "float32") * 0.1).astype(np.float32)
    return values[:, 0] if shape[0] == 1 else values[0]


def rnn_layer(w: Weights, batch: int, inputs: int, units: int) -> list[int]:
    """Weights, recurrent weights, bias and state of one layer."""
    state = w.builder.tensor((batch, units), "float32", variable=True)
    return [w.matrix(units, inputs), w.matrix(units, units), w.vector(units), state]


def rnn_case(rng: np.random.Generator, kind: str, number: int) -> Case:
    """A layer of any kind and its options in turn."""
    hybrid, time_major = number % 2 == 1, number % 4 > 1
    batch = 2 if number % 3 == 2 else 1
    steps, inputs, units = (int(n) for n in rng.integers(1, 9, 3))
    both, joined = kind.startswith("BI"), number % 5 < 2
    time_major = time_major and not both  # which TFLite's kernel gets wrong
    builder = ModelBuilder()
    w = Weights(rng, builder, False, hybrid)
    lead = (batch,) if kind == "RNN" else (steps, batch) if time_major else (batch, steps)
    x = builder.tensor((*lead, inputs), "float32")
    tensors = [x, *rnn_layer(w, batch, inputs, units)]
    widths = [units]
    if both:
        widths.append(int(rng.integers(1, 9)))
        tensors += rnn_layer(w, batch, inputs, widths[1])
        tensors += [-1, -1, -1]
        if joined:
            widths = [sum(widths)]
    outputs = [builder.tensor((*lead, width), "float32") for width in widths]
    options = {"time_major": time_major} if kind != "RNN" else {}
    options |= {"merge_outputs": joined} if both else {}
    builder.operator(
        kind,
        tensors,
        outputs,
        version=3,
        fused_activation_function=ACTIVATIONS[number % 6],
        asymmetric_quantize_inputs=hybrid and number % 8 > 3,
        **options,
    )
    label = f"{kind} {number} {lead} {inputs} {widths} hybrid {hybrid}"
    given = samples(rng, builder.tensors[x].shape)
    return Case(builder.build([x], outputs), [given], label=label)


def lstm_layer(w: Weights, batch: int, inputs: int, cells: int, number: int) -> list[int]:
    """The 17 weights of a layer and its states."""
    coupled, peeps, projected = number % 4 == 1, number % 3 == 0, number % 5 > 2
    outputs = 1 + number % 7 if projected else cells
    found = [-1] * 19
    for gate in range(1 if coupled else 0, 4):
        found[gate] = w.matrix(cells, inputs)
        found[4 + gate] = w.matrix(cells, outputs)
        found[11 + gate] = w.vector(cells)
        if peeps and gate != 2:
            found[8 + (gate if gate < 2 else 2)] = w.peephole(cells)
    if projected:
        found[15] = w.matrix(outputs, cells)
    found[17] = w.builder.tensor((batch, outputs), "float32", variable=True)
    found[18] = w.builder.tensor((batch, cells), "float32", variable=True)
    return found


def two_way_case(rng: np.random.Generator, number: int, batch: int = 0) -> Case:
    """An LSTM in both directions.

    Several batches only where time comes first: else LiteRT's answers for all but the first vary
    from run to run.
    """
    hybrid, time_major, joined = number % 2 == 1, number % 4 > 1, number % 5 < 3
    batch = batch or (2 if number % 3 == 2 and time_major else 1)
    own = number % 7 == 3
    steps, inputs, cells = (int(n) for n in rng.integers(1, 9, 3))
    builder = ModelBuilder()
    w = Weights(rng, builder, False, hybrid)
    lead = (steps, batch) if time_major else (batch, steps)
    ends = [builder.tensor((*lead, inputs), "float32")]
    if own:
        ends.append(builder.tensor((*lead, inputs), "float32"))
    ahead = lstm_layer(w, batch, inputs, cells, number)
    back = lstm_layer(w, batch, inputs, cells, number)
    states = [*ahead[17:], *back[17:]]
    widths = [builder.tensors[layer[17]].shape[1] for layer in (ahead, back)]
    tensors = [ends[0], *ahead[:17], *back[:17], *states, ends[1] if own else -1, *[-1] * 8]
    shapes = [(*lead, sum(widths))] if joined else [(*lead, width) for width in widths]
    outputs = [builder.tensor(shape, "float32") for shape in shapes]
    clip = float(rng.choice([0.0, 0.0, 0.3]))
    builder.operator(
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        tensors,
        outputs,
        version=3,
        fused_activation_function="TANH",
        merge_outputs=joined,
        time_major=time_major,
        cell_clip=clip,
        proj_clip=clip,
        asymmetric_quantize_inputs=hybrid and number % 8 > 3,
    )
    label = f"two ways {number} {lead} {inputs} {cells} {widths} hybrid {hybrid} joined {joined}"
    given = [samples(rng, builder.tensors[end].shape) for end in ends]
    return Case(builder.build(ends, outputs), given, label=label)


def single_case(rng: np.random.Generator, dtype: str, number: int, hybrid: bool = False) -> Case:
    """An LSTM over one step, made the operator that has no steps."""
    while True:
        case = lstm_case(rng, dtype, number, hybrid)
        model = unpack(case.model)
        graph = model.subgraphs[0]
        op, data = graph.operators[0], graph.tensors[graph.inputs[0]]
        if op.builtinOptions.timeMajor:
            number += 1
        elif data.shape[1] == 1:
            break
    for end in (data, graph.tensors[graph.outputs[0]]):
        end.shape = [end.shape[0], end.shape[2]]
    old, new = op.builtinOptions, ModelBuilder()
    new.operator(
        "LSTM",
        op.inputs,
        op.outputs,
        version=4,
        fused_activation_function="TANH",
        cell_clip=old.cellClip,
        proj_clip=old.projClip,
        asymmetric_quantize_inputs=old.asymmetricQuantizeInputs,
    )
    op.builtinOptions, op.builtinOptionsType = (
        new.operators[0].builtinOptions,
        new.operators[0].builtinOptionsType,
    )
    model.operatorCodes = new.codes
    x = np.ascontiguousarray(case.inputs[0])
    return Case(pack(model), [x.reshape(-1, x.shape[-1])], label=f"one step {case.label}")


def basic_case(rng: np.random.Generator, number: int, ends: int = 2, clip: float = 0.0) -> Case:
    """An LSTM's basic kernel; of its outputs, one or both that mean something."""
    batch, (inputs, units) = 1 + number % 2, (int(n) for n in rng.integers(1, 12, 2))
    builder = ModelBuilder()
    w = Weights(rng, builder, False)
    x = builder.tensor((batch, inputs), "float32")
    state, cells = (builder.tensor((batch, units), "float32", variable=True) for _ in range(2))
    tensors = [x, state, w.matrix(4 * units, inputs + units), w.vector(4 * units), cells]
    shapes = (units, units, inputs + units, 4 * units)
    outputs = [builder.tensor((batch, size), "float32") for size in shapes]
    options = {"fused_activation_function": "TANH", "kernel_type": 1, "cell_clip": clip}
    builder.operator("LSTM", tensors, outputs, version=2, **options)
    model = builder.build([x], outputs[:ends])
    return Case(model, [samples(rng, (batch, inputs))], label=f"basic {batch} {inputs} {units}")


def test_basic_lstm(case_count: int) -> None:
    rng = np.random.default_rng(92)
    check_near([basic_case(rng, n, 1 + n % 2) for n in range(case_count // 2)])


def test_refusals_of_a_basic_lstm() -> None:
    rng = np.random.default_rng(93)
    with pytest.raises(ModelError, match="its third or fourth output is read"):
        read_model(basic_case(rng, 0, 3).model)
    with pytest.raises(ModelError, match=r"and it clips at 0\.5 and 0; the basic kernel takes"):
        read_model(basic_case(rng, 0, clip=0.5).model)


@pytest.mark.parametrize(
    "kind", ["RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"]
)
def test_simple_layers(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(81)
    check_near([rnn_case(rng, kind, n) for n in range(case_count)])


def test_lstm_in_both_directions(case_count: int) -> None:
    rng = np.random.default_rng(82)
    check_near([two_way_case(rng, n) for n in range(case_count)])


@pytest.mark.parametrize("number", [0, 1, 4, 5])
def test_batches_in_front_are_sequences_of_their_own(number: int) -> None:
    one = two_way_case(np.random.default_rng(90), number, 1)
    two = two_way_case(np.random.default_rng(90), number, 2)
    width = two.inputs[0].shape[1:]
    x = random_values(np.random.default_rng(91), (2, *width), "float32")
    each = [Case(one.model, [row[None]] * len(one.inputs)) for row in x]
    whole, *parts = run_cases([Case(two.model, [x] * len(two.inputs)), *each])
    for place, output in enumerate(whole):
        assert (output == np.concatenate([part[place] for part in parts])).all()


@pytest.mark.parametrize("hybrid", [False, True])
def test_one_step_of_an_lstm(hybrid: bool, case_count: int) -> None:
    rng = np.random.default_rng(83)
    check_near([single_case(rng, "float32", n, hybrid) for n in range(case_count // 2)])


def test_one_step_of_an_int8_lstm(case_count: int) -> None:
    rng = np.random.default_rng(84)
    check([single_case(rng, "int8", n) for n in range(case_count // 2)])


def refusal(case: Case, change: Callable[[Any], None]) -> str:
    """What is said to a case's model once `change` has spoilt its subgraph."""
    model = unpack(case.model)
    change(model.subgraphs[0])
    with pytest.raises(ModelError) as error:
        read_model(pack(model))
    return str(error.value)


def test_refusals_of_simple_layers() -> None:
    case = rnn_case(np.random.default_rng(85), "UNIDIRECTIONAL_SEQUENCE_RNN", 0)

    def spoil(place: int, shape: list[int]) -> str:
        return refusal(
            case, lambda g: setattr(g.tensors[g.operators[0].inputs[place]], "shape", shape)
        )

    def swap(place: int, other: int) -> str:
        def change(graph: Any) -> None:
            inputs = list(graph.operators[0].inputs)
            inputs[place] = inputs[other]
            graph.operators[0].inputs = inputs

        return refusal(case, change)

    units = unpack(case.model).subgraphs[0].tensors[5].shape[-1]
    assert f"must be [1,{units}]" in spoil(4, [1, units + 1])
    assert "has 2 dimensions; supported: 3" in spoil(0, [1, 4])
    assert "is no variable; the layer keeps its state in it" in swap(4, 3)
    assert "has 1 dimensions; supported: 2" in swap(1, 3)
    assert "is computed by the model; only a constant is supported here" in swap(3, 0)


def test_refusals_of_layers_in_both_directions() -> None:
    for case in (
        rnn_case(np.random.default_rng(86), "BIDIRECTIONAL_SEQUENCE_RNN", 0),
        two_way_case(np.random.default_rng(86), 0),
    ):

        def auxiliary(graph: Any) -> None:
            op = graph.operators[0]
            op.inputs = [*op.inputs[:-2], max(op.inputs[1:3]), -1]

        def twice(graph: Any) -> None:
            spare = copy.deepcopy(graph.tensors[graph.outputs[0]])
            graph.tensors.append(spare)
            graph.operators[0].outputs = [graph.outputs[0], len(graph.tensors) - 1]

        def apart(graph: Any) -> None:
            graph.operators[0].builtinOptions.mergeOutputs = False

        assert "it has an auxiliary input with weights of its own" in refusal(case, auxiliary)
        assert "it has 1 outputs; it must have 2, one a direction" in refusal(case, apart)
        assert "it joins its outputs, and has 2" in refusal(case, twice)


def test_refusals_of_what_the_reference_gets_wrong() -> None:
    case = rnn_case(np.random.default_rng(86), "BIDIRECTIONAL_SEQUENCE_RNN", 0)

    def own(graph: Any) -> None:
        op = graph.operators[0]
        op.inputs = [*op.inputs[:-3], graph.inputs[0], -1, -1]

    def time_major(graph: Any) -> None:
        graph.operators[0].builtinOptions.timeMajor = True

    assert "its backward layer has an input of its own, which TFLite" in refusal(case, own)
    assert "goes along the sequence as often as it has steps" in refusal(case, time_major)


def test_cells_of_both_directions_agree() -> None:
    builder, rng = ModelBuilder(), np.random.default_rng(88)
    w = Weights(rng, builder, False)
    x = builder.tensor((1, 2, 3), "float32")
    ahead, back = (lstm_layer(w, 1, 3, cells, 2) for cells in (4, 5))
    y = builder.tensor((1, 2, 9), "float32")
    tensors = [x, *ahead[:17], *back[:17], *ahead[17:], *back[17:], *[-1] * 9]
    options = {"fused_activation_function": "TANH", "merge_outputs": True, "time_major": False}
    builder.operator("BIDIRECTIONAL_SEQUENCE_LSTM", tensors, [y], **options)
    with pytest.raises(ModelError, match="has 4 cells and 4 outputs forwards, 5 and 5 backwards"):
        read_model(builder.build([x], [y]))


def test_refusals_of_an_lstm_of_one_step() -> None:
    case = single_case(np.random.default_rng(87), "float32", 0)

    def basic(graph: Any) -> None:
        graph.operators[0].builtinOptions.kernelType = 1
        graph.operators[0].inputs = graph.operators[0].inputs[:9]

    def few(graph: Any) -> None:
        graph.operators[0].inputs = graph.operators[0].inputs[:5]

    assert "has 9 inputs and 1 outputs; the basic kernel has 5 and 4" in refusal(case, basic)
    assert "has 5 inputs and 1 outputs; the full kernel has 20 or 24" in refusal(case, few)


@pytest.mark.parametrize("free", [False, True])
def test_hybrid_weights_of_minus_128(free: bool) -> None:
    """LiteRT multiplies them by negative inputs as if they were 128; half of them, with twice the
    scale, it multiplies right."""
    rng = np.random.default_rng(74)
    weights, values = rng.choice([-128, -126, 2, 64], (5, 37)), samples(rng, (1, 37))
    models = []
    for part in (1, 2):
        builder = ModelBuilder()
        x, y = builder.tensor((1, 37), "float32"), builder.tensor((1, 5), "float32")
        w = builder.tensor((5, 37), "int8", scale=0.01 * part, data=weights // part)
        again = builder.tensor((5, 5), "int8", scale=0.01, data=np.eye(5) * 64)
        bias = builder.tensor((5,), "float32", data=np.zeros(5))
        state = builder.tensor((1, 5), "float32", variable=True)
        options = {"fused_activation_function": "NONE", "asymmetric_quantize_inputs": free}
        builder.operator("RNN", [x, w, again, bias, state], [y], version=3, **options)
        models.append(Case(builder.build([x], [y]), [values]))
    whole, halves = oracle.run_cases([oracle.Case(case.model, (values,)) for case in models])
    assert isinstance(whole, oracle.ReferenceRun)
    assert isinstance(halves, oracle.ReferenceRun)
    ((answer,),) = run_cases(models[:1])
    np.testing.assert_array_equal(answer, halves.outputs[0].reshape(answer.shape))
    assert (answer != whole.outputs[0].reshape(answer.shape)).any()
