import dataclasses

import pytest

from edgepack.compiler import lowering
from edgepack.compiler.lowering import lower
from edgepack.errors import ModelError
from edgepack.graph import DType, Graph, Operator, Tensor
from edgepack.program import Alias, Lowered, LowerSpec, Step, TensorRef


def graph_of(*operators: Operator, constants: dict[int, bytes] | None = None) -> Graph:
    data = constants or {}
    tensors = tuple(
        Tensor(i, f"t{i}", (len(data.get(i, bytes(4))),), DType.INT8, data=data.get(i))
        for i in range(4)
    )
    return Graph("m", "0" * 64, tensors, operators, (0,), (operators[-1].outputs[0],))


def row(monkeypatch: pytest.MonkeyPatch, lowered: Lowered) -> None:
    class Row:
        @staticmethod
        def lower(operator: Operator, graph: Graph, spec: LowerSpec) -> Lowered:
            return lowered

    monkeypatch.setattr(lowering, "TABLE", {"TEST": Row})


def test_an_operator_without_a_row() -> None:
    with pytest.raises(ModelError) as caught:
        lower(graph_of(Operator(7, "RFFT2D", (0,), (1,), {})), LowerSpec())
    assert str(caught.value) == (
        "op 7 RFFT2D: edgepack has no kernel for it; replace the layer, or run it outside the model"
    )


def test_a_view_of_a_constant_is_a_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    row(monkeypatch, Lowered(aliases=(Alias(2, 1, 3),)))
    graph = graph_of(Operator(0, "TEST", (2,), (1,), {}), constants={2: bytes(range(9))})
    program = lower(graph, LowerSpec())
    assert program.aliases == ()
    assert program.graph.tensor(1).data == bytes((3, 4, 5, 6))


def test_a_constant_output_is_copied_into_ram(monkeypatch: pytest.MonkeyPatch) -> None:
    row(monkeypatch, Lowered(aliases=(Alias(2, 1, 0),)))
    graph = graph_of(Operator(0, "TEST", (2,), (1,), {}), constants={2: bytes(4)})
    program = lower(graph, LowerSpec())
    assert program.graph.outputs == (4,)
    assert program.graph.tensor(4).data is None
    (step,) = program.steps
    assert (step.kernel, step.inputs, step.outputs) == ("ep_copy", (), (4,))


def step_of(**changes: object) -> Step:
    step = Step(0, "k", "k", (TensorRef(0), TensorRef(1)), (0,), (1,))
    return dataclasses.replace(step, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (step_of(inputs=()), "op 0 k: undeclared"),
        (step_of(inputs=(0, 2)), "op 0 k: constant declared"),
    ],
)
def test_a_row_that_hides_a_tensor_from_the_planner(
    monkeypatch: pytest.MonkeyPatch, step: Step, message: str
) -> None:
    row(monkeypatch, Lowered(steps=(step,)))
    graph = graph_of(Operator(0, "TEST", (0,), (1,), {}), constants={2: bytes(4)})
    with pytest.raises(AssertionError, match=message):
        lower(graph, LowerSpec())
