"""SHAPE, STRIDED_SLICE and PACK before a RESHAPE, as a converter writes them for an open batch."""

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from edgepack.oracle import run_reference
from tests.tflite_builder import ModelBuilder


def flatten(*, axis=0, begin=0, shrink=1, last=6, packed="int32", cut=(1, 2, 3)):
    """float32 [1, 2, 3] to [1, 6], the batch taken from SHAPE at run time."""
    b = ModelBuilder()
    x = b.tensor(cut, "float32", name="x", signature=(-1, *cut[1:]))
    shape = b.tensor((3,), "int32", name="shape")
    ends = [b.tensor((1,), "int32", data=[v]) for v in (begin, begin + 1, 1)]
    batch = b.tensor((), "int32", name="batch")
    size = b.tensor((), "int32", data=last, name="size")
    both = b.tensor((2,), packed, name="both")
    y = b.tensor((1, 6), "float32", name="y")
    b.operator("SHAPE", [x], [shape], out_type="INT32")
    b.operator("STRIDED_SLICE", [shape, *ends], [batch], shrink_axis_mask=shrink)
    b.operator("PACK", [batch, size], [both], axis=axis, values_count=2)
    b.operator("RESHAPE", [x, both], [y])
    return b.build([x], [y])


def test_a_computed_shape_becomes_a_constant_and_its_operators_go():
    graph = read_model(flatten())
    (reshape,) = graph.operators
    assert (reshape.kind, reshape.index) == ("RESHAPE", 3)
    np.testing.assert_array_equal(graph.tensors[reshape.inputs[1]].array(), [1, 6])


def test_the_reference_interpreter_agrees_that_the_shape_is_that():
    samples = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    run = run_reference(flatten(), [samples])
    np.testing.assert_array_equal(run.outputs[0], samples.reshape(2, 6))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"axis": 1}, "op 2 PACK 'both': axis 1; it must lie in -1 to 0"),
        ({"begin": 3, "shrink": 0}, "op 1 STRIDED_SLICE 'batch': keeps nothing"),
        ({"packed": "float32"}, "op 2 PACK 'both': tensor 7 'both' float32[2] and"),
        ({"last": 7}, "op 3 RESHAPE 'y': "),
        ({"cut": (1, 2, 0)}, "tensor 0 'x' float32[1,2,0]: dimension 2 is 0"),
    ],
)
def test_what_does_not_add_up_is_refused(changes, words):
    with pytest.raises(ModelError) as caught:
        read_model(flatten(**changes))
    assert words in str(caught.value)
