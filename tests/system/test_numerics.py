"""TFLite Micro's numbers are compared with its own interpreter where it is installed, else not."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from edgepack.board import load_board
from edgepack.errors import UsageError
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.device import bench, verify
from edgepack.pipeline.reference import rounds_alike
from edgepack.pipeline.source import generate_c
from tests.system.command_line import edgepack, refused
from tests.system.mlperf import require_board
from tests.tflite_builder import ModelBuilder, pack
from tests.unit.compiler.small_models import cnn, residual

MICRO = find_spec("tflite_micro") is not None
TFLM = CompileSpec(name="net", numerics="tflm")


def kept(tmp_path: Path, model: Any) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(model))
    return path


@pytest.mark.parametrize(("model", "alike"), [(cnn, False), (residual, True)])
def test_dense_layers_alone_round_otherwise(tmp_path: Path, model: Any, alike: bool) -> None:
    assert rounds_alike(compile_model(kept(tmp_path, model()), None)) == alike


def elu() -> Any:
    """A model that LiteRT's reference kernels cannot run, and TFLite Micro's can."""
    b = ModelBuilder()
    x, y = b.tensor((1, 8), "float32"), b.tensor((1, 8), "float32")
    b.operator("ELU", [x], [y])
    return b.model([x], [y])


def test_what_only_one_interpreter_runs_is_compared_with_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_board("host")
    model, board = kept(tmp_path, elu()), load_board("host")
    if MICRO:
        found = verify(model, board).agreement
        assert found.holds
        assert found.oracle.startswith("TFLite Micro")
        assert "net_test.c" in generate_c(model, tmp_path / "a").files
    monkeypatch.setattr("edgepack.pipeline.reference.find_spec", lambda name: None)
    assert "net_test.c" not in generate_c(model, tmp_path / "b").files
    assert bench(model, board).agreement is None
    with pytest.raises(UsageError, match=r"ELU.*pip install edgepack\[tflm\]"):
        verify(model, board)


def test_a_self_test_is_generated_only_where_its_answer_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense, none = kept(tmp_path, cnn()), "net_test.c"
    assert none in generate_c(dense, tmp_path / "a", None, CompileSpec(name="net")).files
    if MICRO:
        assert none in generate_c(dense, tmp_path / "m", None, TFLM).files
    monkeypatch.setattr("edgepack.pipeline.reference.find_spec", lambda name: None)
    assert none not in generate_c(dense, tmp_path / "b", None, TFLM).files
    other = kept(tmp_path, residual())
    assert none in generate_c(other, tmp_path / "c", None, TFLM).files


def test_without_the_interpreter_nothing_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepack.pipeline.reference.find_spec", lambda name: None)
    require_board("host")
    board = load_board("host")
    model = kept(tmp_path, cnn())
    assert bench(model, board, TFLM).agreement is None
    with pytest.raises(UsageError, match=r"pip install edgepack\[tflm\]"):
        verify(model, board, TFLM)


@pytest.mark.skipif(not MICRO, reason="needs tflite-micro")
def test_tflite_micro_is_the_oracle_of_its_numbers(tmp_path: Path) -> None:
    require_board("host")
    model = kept(tmp_path, cnn())
    options = ("-b", "host", "--numerics", "tflm")
    done = edgepack("bench", model, *options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    agreement = json.loads(done.stdout)["agreement"]
    assert agreement["bit_exact"] and agreement["oracle"].startswith("TFLite Micro")
    done = edgepack("verify", model, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    refused(2, edgepack("verify", model, *options, "--layers", cwd=tmp_path), "inside the model")
