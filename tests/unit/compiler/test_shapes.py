"""Shapes worked out again where a file leaves them open, against what LiteRT works out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.entry import choose_entry
from edgepack.compiler.operators import TABLE
from edgepack.compiler.reader import read_model
from edgepack.compiler.shape_rules import RULES
from edgepack.errors import ModelError, UsageError
from edgepack.graph import Graph
from tests.tflite_builder import ModelBuilder

F = "float32"
WITHOUT = {"IF", "CALL_ONCE", "VAR_HANDLE", "ASSIGN_VARIABLE"}  # the reader's, or no output


def ints(*values: int) -> Any:
    return np.array(values, np.int32)


CASES: dict[str, tuple[str, list[Any], int, dict[str, Any], str]] = {
    # the operator, its inputs (a shape, or a constant), how many outputs, options, their type
    "conv": ("CONV_2D", [(2, 9, 7, 3), np.zeros((4, 3, 2, 3), F), np.zeros(4, F)], 1,
             {"stride_w": 2, "stride_h": 1, "padding": "SAME"}, F),
    "conv dilated": ("CONV_2D", [(2, 9, 7, 3), np.zeros((4, 3, 2, 3), F), np.zeros(4, F)], 1,
                     {"stride_w": 1, "stride_h": 1, "dilation_h_factor": 2,
                      "dilation_w_factor": 1, "padding": "VALID"}, F),
    "depthwise": ("DEPTHWISE_CONV_2D", [(2, 9, 7, 3), np.zeros((1, 3, 2, 6), F), np.zeros(6, F)], 1,
                  {"stride_w": 2, "stride_h": 2, "depth_multiplier": 2, "padding": "VALID"}, F),
    "pool": ("MAX_POOL_2D", [(2, 9, 7, 3)], 1,
             {"stride_w": 2, "stride_h": 3, "filter_width": 2, "filter_height": 3}, F),
    "dense": ("FULLY_CONNECTED", [(2, 5, 6), np.zeros((4, 6), F)], 1, {}, F),
    "dense kept": ("FULLY_CONNECTED", [(2, 5, 6), np.zeros((4, 6), F)], 1,
                   {"keep_num_dims": True}, F),
    "matmul": ("BATCH_MATMUL", [(2, 1, 5, 6), (3, 4, 6)], 1, {"adj_y": True}, F),
    "add": ("ADD", [(2, 1, 5), (3, 1)], 1, {}, F),
    "less": ("LESS", [(2, 1, 5), (3, 1)], 1, {}, "bool"),
    "select": ("SELECT_V2", [np.zeros((3, 1), bool), (2, 1, 5), (1,)], 1, {}, F),
    "relu": ("RELU", [(2, 3)], 1, {}, F),
    "reshape": ("RESHAPE", [(2, 3, 4), ints(-1, 6)], 1, {}, F),
    "squeeze": ("SQUEEZE", [(1, 3, 1, 4)], 1, {"squeeze_dims": [2]}, F),
    "squeeze all": ("SQUEEZE", [(1, 3, 1, 4)], 1, {}, F),
    "expand": ("EXPAND_DIMS", [(3, 4), ints(-1)], 1, {}, F),
    "pad": ("PAD", [(2, 3), ints(1, 2, 0, 3).reshape(2, 2)], 1, {}, F),
    "mirror": ("MIRROR_PAD", [(3, 4), ints(1, 2, 0, 3).reshape(2, 2)], 1, {}, F),
    "join": ("CONCATENATION", [(2, 3), (2, 4)], 1, {"axis": -1}, F),
    "pack": ("PACK", [(2, 3), (2, 3)], 1, {"axis": -1, "values_count": 2}, F),
    "unpack": ("UNPACK", [(2, 3)], 3, {"axis": 1, "num": 3}, F),
    "split": ("SPLIT", [ints(-1)[0], (2, 6)], 3, {"num_splits": 3}, F),
    "split v": ("SPLIT_V", [(2, 6), ints(2, -1, 1), ints(1)[0]], 3, {"num_splits": 3}, F),
    "strided": ("STRIDED_SLICE", [(4, 6, 3), ints(0, -1, 0), ints(3, 0, 1), ints(2, -2, 1)], 1,
                {"shrink_axis_mask": 4}, F),
    "slice": ("SLICE", [(4, 6), ints(1, 2), ints(-1, 3)], 1, {}, F),
    "gather": ("GATHER", [(4, 6), ints(1, 2, 0, 1).reshape(2, 2)], 1, {"axis": 1}, F),
    "gather nd": ("GATHER_ND", [(4, 6), ints(1, 2).reshape(2, 1)], 1, {}, F),
    "space to depth": ("SPACE_TO_DEPTH", [(1, 4, 6, 2)], 1, {"block_size": 2}, F),
    "depth to space": ("DEPTH_TO_SPACE", [(1, 4, 6, 8)], 1, {"block_size": 2}, F),
    "space to batch": ("SPACE_TO_BATCH_ND", [(1, 4, 5, 2), ints(2, 3),
                                             ints(0, 2, 1, 0).reshape(2, 2)], 1, {}, F),
    "batch to space": ("BATCH_TO_SPACE_ND", [(6, 3, 2, 2), ints(2, 3),
                                             ints(0, 2, 1, 0).reshape(2, 2)], 1, {}, F),
    "tile": ("TILE", [(2, 3), ints(2, 3)], 1, {}, F),
    "broadcast to": ("BROADCAST_TO", [(3, 1), ints(2, 3, 4)], 1, {"version": 2}, F),
    "resize": ("RESIZE_BILINEAR", [(1, 4, 6, 2), ints(7, 5)], 1, {}, F),
    "transpose": ("TRANSPOSE", [(2, 3, 4), ints(2, 0, 1)], 1, {}, F),
    "mean": ("MEAN", [(2, 3, 4), ints(-1, 0)], 1, {}, F),
    "mean kept": ("MEAN", [(2, 3, 4), ints(1)], 1, {"keep_dims": True}, F),
    "arg max": ("ARG_MAX", [(2, 3, 4), ints(-2)[0]], 1, {"output_type": 2}, "int32"),
    "cumsum": ("CUMSUM", [(2, 3), ints(1)[0]], 1, {}, F),
    "reverse": ("REVERSE_V2", [(2, 3), ints(1)], 1, {}, F),
    "transpose conv": ("TRANSPOSE_CONV", [ints(1, 8, 6, 4), np.zeros((4, 2, 2, 3), F),
                                          (1, 4, 3, 3)], 1, {"stride_w": 2, "stride_h": 2}, F),
}  # fmt: skip


def built(kind: str, inputs: list[Any], outputs: int, options: dict[str, Any], dtype: str) -> bytes:
    """A model of one operator whose output's shape the file leaves open and states wrongly."""
    b = ModelBuilder()
    given, ends = [], []
    for value in inputs:
        if isinstance(value, tuple):
            given.append(b.tensor(value, F))
            ends.append(given[-1])
        else:
            given.append(b.tensor(value.shape, str(value.dtype), data=value))
    made = [b.tensor((7,), dtype, signature=(-1,)) for _ in range(outputs)]
    b.operator(kind, given, made, **options)
    return b.build(ends, made)


