"""Signatures: which function of a file is the model, and how its ends are called."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.entry import choose_entry
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError, UsageError
from tests.tflite_builder import ModelBuilder

F = "float32"


def model(*keys: str) -> bytes:
    """`double` is subgraph 0, `square` subgraph 1, `also` subgraph 0 by other names."""
    b = ModelBuilder()
    x, y = b.tensor((1, 3), F, name="serving_x:0"), b.tensor((1, 3), F, name="out:0")
    b.operator("ADD", [x, x], [y])
    g = b.subgraph()
    u, v = g.tensor((1, 2), F, name="u:0"), g.tensor((1, 2), F, name="v:0")
    g.operator("MUL", [u, u], [v])
    number = g.close([u], [v], "square")
    if "double" in keys:
        b.signature("double", {"x": x}, {"y": y})
    if "also" in keys:
        b.signature("also", {"value": x}, {"twice": y})
    if "square" in keys:
        b.signature("square", {"side": u}, {"area": v}, subgraph=number)
    return b.build([x], [y])


def test_the_only_signature_names_the_ends() -> None:
    entry = choose_entry(model("double"), "m")
    graph = entry.named(read_model(entry.data))
    assert (graph.input_names, graph.output_names) == (("x",), ("y",))


def test_without_a_signature_the_tensors_name_themselves() -> None:
    entry = choose_entry(model(), "m")
    graph = entry.named(read_model(entry.data))
    assert (graph.input_names, graph.output_names) == ((), ())
    assert graph.end_names("input") == ("serving_x:0",)
    assert graph.end_names("output") == ("out:0",)


@pytest.mark.parametrize("key", ["double", "also", "square"])
def test_one_of_several_is_chosen(key: str) -> None:
    entry = choose_entry(model("double", "also", "square"), "m", key)
    graph = entry.named(read_model(entry.data))
    names = {"double": ("x", "y"), "also": ("value", "twice"), "square": ("side", "area")}
    assert (graph.input_names, graph.output_names) == tuple((n,) for n in names[key])
    x = np.float32([[1, 2, 3]])[:, : graph.tensor(graph.inputs[0]).shape[1]]
    answer = oracle.run_reference(entry.data, [x]).outputs[0]
    np.testing.assert_array_equal(answer, x * x if key == "square" else x + x)


def test_several_signatures_need_a_choice() -> None:
    with pytest.raises(UsageError, match="2 signatures: double, square; choose one with --sig"):
        choose_entry(model("double", "square"), "m")


def test_an_unknown_signature_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no signature 'cube'; it has: double, square"):
        choose_entry(model("double", "square"), "m", "cube")


def test_a_signature_of_a_subgraph_that_is_not_there_is_refused() -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 3), F), b.tensor((1, 3), F)
    b.operator("ADD", [x, x], [y])
    b.signature("far", {"x": x}, {"y": y}, subgraph=7)
    with pytest.raises(ModelError, match="its subgraph is 7"):
        choose_entry(b.build([x], [y]), "m")
