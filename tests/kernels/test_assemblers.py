"""Both compilers take every kernel in assembly."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.errors import ToolchainError
from edgepack.resources import folder
from edgepack.target import toolchain

RUNTIME = folder("firmware_templates") / "runtime"
BOARDS = {
    "dsp": "mps2-an386",
    "fpu": "mps2-an386",
    "mve": "mps3-an547",
    "rv32": "riscv-virt",
    "thumb1": "mps2-an385-m0",
    "thumb2": "mps2-an385",
}


def test_every_folder_of_assembly_has_a_board() -> None:
    assert {path.parent.name for path in RUNTIME.glob("*/*.S")} == set(BOARDS)


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("isa", BOARDS)
def test_assembles(isa: str, kind: str, tmp_path: Path) -> None:
    try:
        compiler = toolchain.find(load_board(BOARDS[isa]), kind)
    except ToolchainError as error:
        pytest.skip(str(error))
    output = str(tmp_path / "kernel.o")
    for path in sorted((RUNTIME / isa).glob("*.S")):
        call = compiler.compile(str(path), output, f"-I{path.parent}", f"-I{RUNTIME}")
        environment = {**os.environ, **compiler.environment}
        done = subprocess.run(
            call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{path.name}: {done.stderr[:2000]}"
