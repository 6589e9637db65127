from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check, random_values
from tests.tflite_builder import ModelBuilder, pack, unpack

KIND = "UNIDIRECTIONAL_SEQUENCE_LSTM"
SAMPLES = 3
TOLERANCE = 2.0**-17  # of float32, beside outputs of size 1


class Weights:
    """Adds an LSTM's tensors to a model."""

    def __init__(
        self, rng: np.random.Generator, builder: ModelBuilder, integer: bool, hybrid: bool = False
    ) -> None:
        self.rng, self.builder, self.integer, self.hybrid = rng, builder, integer, hybrid

    def matrix(self, *shape: int) -> int:
        """Weights, int8 or float32."""
        if self.integer or self.hybrid:
            scale = float(np.float32(10.0 ** self.rng.uniform(-3, -1.7)))
            data = self.rng.integers(-127, 128, shape)
            return self.builder.tensor(shape, "int8", scale=scale, data=data)
        data = self.rng.standard_normal(shape) * self.rng.choice([0.2, 0.5])
        return self.builder.tensor(shape, "float32", data=data)

    def vector(self, count: int, reach: int = 3000) -> int:
        """A bias."""
        if self.integer:
            data = self.rng.integers(-reach, reach, count)
            return self.builder.tensor((count,), "int32", scale=1e-4, data=data)
        return self.builder.tensor((count,), "float32", data=self.rng.standard_normal(count) * 0.3)

    def peephole(self, count: int) -> int:
        """Weights of the cells' own values."""
        if self.integer:
            data = self.rng.integers(-(2**15), 2**15, count)
            scale = float(np.float32(10.0 ** self.rng.uniform(-5, -4)))
            return self.builder.tensor((count,), "int16", scale=scale, data=data)
        if self.hybrid:
            data = self.rng.integers(-127, 128, count)
            return self.builder.tensor((count,), "int8", scale=0.005, data=data)
        return self.builder.tensor((count,), "float32", data=self.rng.standard_normal(count) * 0.5)


def lstm_case(rng: np.random.Generator, dtype: str, number: int, hybrid: bool = False) -> Case:
    """A layer over several steps and invocations; every option in turn."""
    integer = dtype == "int8"
    batch = 2 if number % 4 == 3 else 1
    steps, inputs, cells = (int(n) for n in rng.integers(1, 9, 3))
    if number % 5 == 0:
        inputs, cells = (int(n) for n in rng.integers(9, 40, 2))
    projected, peeps = number % 3 == 1, number % 6 in (0, 5)
    outputs = int(rng.integers(1, 9)) if projected else cells
    coupled, time_major = number % 7 in (2, 5), number % 2 == 1
    builder = ModelBuilder()
    w = Weights(rng, builder, integer, hybrid)
    shape = (steps, batch) if time_major else (batch, steps)
    points = [int(p) for p in rng.integers(-128, 128, 3)]
    h_scale = float(np.float32(1 / 128 if not projected else 10.0 ** rng.uniform(-2.5, -1)))
    x_scale = float(np.float32(10.0 ** rng.uniform(-2.5, -1))) if integer else None
    tensors = [-1] * 24
    tensors[0] = builder.tensor((*shape, inputs), dtype, scale=x_scale, zero_point=points[0])
    for gate in range(1 if coupled else 0, 4):
        tensors[1 + gate] = w.matrix(cells, inputs)
        tensors[5 + gate] = w.matrix(cells, outputs)
        tensors[12 + gate] = w.vector(cells)
        if peeps and gate != 2:
            tensors[9 + (gate if gate < 2 else 2)] = w.peephole(cells)
    if projected:
        tensors[16] = w.matrix(outputs, cells)
        tensors[17] = w.vector(outputs) if rng.random() < 0.6 else -1
    state = {"scale": h_scale, "zero_point": points[1]} if integer else {}
    tensors[18] = builder.tensor((batch, outputs), dtype, variable=True, **state)
    cell_scale = {"scale": 2.0 ** -int(rng.integers(9, 16))} if integer else {}
    tensors[19] = builder.tensor(
        (batch, cells), "int16" if integer else dtype, variable=True, **cell_scale
    )
    y = builder.tensor((*shape, outputs), dtype, **state)
    clip = float(rng.choice([0.0, 0.0, 0.3, 2.0]))
    builder.operator(
        KIND,
        tensors,
        [y],
        version=3,
        fused_activation_function="TANH",
        time_major=time_major,
        cell_clip=clip,
        proj_clip=clip if projected else 0.0,
        asymmetric_quantize_inputs=hybrid and number % 4 > 1,
    )
    if integer:
        hidden = (h_scale, points[1])
        if projected:
            hidden = (float(np.float32(1 / 127)), points[2])
        marks = [builder.tensor((0,), "int16", scale=2.0**-12) for _ in range(4)]
        marks.append(builder.tensor((0,), "int8", scale=hidden[0], zero_point=hidden[1]))
        builder.operators[-1].intermediates = marks
    values = random_values(rng, (SAMPLES, *shape, inputs), dtype)
    if not integer:
        values = (values * 0.1).astype(np.float32)
    values = values[:, 0] if shape[0] == 1 else values[0]
    label = (
        f"{dtype} {shape} {inputs} {cells} {outputs} peeps {peeps} coupled {coupled} "
        f"time_major {time_major} clip {clip} {points}"
    )
    return Case(builder.build([tensors[0]], [y]), [values], label=label)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(61)
    check([lstm_case(rng, "int8", n) for n in range(case_count)])


