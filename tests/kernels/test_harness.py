"""The harness sees what it is there for: each of these programs lies to it in one way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.compiler.lowering import copy_step
from edgepack.graph import DType, Graph, Tensor
from edgepack.program import LowerSpec, Overlap, Params, Program
from tests.kernels.harness import compiler, run_programs

SIZE = 13
X = np.arange(SIZE, dtype=np.int8).reshape(1, SIZE)


def program(**changes: int) -> Program:
    """A copy of one vector, with some fields of its parameters changed."""
    tensors = tuple(Tensor(i, f"t{i}", (1, SIZE), DType.INT8) for i in range(2))
    graph = Graph("m", "0" * 64, tensors, (), (0,), (1,))
    step = copy_step(0, graph, 0, 1)
    params = step.arguments[0]
    assert isinstance(params, Params)
    fields = tuple((name, changes.get(name, value)) for name, value in params.fields)
    arguments = (Params(params.ctype, fields), *step.arguments[1:])
    return Program(graph, (dataclasses.replace(step, arguments=arguments),), (), LowerSpec())


def without_overlap(made: Program) -> Program:
    return dataclasses.replace(made, steps=(dataclasses.replace(made.steps[0], overlaps=()),))


def test_an_honest_copy_passes() -> None:
    assert (run_programs([program()], [[X]])[0][0] == X).all()


def test_many_samples_run_one_after_the_other() -> None:
    many = np.arange(4 * SIZE, dtype=np.int8).reshape(4, SIZE)
    assert (run_programs([program()], [[many]])[0][0] == many).all()


def test_a_byte_that_is_not_written_shows() -> None:
    with pytest.raises(AssertionError, match=r"case 1 short: .* memory it did not write"):
        run_programs(
            [program(), without_overlap(program(bytes=SIZE - 1))], [[X], [X]], ["", "short"]
        )


def test_a_wrong_claim_of_overlap_shows() -> None:
    # The same four bytes of x three times: the first copy ruins them where y lies on x.
    thrice = program(rows=3, bytes=4, x_start=2, x_pitch=0, y_pitch=4)
    whole = dataclasses.replace(thrice.graph.tensors[0], shape=(1, 12))
    tensors = (whole, dataclasses.replace(whole, index=1))
    graph = dataclasses.replace(thrice.graph, tensors=tensors)
    lying = dataclasses.replace(thrice, graph=graph)
    x = X[:, :12]
    assert lying.steps[0].overlaps == (Overlap(0, 1),)
    with pytest.raises(AssertionError, match="overwrites what it still needs"):
        run_programs([lying], [[x]])
    answer = run_programs([without_overlap(lying)], [[x]])[0][0]
    assert answer.tolist() == [[2, 3, 4, 5] * 3]


@pytest.mark.skipif(compiler()[0] != "gcc", reason="only gcc brings AddressSanitizer")
@pytest.mark.parametrize("changes", [{"bytes": SIZE + 1}, {"y_start": 1}, {"x_start": 1}])
def test_a_byte_outside_a_tensor_shows(changes: dict[str, int]) -> None:
    with pytest.raises(AssertionError, match="use-after-poison"):
        run_programs([without_overlap(program(**changes))], [[X]])
