"""Files as other tools write them: legal, and unlike what the converter makes."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder, pack, schema

F = "float32"
X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)


def both(model: bytes) -> list[Case]:
    return [Case(model, [X], optimise=o) for o in (False, True)]


def test_outputs_may_be_inputs_constants_and_one_another() -> None:
    b = ModelBuilder()
    x, y, z = (b.tensor((1, 4), F) for _ in range(3))
    constant = b.tensor((1, 4), F, data=[[1, 2, 3, 4]])
    b.operator("ADD", [x, x], [y])
    b.operator("RELU", [y], [z])
    check(both(b.build([x], [x, constant, z, y, z, x])))


def test_an_input_that_nothing_reads() -> None:
    b = ModelBuilder()
    x, unread, y = b.tensor((1, 4), F), b.tensor((1, 2), F), b.tensor((1, 4), F)
    b.operator("ADD", [x, x], [y])
    inputs = [X, np.zeros((3, 2), np.float32)]
    check([Case(b.build([x, unread], [y]), inputs, optimise=o) for o in (False, True)])


def test_unused_tensors_of_any_type_names_and_buffers_do_not_matter() -> None:
    b = ModelBuilder()
    x = b.tensor((1, 4), F, name='x"; */ int main(void){} /*\n\\')
    y = b.tensor((1, 4), F, name="")
    b.tensor((3, -1, 0), "string", name="unused")
    b.tensor((0,), "int8", name="unused")
    b.buffers.append(schema.BufferT())
    b.operator("ADD", [x, x], [y])
    model = b.model([x], [y])
    model.metadata = [schema.MetadataT()]
    model.metadata[0].name, model.metadata[0].buffer = "min_runtime_version", 0
    model.metadataBuffer = [0]
    check(both(pack(model)))


def test_one_kind_in_several_versions() -> None:
    b = ModelBuilder()
    x, y, z = (b.tensor((1, 4), F) for _ in range(3))
    b.operator("ADD", [x, x], [y], version=1)
    b.operator("ADD", [y, x], [z], version=2)
    assert len(b.codes) == 2
    check(both(b.build([x], [z])))


def test_an_operator_that_nothing_needs_is_left_out() -> None:
    b = ModelBuilder()
    x, y, dead = (b.tensor((1, 4), F) for _ in range(3))
    b.operator("TANH", [x], [dead])
    b.operator("ADD", [x, x], [y])
    check(both(b.build([x], [y])))


@pytest.mark.parametrize("role", ["input", "made"])
def test_a_size_of_zero_is_refused(role: str) -> None:
    b = ModelBuilder()
    shape = (1, 0)
    x = b.tensor(shape if role == "input" else (1, 4), F)
    y = b.tensor(shape, F)
    b.operator("RELU", [x], [y])
    with pytest.raises(ModelError, match="dimension 1 is 0; each must be above 0"):
        read_model(b.build([x], [y]))


def test_a_tensor_that_nobody_writes_is_no_optional_input() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), F), b.tensor((1, 2), F)
    weights, bias = b.tensor((2, 4), F, data=np.ones((2, 4))), b.tensor((2,), F)
    b.operator("FULLY_CONNECTED", [x, weights, bias], [y])
    with pytest.raises(ModelError, match="has no data and which nothing writes"):
        read_model(b.build([x], [y]))
