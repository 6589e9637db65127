"""TFLite Micro's rounding has no oracle here, so nothing is compared with LiteRT's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgepack.pipeline.compile import CompileSpec, compile_model, follows_oracle, generate_c
from tests.system.command_line import edgepack, refused
from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn, residual

TFLM = CompileSpec(name="net", numerics="tflm")


def kept(tmp_path: Path, model: Any) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(model))
    return path


@pytest.mark.parametrize(
    ("model", "numerics", "follows"),
    [(cnn, "litert", True), (cnn, "tflm", False), (residual, "tflm", True)],
)
def test_dense_layers_alone_leave_the_oracle(
    tmp_path: Path, model: Any, numerics: Any, follows: bool
) -> None:
    spec = CompileSpec(numerics=numerics)
    assert follows_oracle(compile_model(kept(tmp_path, model()), None, spec)) == follows


def test_a_self_test_is_generated_only_where_its_answer_is_known(tmp_path: Path) -> None:
    dense, none = kept(tmp_path, cnn()), "net_test.c"
    assert none in generate_c(dense, tmp_path / "a", None, CompileSpec(name="net")).files
    assert none not in generate_c(dense, tmp_path / "b", None, TFLM).files
    other = kept(tmp_path, residual())
    assert none in generate_c(other, tmp_path / "c", None, TFLM).files


def test_figures_come_without_a_comparison(tmp_path: Path) -> None:
    require_board("host")
    model = kept(tmp_path, cnn())
    options = ("-b", "host", "--numerics", "tflm")
    done = edgepack("bench", model, *options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["agreement"] is None
    done = edgepack("run", model, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not compared" in done.stdout
    refused(2, edgepack("verify", model, *options, cwd=tmp_path), "verify with --numerics litert")
