"""The shared checks of the rows: what passes, and the full text of what does not."""

import numpy as np
import pytest

from edgepack.compiler.operators import checks
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, DType, Graph, Operator, Quantization, Tensor

PER_TENSOR = Quantization((0.5,), (3,))
AGAIN = "Convert the model again with a current TensorFlow."


def tensor(index, shape, dtype=DType.INT8, quantization=PER_TENSOR, data=None):
    return Tensor(index, f"t{index}", shape, dtype, quantization, data)


def graph_of(*tensors, **options):
    """One operator CONV_2D that reads all tensors but the last, which it writes."""
    last = len(tensors) - 1
    op = Operator(7, "CONV_2D", tuple(range(last)), (last,), options)
    return op, Graph("g", "", tensors, (op,), (0,), (last,))


def refusal(check, *arguments, **named):
    with pytest.raises(ModelError) as caught:
        check(*arguments, **named)
    text = str(caught.value)
    assert text.startswith("op 7 CONV_2D 't")
    return text.split("': ", 1)[1]


def test_an_operator_without_outputs_still_has_a_text():
    op, graph = graph_of(tensor(0, (1,)), tensor(1, (1,)))
    assert checks.operator_text(op, graph) == "op 7 CONV_2D 't1'"
    bare = Operator(2, "ADD", (), (), {})
    assert checks.operator_text(bare, graph) == "op 2 ADD ''"


def test_inputs_that_are_left_out():
    a, y = tensor(0, (1,)), tensor(1, (1,))
    graph = Graph("g", "", (a, y), (), (), ())
    op = Operator(7, "CONV_2D", (0, ABSENT), (1,), {})
    assert checks.optional_input(op, graph, 0) is a
    assert checks.optional_input(op, graph, 1) is None
    assert checks.optional_input(op, graph, 2) is None
    assert refusal(checks.input_tensor, op, graph, 1) == (
        f"input 1 is left out; it must be there. {AGAIN}"
    )


def test_types():
    op, graph = graph_of(tensor(0, (2,), DType.UINT8), tensor(1, (2,)))
    checks.require_type(op, graph, graph.tensors[1], ("int8", "float32"))
    assert refusal(checks.require_type, op, graph, graph.tensors[0], ("int8", "float32")) == (
        "tensor 0 't0' uint8[2] is uint8; supported here: int8 or float32. "
        "Quantise the model to int8 with representative data, or convert it as float32."
    )
    checks.require_same_type(op, graph, graph.tensors[1], graph.tensors[1])
    assert refusal(checks.require_same_type, op, graph, *graph.tensors) == (
        f"tensor 0 't0' uint8[2] and tensor 1 't1' int8[2] differ in type; they must agree. {AGAIN}"
    )


def test_shapes_and_ranks():
    op, graph = graph_of(tensor(0, (1, 2)), tensor(1, (3,)))
    checks.require_rank(op, graph, graph.tensors[0], 1, 2)
    checks.require_shape(op, graph, graph.tensors[1], [3])
    assert refusal(checks.require_rank, op, graph, graph.tensors[1], 2, 4) == (
        "tensor 1 't1' int8[3] has 1 dimensions; supported: 2 to 4. Reshape it in the model."
    )
    assert refusal(checks.require_shape, op, graph, graph.tensors[1], [1, 3]) == (
        "tensor 1 't1' int8[3] must be [1,3], as its other tensors and options imply. "
        "The file contradicts itself: convert the model again with a current TensorFlow."
    )


def test_quantisation_per_tensor():
    two = Quantization((0.5, 0.25), (0, 0), 0)
    op, graph = graph_of(
        tensor(0, (2,)), tensor(1, (2,), quantization=None), tensor(2, (2,), quantization=two)
    )
    checks.require_per_tensor(op, graph, graph.tensors[0])
    assert refusal(checks.require_per_tensor, op, graph, *graph.tensors[:2]) == (
        "tensor 1 't1' int8[2] has no scale; a quantised tensor needs one. "
        "Quantise the whole model with representative data."
    )
    assert "has 2 scales; one is supported here" in refusal(
        checks.require_per_tensor, op, graph, graph.tensors[2]
    )


@pytest.mark.parametrize(
    ("quantization", "words"),
    [
        (Quantization((0.1, 0.2), (0, 0), 0), None),
        (Quantization((0.1,), (0,), 0), None),
        (Quantization((0.1, 0.2, 0.3), (0, 0, 0), 1), "it needs 1, or 2 along axis 0"),
        (Quantization((0.1, 0.2), (0, 0), 1), "it needs 1, or 2 along axis 0"),
        (Quantization((0.1, 0.2), (0, 4), 0), "weights must be symmetric"),
        (None, "has no scale"),
    ],
)
def test_quantisation_per_channel(quantization, words):
    op, graph = graph_of(tensor(0, (1,)), tensor(1, (2, 3), quantization=quantization))
    if words is None:
        checks.require_per_channel(op, graph, graph.tensors[1], 0)
    else:
        assert words in refusal(checks.require_per_channel, op, graph, graph.tensors[1], 0)


