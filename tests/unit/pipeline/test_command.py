from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.frontend import FrontEnd
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.frontend import front_end, front_end_text
from edgepack.pipeline.source import source_tree
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

TEXT = "window,hop=2,scale=0.25"
FRONT = FrontEnd("window", hop=2, scale=0.25)


@pytest.mark.parametrize(
    ("spec", "board", "options"),
    [
        (CompileSpec(), "", ""),
        (CompileSpec(name="m3d"), "", ""),
        (CompileSpec(name="tiny", optimize="size"), "", " --name tiny --optimize size"),
        (CompileSpec(front_end=FRONT), "", f" --frontend {TEXT}"),
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


@pytest.mark.parametrize("front", (FRONT, FrontEnd("mfcc"), FrontEnd("log_mel", low_hz=80.5)))
def test_a_front_end_reads_back_from_its_text(front: FrontEnd) -> None:
    kind, *pairs = front_end_text(front).split(",")
    assert front_end({"kind": kind, **dict(pair.split("=") for pair in pairs)}) == front


def test_another_front_end_is_another_digest(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(pack(cnn()))
    fronts = (None, FRONT, FrontEnd("window", hop=1, scale=0.25))
    specs = [CompileSpec(front_end=front) for front in fronts]
    headers = [source_tree(compile_model(model, None, s)).files["net.h"] for s in specs]
    digests = {h.split(b"config ")[1][:16] for h in headers}
    assert len(digests) == len(specs)
