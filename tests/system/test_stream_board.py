"""A model on an emulated board whose input comes row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.device import DeviceSpec, bench
from tests.kernels import emulated, test_stream
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_a_streamed_model_answers_as_the_oracle(board: str, tmp_path: Path) -> None:
    target = emulated.require(board)
    case, _ = test_stream.nets(np.random.default_rng(11), 1)[0]
    model = tmp_path / "net.tflite"
    model.write_bytes(case.model)
    spec = CompileSpec(stream_input=True)
    compiled = compile_model(model, target, spec)
    assert compiled.program.stream is not None
    result = bench(model, target, spec, DeviceSpec(samples=4))
    assert result.agreement is not None
    assert result.agreement.bit_exact
    assert result.memory.ram.arena == compiled.plan.arena_bytes


@pytest.mark.parametrize("patches", [4, "auto"])
def test_rows_that_are_read_again_have_stayed(patches: int, tmp_path: Path) -> None:
    """Where layers are made again, the input's rows behind them are needed again too."""
    model = tmp_path / "net.tflite"
    model.write_bytes(pack(cnn()))
    spec = CompileSpec(stream_input=True, patches=patches)
    patching = compile_model(model, None, spec).program.patching
    assert patching is not None
    assert patching.halo == "again"
    result = bench(model, load_board("host"), spec, DeviceSpec(samples=10))
    assert result.agreement is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