def test_two_tensors_that_must_be_quantised_alike():
    other = Quantization((0.5,), (4,))
    op, graph = graph_of(tensor(0, (2,)), tensor(1, (2,)), tensor(2, (2,), quantization=other))
    checks.require_same_quantization(op, graph, graph.tensors[0], graph.tensors[1])
    assert "differ in scale or zero point; they must agree" in refusal(
        checks.require_same_quantization, op, graph, graph.tensors[1], graph.tensors[2]
    )


def bias_graph(bias_quantization, dtype=DType.INT32, shape=(2,)):
    """Input scale 0.5, weight scales 0.1 and 0.2, output scale 1."""
    weights = Quantization((0.1, 0.2), (0, 0), 0)
    return graph_of(
        tensor(0, (1, 3)),
        tensor(1, (2, 3), quantization=weights, data=bytes(6)),
        tensor(2, shape, dtype, bias_quantization, bytes(8)),
        tensor(3, (1, 2), quantization=Quantization((1.0,), (0,))),
    )


@pytest.mark.parametrize(
    "scales", [(0.05, 0.1), (0.05 + 0.0199, 0.1), (0.05 - 0.0199, 0.1)], ids=str
)
def test_a_bias_scale_may_differ_by_a_fiftieth_of_an_output_step(scales):
    op, graph = bias_graph(Quantization(scales, (0, 0), 0))
    checks.require_bias(op, graph, graph.tensors[2], 2)


@pytest.mark.parametrize(
    ("quantization", "dtype", "shape", "words"),
    [
        (Quantization((0.05, 0.13), (0, 0), 0), DType.INT32, (2,), "has scale 0.13 in channel 1"),
        (Quantization((0.1,) * 3, (0,) * 3, 0), DType.INT32, (2,), "has 3 scales, the weights 2"),
        (None, DType.INT8, (2,), "is int8; supported here: int32"),
        (None, DType.INT32, (3,), "must be [2]"),
        (None, DType.INT32, (2, 2), "must be [2]"),
    ],
)
def test_a_bias_that_does_not_belong(quantization, dtype, shape, words):
    op, graph = bias_graph(quantization, dtype, shape)
    assert words in refusal(checks.require_bias, op, graph, graph.tensors[2], 2)


def test_no_bias_is_a_bias():
    op, graph = bias_graph(None)
    checks.require_bias(op, graph, None, 2)
    checks.require_bias(op, graph, graph.tensors[2], 2)


def test_constants():
    data = np.array([4, -1], "<i4").tobytes()
    op, graph = graph_of(tensor(0, (2,), DType.INT32, None, data), tensor(1, (2,)), tensor(2, (2,)))
    assert checks.constant_ints(op, graph, 0) == (4, -1)
    assert refusal(checks.require_constant, op, graph, 1) == (
        "input 1, tensor 1 't1' int8[2], is computed by the model; only a constant is supported "
        "here. Fix it in the model before you convert."
    )


def test_axes_count_from_both_ends():
    op, graph = graph_of(tensor(0, (1,)), tensor(1, (1,)))
    assert [checks.axis_of(op, graph, axis, 3) for axis in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    for axis in (-4, 3, 2**31 - 1):
        assert refusal(checks.axis_of, op, graph, axis, 3) == (
            f"axis {axis}; it must lie in -3 to 2. {AGAIN}"
        )


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 3), (3,), (2, 3)),
        ((2, 1), (1, 3), (2, 3)),
        ((), (4, 5), (4, 5)),
        ((1, 1, 1), (5,), (1, 1, 5)),
        ((2, 3), (2,), None),
        ((2, 3), (4, 3), None),
    ],
)
def test_broadcast(one, two, expected):
    op, graph = graph_of(tensor(0, one), tensor(1, two), tensor(2, ()))
    if expected is not None:
        assert checks.broadcast_shape(op, graph, *graph.tensors[:2]) == expected
        assert np.broadcast_shapes(one, two) == expected
    else:
        assert "do not broadcast" in refusal(checks.broadcast_shape, op, graph, *graph.tensors[:2])


def test_positive_options():
    op, graph = graph_of(tensor(0, (1,)), tensor(1, (1,)), stride_w=1, stride_h=0)
    checks.require_positive(op, graph, "stride_w")
    assert refusal(checks.require_positive, op, graph, "stride_w", "stride_h") == (
        f"stride_h is 0; it must lie in 1 to 65536. {AGAIN}"
    )


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize(("window", "stride", "dilation"), [(1, 1, 1), (3, 2, 1), (2, 3, 2)])
def test_windows_reach_over_all_that_they_count(size, window, stride, dilation):
    """Outputs and paddings against a direct count of where the window may stand."""
    reach = (window - 1) * dilation + 1
    valid = len(range(0, size - reach + 1, stride))
    assert max(checks.window_output(size, window, stride, dilation, "VALID"), 0) == valid
    same = len(range(0, size, stride))
    assert checks.window_output(size, window, stride, dilation, "SAME") == same
    before, after = checks.window_padding(size, window, stride, dilation, "SAME")
    assert after - before in (0, 1)
    assert before + after == max((same - 1) * stride + reach - size, 0)
