"""The full text of what operators that move or convert data refuse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.tflite_builder import ModelBuilder

AGAIN = "Convert the model again with a current TensorFlow."


def refusal(
    kind: str,
    shape: Sequence[int],
    output: Sequence[int],
    constants: Sequence[Sequence[int]] = (),
    computed: bool = False,
    **options: object,
) -> str:
    """What is said of one operator on float32 x, with constant int32 inputs behind it."""
    builder = ModelBuilder()
    x = builder.tensor(shape, "float32", name="x")
    inputs = [x]
    sources = [x]
    for values in constants:
        rows = (len(values) // 2, 2) if kind == "PAD" else (len(values),)
        data = None if computed else values
        inputs.append(builder.tensor(rows, "int32", data=data, name=f"c{len(inputs)}"))
        if computed:
            sources.append(inputs[-1])
    y = builder.tensor(output, "float32", name="y")
    builder.operator(kind, inputs, [y], **options)
    with pytest.raises(ModelError) as caught:
        read_model(builder.build(sources, [y]), "m")
    return str(caught.value)


def test_reshape_of_another_size() -> None:
    assert refusal("RESHAPE", (2, 3), (7,), [[7]]) == (
        "op 0 RESHAPE 'y': tensor 0 'x' float32[2,3] cannot be reshaped to [7]; the elements must "
        "be as many. " + AGAIN
    )


def test_computed_shape() -> None:
    assert refusal("RESHAPE", (2, 3), (7,), [[7]], computed=True) == (
        "op 0 RESHAPE 'y': input 1, tensor 1 'c1' int32[1], is computed by the model; only a "
        "constant is supported here. Fix it in the model before you convert."
    )


def test_squeeze_of_more_than_one() -> None:
    assert refusal("SQUEEZE", (1, 3), (1,), squeeze_dims=[1]) == (
        "op 0 SQUEEZE 'y': squeezes dimension 1 of tensor 0 'x' float32[1,3]; only a dimension of "
        "1 can be. " + AGAIN
    )


def test_axis_outside() -> None:
    assert refusal("EXPAND_DIMS", (2, 3), (2, 3, 1), [[4]]) == (
        "op 0 EXPAND_DIMS 'y': axis 4; it must lie in -3 to 2. " + AGAIN
    )


def test_negative_padding() -> None:
    assert refusal("PAD", (4,), (3,), [[0, -1]]) == (
        "op 0 PAD 'y': pads by -1; paddings are 0 or more. " + AGAIN
    )


def test_padded_shape() -> None:
    assert refusal("PAD", (4,), (6,), [[1, 2]]).startswith(
        "op 0 PAD 'y': tensor 2 'y' float32[6] must be [7]"
    )


def test_permutation() -> None:
    assert refusal("TRANSPOSE", (2, 3), (2, 3), [[0, 0]]) == (
        "op 0 TRANSPOSE 'y': permutes by [0, 0]; each of 2 dimensions must appear once. " + AGAIN
    )


def test_slice_of_nothing() -> None:
    masks = {"begin_mask": 0, "end_mask": 0}
    assert refusal("STRIDED_SLICE", (4,), (1,), [[3], [2], [1]], **masks) == (
        "op 0 STRIDED_SLICE 'y': keeps nothing along dimension 0 of tensor 0 'x' float32[4]; at "
        "least 1 must be kept. " + AGAIN
    )


def test_step_of_nothing() -> None:
    assert refusal("STRIDED_SLICE", (4,), (1,), [[0], [2], [0]]) == (
        "op 0 STRIDED_SLICE 'y': steps by [0]; a step cannot be 0. " + AGAIN
    )


def test_too_many_ellipses() -> None:
    values = [[0, 0], [1, 1], [1, 1]]
    assert refusal("STRIDED_SLICE", (4,), (4,), values, ellipsis_mask=3) == (
        "op 0 STRIDED_SLICE 'y': slices 0 dimensions, adds 0 and has 2 ellipses, on an input of 1; "
        "supported: one ellipsis, 5 dimensions in all. " + AGAIN
    )


def test_fused_activation_of_a_concatenation() -> None:
    text = refusal("CONCATENATION", (2, 3), (2, 3), axis=0, fused_activation_function="RELU")
    assert text == (
        "op 0 CONCATENATION 'y': has the activation RELU fused; TFLite takes none here. Put it "
        "behind, as a layer of its own."
    )


def test_split_that_leaves_a_rest() -> None:
    builder = ModelBuilder()
    axis = builder.tensor((), "int32", data=1, name="axis")
    x = builder.tensor((1, 5), "float32", name="x")
    parts = [builder.tensor((1, 2), "float32", name=f"y{i}") for i in range(2)]
    builder.operator("SPLIT", [axis, x], parts, num_splits=2)
    with pytest.raises(ModelError) as caught:
        read_model(builder.build([x], parts), "m")
    assert str(caught.value) == (
        "op 0 SPLIT 'y0': splits dimension 1 of tensor 1 'x' float32[1,5] by 2 into 2 outputs; "
        "both must agree and divide it. " + AGAIN
    )


def test_quantize_between_types_without_a_kernel() -> None:
    builder = ModelBuilder()
    x = builder.tensor((4,), "int16", scale=0.5, name="x")
    y = builder.tensor((4,), "uint8", scale=0.5, name="y")
    builder.operator("QUANTIZE", [x], [y])
    with pytest.raises(ModelError) as caught:
        read_model(builder.build([x], [y]), "m")
    assert str(caught.value) == (
        "op 0 QUANTIZE 'y': tensor 1 'y' uint8[4] is uint8; supported here: int8 or int16 or "
        "int32. Quantise the model to int8 with representative data, or convert it as float32."
    )
