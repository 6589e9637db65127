"""The examples work as they are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a model.tflite"
    path.write_bytes(pack(cnn()))
    return path


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
@pytest.mark.skipif(shutil.which("cc") is None, reason="no host compiler is installed")
def test_cmake(model: Path, tmp_path: Path) -> None:
    edgepack = f"{sys.executable};-m;edgepack"
    configured = run(
        "cmake", "-S", EXAMPLES / "cmake", "-B", "b", f"-DMODEL={model}", f"-DEDGEPACK={edgepack}",
        cwd=tmp_path,
    )  # fmt: skip
    assert configured.returncode == 0, configured.stderr
    built = run("cmake", "--build", "b", cwd=tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    done = run("b/app", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.split()) == 3


def test_python_gate(model: Path, tmp_path: Path) -> None:
    require_board("mps2-an386")
    gate = [sys.executable, EXAMPLES / "python" / "gate.py", model, "mps2-an386"]
    wide = ["--flash", 100_000, "--ram", 10_000, "--instructions", 10**6]
    passed = run(*gate, *wide, cwd=tmp_path)
    assert passed.returncode == 0, passed.stderr
    assert "bit-exact    True" in passed.stdout
    assert run(*gate, *wide[:-1], 10, cwd=tmp_path).returncode == 1
