"""The wheel, installed into an environment of its own, takes a .tflite to a number."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.errors import EdgepackError
from edgepack.target import toolchain
from edgepack.target.attach import choose_emulator
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("edgepack-*.whl")
    return path


def test_the_wheel_carries_boards_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("boards", "firmware_templates"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"edgepack/_data/{path.relative_to(ROOT).as_posix()}" in names
    assert {"edgepack/py.typed", "edgepack/report/page.html.j2"} <= names
    assert "edgepack/report/fidelity.html.j2" in names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


def test_the_wheel_asks_for_no_tensorflow(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (n for n in archive.namelist() if n.endswith("METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    core = [x for x in lines if x.startswith("Requires-Dist") and "extra ==" not in x]
    assert core
    assert not [line for line in core if "tensorflow" in line]


@pytest.mark.timeout(600)
def test_the_installed_wheel_runs_a_model(wheel: Path, tmp_path: Path) -> None:
    try:
        toolchain.find(load_board("mps2-an386"))
        choose_emulator(load_board("mps2-an386"))
    except EdgepackError as error:
        pytest.skip(str(error))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
        capture_output=True,
        text=True,
    )
    assert install.returncode == 0, install.stderr
    model = tmp_path / "net.tflite"
    model.write_bytes(pack(cnn()))
    command = [tmp_path / "venv" / "bin" / "edgepack", "bench", model, "-b", "mps2-an386", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["agreement"]["bit_exact"]
    assert result["latency"][0]["mean"] > 1000
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True)
    assert "tensorflow" not in listed.stdout
