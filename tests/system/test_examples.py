"""The examples work as they are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.system.mlperf import require_board
from tests.tflite_builder import ModelBuilder, pack
from tests.unit.compiler.small_models import cnn, floats

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a model.tflite"
    path.write_bytes(pack(cnn()))
    return path


def keeping() -> bytes:
    """A model that adds up its inputs."""
    b = ModelBuilder()
    x, old, new = (b.tensor((1, 4), "float32") for _ in range(3))
    handle = b.tensor((), "resource")
    b.operator("VAR_HANDLE", [], [handle], shared_name="sum")
    b.operator("READ_VARIABLE", [handle], [old])
    b.operator("ADD", [old, x], [new])
    b.operator("ASSIGN_VARIABLE", [handle, new], [])
    g = b.subgraph()
    inner = g.tensor((), "resource")
    g.operator("VAR_HANDLE", [], [inner], shared_name="sum")
    first = g.tensor((1, 4), "float32", data=[[1, 2, 3, 4]])
    g.operator("ASSIGN_VARIABLE", [inner, first], [])
    number = g.close([], [])
    b.operator("CALL_ONCE", [], [], init_subgraph_index=number)
    b.operators.insert(0, b.operators.pop())
    return b.build([x], [new])


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


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
@pytest.mark.skipif(shutil.which("nm") is None, reason="no host compiler is installed")
def test_two_models_share_their_kernels(model: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.tflite"
    second.write_bytes(pack(floats()))
    third = tmp_path / "keeps.tflite"
    third.write_bytes(keeping())
    for number, (one, two) in enumerate([(model, second), (model, model), (third, model)]):
        edgepack = f"{sys.executable};-m;edgepack"
        configured = run(
            "cmake", "-S", EXAMPLES / "two_models", "-B", f"b{number}", f"-DFIRST={one}",
            f"-DSECOND={two}", f"-DEDGEPACK={edgepack}", cwd=tmp_path,
        )  # fmt: skip
        assert configured.returncode == 0, configured.stderr
        built = run("cmake", "--build", f"b{number}", cwd=tmp_path)
        assert built.returncode == 0, built.stdout + built.stderr
        done = run(f"b{number}/app", cwd=tmp_path)
        assert done.returncode == 0, done.stdout
        symbols = run("nm", f"b{number}/app", cwd=tmp_path).stdout.split("\n")
        functions = [line.split()[-1] for line in symbols if " T ep_" in line]
        assert functions
        assert len(functions) == len(set(functions))


def test_two_trees_in_one_makefile(model: Path, tmp_path: Path) -> None:
    if shutil.which("make") is None or shutil.which("cc") is None:
        pytest.skip("make or cc is not installed")
    for name in ("first", "second"):
        done = run(
            sys.executable, "-m", "edgepack", "generate", model, "--name", name, "-o", name,
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    (tmp_path / "main.c").write_bytes((EXAMPLES / "two_models" / "main.c").read_bytes())
    (tmp_path / "Makefile").write_text(
        "all: app\ninclude first/edgepack.mk second/edgepack.mk\n"
        "app: main.c $(first_LIBRARY) $(second_LIBRARY)\n"
        "\t$(CC) -std=c11 $(first_CFLAGS) $(second_CFLAGS) $^ -o $@\n"
    )
    built = run("make", "app", cwd=tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    assert run("./app", cwd=tmp_path).returncode == 0


def test_python_gate(model: Path, tmp_path: Path) -> None:
    require_board("mps2-an386")
    gate = [sys.executable, EXAMPLES / "python" / "gate.py", model, "mps2-an386"]
    wide = ["--flash", 100_000, "--ram", 10_000, "--instructions", 10**6]
    passed = run(*gate, *wide, cwd=tmp_path)
    assert passed.returncode == 0, passed.stderr
    assert "bit-exact    True" in passed.stdout
    assert run(*gate, *wide[:-1], 10, cwd=tmp_path).returncode == 1


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_compression_of_moons(tmp_path: Path) -> None:
    require_board("mps2-an386")
    done = run(sys.executable, EXAMPLES / "compression" / "moons.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "50.0% of the pruned model's weights are zero" in done.stdout
    table = done.stdout.split("flash B")[1].splitlines()[1:]
    rows = {line[:22].strip(): line[22:].replace(",", "").split() for line in table}
    names = ["float", "weights of 8 bits", "and half of them zero", "and half the neurons"]
    assert list(rows) == names
    in_python, on_board, flash, _, count = (
        [float(rows[name][i]) for name in names] for i in range(5)
    )
    assert min(in_python) > 0.93
    assert min(on_board) > 0.93
    assert flash[0] > flash[1] > flash[3]
    assert count[0] > count[1] > count[3]
