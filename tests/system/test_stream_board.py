"""A model on an emulated board whose input comes row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.device import DeviceSpec, bench
from tests.kernels import emulated, test_stream


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
