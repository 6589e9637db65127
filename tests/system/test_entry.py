"""Signatures, shapes and state on the command line, on the host board."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.test_control import variable_model
from tests.system.command_line import edgepack, refused
from tests.tflite_builder import ModelBuilder
from tests.unit.compiler.test_entry import model as with_signatures
from tests.unit.compiler.test_shapes import resizable


def run(*arguments: object) -> str:
    done = edgepack(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def accumulating() -> bytes:
    """A model that adds up its inputs from zero."""
    b = ModelBuilder()
    x, old, new = (b.tensor((1, 2), "float32") for _ in range(3))
    handle = b.tensor((), "resource")
    b.operator("VAR_HANDLE", [], [handle], shared_name="sum")
    b.operator("READ_VARIABLE", [handle], [old])
    b.operator("ADD", [old, x], [new])
    b.operator("ASSIGN_VARIABLE", [handle, new], [])
    b.signature("step", {"frame": x}, {"total": new})
    return b.build([x], [new])


@pytest.mark.parametrize("reset", [False, True])
def test_infer_carries_state_unless_it_is_reset(tmp_path: Path, reset: bool) -> None:
    path, given, got = (tmp_path / name for name in ("sum.tflite", "x.npz", "y.npz"))
    path.write_bytes(accumulating())
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.savez(given, frame=x)
    options = ["--reset"] if reset else []
    run("infer", path, "--board", "host", "--inputs", given, "-o", got, *options)
    with np.load(got) as answers:
        np.testing.assert_array_equal(answers["total"], x if reset else np.cumsum(x, axis=0))
        np.testing.assert_array_equal(answers["total"], answers["y0"])


def test_state_is_reported_beside_the_arena(tmp_path: Path) -> None:
    path = tmp_path / "sum.tflite"
    path.write_bytes(accumulating())
    found = json.loads(run("inspect", path, "--json"))
    assert found["state"] == 8
    assert found["input_names"] == ["frame"]
    assert found["output_names"] == ["total"]


def test_a_signature_is_chosen_and_names_macros(tmp_path: Path) -> None:
    path = tmp_path / "two.tflite"
    path.write_bytes(with_signatures("double", "square"))
    done = edgepack("generate", path, "-o", tmp_path / "c")
    refused(2, done, "it has 2 signatures: double, square; choose one with --signature")
    run("generate", path, "-o", tmp_path / "c", "--signature", "square")
    header = (tmp_path / "c" / "two.h").read_text()
    assert "#define TWO_INPUT_INDEX_SIDE 0\n" in header
    assert "#define TWO_OUTPUT_INDEX_AREA 0\n" in header
    assert "--signature square" in header


def test_shapes_hold_from_inspect_to_the_board(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(resizable())
    assert "image: float32 [3,8,8,2]" in run("inspect", path, "--shape", "image=3,8,8,2")
    found = json.loads(
        run("verify", path, "--board", "host", "--shape", "image=2,6,4,2", "--json", "-q")
    )
    assert found["agreement"]["bit_exact"]


@pytest.mark.parametrize("text", ["image", "image=", "=1,2", "image=1,x"])
def test_a_shape_that_is_no_shape_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(resizable())
    refused(2, edgepack("inspect", path, "--shape", text), "it must be NAME=SIZE,SIZE")


def test_layers_of_a_model_with_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(variable_model())
    found = json.loads(run("verify", path, "--board", "host", "--layers", "--json", "-q"))
    assert "ADD" in {layer["kind"] for layer in found["layers"]}
    assert all(layer["equal"] for layer in found["layers"])