@pytest.mark.parametrize("name", CASES)
def test_a_shape_that_the_file_leaves_open_is_litert_s(name: str) -> None:
    kind, inputs, outputs, options, dtype = CASES[name]
    model = built(kind, inputs, outputs, options, dtype)
    graph = read_model(model)
    values = [np.zeros(shape, F) for shape in inputs if isinstance(shape, tuple)]
    reference = oracle.run_reference(model, values, layers=True)
    assert reference.tensors is not None
    for index in graph.outputs:
        assert graph.tensor(index).shape == reference.tensors[index].shape[1:]


def test_every_row_has_a_shape_function_or_none_is_known() -> None:
    custom = {kind for kind, row in TABLE.items() if row.custom is not None}
    unknown = {kind for kind, row in TABLE.items() if not row.shape and kind not in RULES}
    assert unknown - WITHOUT - custom <= {"RANGE"}


def resizable() -> bytes:
    """A small network as a converter writes it with an open batch."""
    b = ModelBuilder()
    x = b.tensor((1, 8, 8, 2), F, name="image", signature=(-1, 8, 8, 2))
    w = b.tensor((3, 3, 3, 2), F, data=np.ones((3, 3, 3, 2)))
    y = b.tensor((1, 8, 8, 3), F, signature=(-1, 8, 8, 3))
    shape, batch = b.tensor((4,), "int32"), b.tensor((), "int32")
    ends = [b.tensor((1,), "int32", data=[v]) for v in (0, 1, 1)]
    rest, to = b.tensor((), "int32", data=-1), b.tensor((2,), "int32")
    z = b.tensor((1, 192), F, signature=(-1, 192))
    b.operator(
        "CONV_2D",
        [x, w, b.tensor((3,), F, data=[0, 1, 2])],
        [y],
        stride_w=1,
        stride_h=1,
        padding="SAME",
    )
    b.operator("SHAPE", [y], [shape], out_type="INT32")
    b.operator("STRIDED_SLICE", [shape, *ends], [batch], shrink_axis_mask=1)
    b.operator("PACK", [batch, rest], [to], values_count=2, axis=0)
    b.operator("RESHAPE", [y, to], [z])
    return b.build([x], [z])


def read_with(model: bytes, **shapes: tuple[int, ...]) -> tuple[bytes, Graph]:
    entry = choose_entry(model, "m", shapes=shapes)
    return entry.data, read_model(entry.data, resized=entry.resized)


@pytest.mark.parametrize("shape", [(3, 8, 8, 2), (1, 6, 10, 2), (2, 4, 4, 2)])
def test_an_input_takes_the_shape_that_is_asked_for(shape: tuple[int, ...]) -> None:
    data, graph = read_with(resizable(), image=shape)
    assert graph.tensor(graph.inputs[0]).shape == shape
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    reference = oracle.run_reference(data, [x])
    assert graph.tensor(graph.outputs[0]).shape == reference.outputs[0].shape
    assert {op.kind for op in graph.operators} == {"CONV_2D", "RESHAPE"}


def test_an_open_batch_is_one_without_being_asked_for() -> None:
    graph = read_model(resizable())
    assert graph.tensor(graph.outputs[0]).shape == (1, 192)


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        ({"picture": (1, 8, 8, 2)}, "no input is called 'picture'; there are: x0, image"),
        ({"image": (1, 8, 8)}, "must have as many sizes"),
        ({"image": (1, 8, 0, 2)}, "each from 1 to"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(shapes: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        choose_entry(resizable(), "m", shapes=shapes)


def test_a_shape_that_a_constant_contradicts_is_refused() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 6), F), b.tensor((2, 3), F)
    b.operator("RESHAPE", [x, b.tensor((2,), "int32", data=[2, 3])], [y])
    model = b.build([x], [y])
    with pytest.raises(ModelError, match="cannot be worked out"):
        read_with(model, x0=(1, 7))
    assert dataclasses.is_dataclass(read_with(model, x0=(2, 3))[1])
