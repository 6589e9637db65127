from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.pipeline.compile import CompileSpec, compile_model, source_tree
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn


@pytest.mark.parametrize(
    ("spec", "board", "options"),
    [
        (CompileSpec(), "", ""),
        (CompileSpec(name="m3d"), "", ""),
        (CompileSpec(name="tiny", optimize="size"), "", " --name tiny --optimize size"),
        (CompileSpec(numerics="tflm"), "host", " --board host --numerics tflm"),
    ],
)
def test_the_header_says_how_to_generate_it_again(
    tmp_path: Path, spec: CompileSpec, board: str, options: str
) -> None:
    model = tmp_path / "3d.tflite"
    model.write_bytes(pack(cnn()))
    compiled = compile_model(model, load_board(board) if board else None, spec)
    header = source_tree(compiled).files[f"{compiled.graph.name}.c"].decode()
    assert f"\n * Regenerate: edgepack generate 3d.tflite{options}\n" in header
