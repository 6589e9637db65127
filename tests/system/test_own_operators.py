"""An operator that a user brings: the example, on the host and on emulated boards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgepack.board import load_board
from edgepack.errors import ModelError, UsageError
from edgepack.pipeline import CompileSpec, bench, generate_c, infer, verify
from edgepack.pipeline.own_operators import load_operators
from tests.system.mlperf import require_board
from tests.tflite_builder import ModelBuilder

OPERATORS = Path(__file__).resolve().parents[2] / "examples" / "operators" / "my_ops.py"
SPEC = CompileSpec(operators=(OPERATORS,))
SCALE, GAIN, SHIFT = 0.05, -1.7, 0.33


def custom_model(folder: Path) -> Path:
    """RELU, MyAffine, RELU6 on [1, 64] int8."""
    b = ModelBuilder()
    x, y, z, out = (
        b.tensor((1, 64), "int8", scale=SCALE, zero_point=point) for point in (3, 3, -9, -9)
    )
    b.operator("RELU", [x], [y])
    b.operator("MyAffine", [y], [z], custom=bytes(flexbuffers.Dumps({"a": GAIN, "b": SHIFT})))
    b.operator("RELU6", [z], [out])
    path = folder / "own.tflite"
    path.write_bytes(b.build([x], [out]))
    return path


def expected(x: np.ndarray) -> np.ndarray:
    """The same in NumPy."""
    positive = np.maximum(x.astype(np.int64), 3)
    scale = float(np.float32(SCALE))
    slope, offset = round(GAIN * 2**16), np.floor((SHIFT / scale - 9) * 2**16 + 0.5)
    affine = np.clip((slope * (positive - 3) + int(offset) + 2**15) >> 16, -128, 127)
    return np.clip(affine, -9, -9 + round(6 / scale)).astype(np.int8)


@pytest.mark.parametrize("board", ["host", "mps2-an386", "riscv-virt"])
def test_the_example_answers_as_its_twin(board: str, tmp_path: Path) -> None:
    require_board(board)
    model = custom_model(tmp_path)
    x = np.stack([np.arange(-128, -64), np.arange(-32, 32), np.arange(64, 128)]).astype(np.int8)
    np.savez(tmp_path / "x.npz", x0=x)
    infer(model, load_board(board), tmp_path / "x.npz", tmp_path / "y.npz", SPEC)
    answers = np.load(tmp_path / "y.npz")["y0"]
    np.testing.assert_array_equal(answers, expected(x))
    assert len(np.unique(answers)) > 3


def test_it_is_measured_and_nothing_is_claimed_of_an_oracle(tmp_path: Path) -> None:
    require_board("mps2-an386")
    result = bench(custom_model(tmp_path), load_board("mps2-an386"), SPEC)
    assert result.agreement is None
    assert result.latency[0].mean > 0
    with pytest.raises(UsageError, match="operators of your own, which the oracle"):
        verify(custom_model(tmp_path), load_board("mps2-an386"), SPEC)


def test_the_command_line_takes_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgepack", "generate", str(custom_model(tmp_path))]
    out = tmp_path / "out"
    done = subprocess.run(
        [*command, "-o", out, "--operators", OPERATORS], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert (out / "affine_s8.c").read_bytes() == (OPERATORS.parent / "affine_s8.c").read_bytes()
    assert "affine_s8(&own_op1, " in (out / "own.c").read_text()


def test_edgepack_toml_takes_it(tmp_path: Path) -> None:
    custom_model(tmp_path)
    require_board("mps2-an386")
    (tmp_path / "edgepack.toml").write_text(
        '[model]\npath = "own.tflite"\n[board]\nname = "mps2-an386"\n'
        f'[operators]\nmodules = ["{OPERATORS.as_posix()}"]\n[bench]\nsamples = 2\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "edgepack", "run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "affine_s8" in "".join(
        p.read_text() for p in (tmp_path / "edgepack-out").rglob("*.json")
    )


def test_without_its_row_the_operator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        generate_c(custom_model(tmp_path), tmp_path / "out")
    assert str(caught.value) == (
        "op 1 CUSTOM 'MyAffine', which makes 't2': a custom operator, no C for it exists. "
        "Replace it in the model by builtin ones, or bring your own C with --operators "
        "(docs/custom-operators.md)."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ROWS = 3", "ROWS must be a tuple of OperatorRow"),
        ("import nothing_of_that_name", "it fails with ModuleNotFoundError"),
        (
            OPERATORS.read_text().replace('kind="MyAffine"', 'kind="CONV_2D"'),
            "CONV_2D is TFLite's own",
        ),
        (
            OPERATORS.read_text().replace("custom=flexbuffer_options(a=1.0, b=0.0),", ""),
            "has no `custom`, which reads the bytes of its options",
        ),
        (OPERATORS.read_text() + '\nKERNELS = "/nowhere"', "there is no such folder"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "ops.py"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_operators([path])
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