@pytest.mark.parametrize("hybrid", [False, True])
def test_float32(hybrid: bool, case_count: int) -> None:
    rng = np.random.default_rng(62)
    cases = [lstm_case(rng, "float32", n, hybrid) for n in range(case_count)]
    references = oracle.run_cases([oracle.Case(c.model, tuple(c.inputs)) for c in cases])
    for case, answer, reference in zip(cases, run_cases(cases), references, strict=True):
        assert isinstance(reference, oracle.ReferenceRun), f"{case.label}: {reference}"
        want = reference.outputs[0]
        apart = np.abs(answer[0].reshape(want.shape) - want).max() / max(1.0, np.abs(want).max())
        assert apart < TOLERANCE, f"{case.label}: {apart}"


def test_hybrid_weights_of_minus_128() -> None:
    """LiteRT multiplies them by negative inputs as if they were 128; half of them, with twice the
    scale, it multiplies right."""
    case = lstm_case(np.random.default_rng(65), "float32", 10, hybrid=True)
    models = [unpack(case.model) for _ in range(2)]
    first = models[0].subgraphs[0]
    place = first.operators[0].inputs[2]
    shape = tuple(first.tensors[place].shape)
    assert shape[1] >= 16  # fewer it multiplies one by one
    weights = np.random.default_rng(66).choice([-128, -126, 2, 64], shape)
    for part, model in enumerate(models, start=1):
        tensor = model.subgraphs[0].tensors[place]
        model.buffers[tensor.buffer].data = (weights // part).astype(np.int8).view(np.uint8).ravel()
        tensor.quantization.scale = np.float32([0.01]) * np.float32(part)
    made = [pack(model) for model in models]
    whole, halves = oracle.run_cases([oracle.Case(m, tuple(case.inputs)) for m in made])
    assert isinstance(whole, oracle.ReferenceRun)
    assert isinstance(halves, oracle.ReferenceRun)
    ((answer,),) = run_cases([Case(made[0], case.inputs)])
    assert np.abs(answer.ravel() - halves.outputs[0].ravel()).max() < TOLERANCE
    assert np.abs(answer.ravel() - whole.outputs[0].ravel()).max() > TOLERANCE


def refused(
    clip: float = 0.0, activation: str = "TANH", projected: bool = False, **change: int
) -> str:
    rng, builder = np.random.default_rng(63), ModelBuilder()
    w = Weights(rng, builder, integer=False)
    tensors = [-1] * 24
    tensors[0] = builder.tensor((1, 2, 3), "float32")
    for gate in range(4):
        tensors[1 + gate], tensors[5 + gate] = w.matrix(4, 3), w.matrix(4, 4)
        tensors[12 + gate] = w.vector(4)
    tensors[18] = builder.tensor((1, 4), "float32", variable=True)
    tensors[19] = builder.tensor((1, 4), "float32", variable=True)
    for name, tensor in change.items():
        tensors[int(name[1:])] = tensor if tensor < 0 else tensors[tensor]
    y = builder.tensor((1, 2, 4), "float32")
    builder.operator(KIND, tensors, [y], fused_activation_function=activation, cell_clip=clip)
    with pytest.raises(ModelError) as error:
        read_model(builder.build([tensors[0]], [y]))
    return str(error.value)


def test_refusals() -> None:
    assert "its activation is RELU; TANH is supported" in refused(activation="RELU")
    assert "cell_clip is -1.0; it must be finite and not negative" in refused(clip=-1.0)
    assert "some of its gates have a peephole and some have none" in refused(_10=12)
    assert "its input gate has no weights for the input, but others" in refused(_1=-1)
    assert "it has layer normalisation inside its cells" in refused(_21=12)
    assert "must be [4,3]" in refused(_2=6)
    assert "is no variable; the layer keeps its state in it" in refused(_18=12)
    assert "input 3 is left out" in refused(_3=-1)


def test_int8_needs_its_intermediate_tensors() -> None:
    case = lstm_case(np.random.default_rng(64), "int8", 0)
    model = unpack(case.model)
    model.subgraphs[0].operators[0].intermediates = []
    with pytest.raises(ModelError, match="it has no 5 intermediate tensors with scales"):
        read_model(pack(model))
    model.subgraphs[0].operators[0].intermediates = [0, 0, 0, 0, 10**6]
    with pytest.raises(ModelError, match="it names 5 intermediate tensors, some beyond the"):
        read_model(pack(model))


def test_int8_scales_out_of_proportion_are_refused() -> None:
    case = lstm_case(np.random.default_rng(64), "int8", 0)
    model = unpack(case.model)
    model.subgraphs[0].tensors[1].quantization.scale = [2.0**20]
    with pytest.raises(ModelError, match=r"the product must stay below 2\^30"):
        read_model(pack(model))
