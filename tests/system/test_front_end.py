"""Front ends from edgepack.toml and the command line, on the host and an emulated board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.frontend import FrontEnd
from edgepack.pipeline import CompileSpec, DeviceSpec, bench
from tests.kernels.emulated import require
from tests.kernels.test_frontend import echo
from tests.system.command_line import edgepack, refused
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

CONFIG = """
[model]
path = "words.tflite"
[board]
name = "{board}"
[frontend]
kind = "mfcc"
coefficients = 10
hop = 200
stride = 2
[bench]
samples = 8
"""


@pytest.fixture
def words(tmp_path: Path) -> Path:
    (tmp_path / "words.tflite").write_bytes(echo((1, 4, 10), "int8", 0.5, 20))
    return tmp_path


@pytest.mark.parametrize("board", ("host", "mps2-an386"))
def test_run_compares_the_whole_way_from_samples(words: Path, board: str) -> None:
    if board != "host":
        require(board)
    (words / "edgepack.toml").write_text(CONFIG.format(board=board))
    done = edgepack("run", "--json", cwd=words)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["results"]
    agreement = found["agreement"]
    assert agreement["bit_exact"] is True
    assert agreement["n"] == 8
    assert "front end" in agreement["oracle"]
    if board != "host":
        assert found["memory"]["ram"]["state"] > 2 * 400


def test_the_generated_header_takes_samples(words: Path) -> None:
    arguments = ("--frontend", "log_mel,channels=10,hop=100,stride=3")
    done = edgepack("generate", "words.tflite", "-o", "out", *arguments, cwd=words)
    assert done.returncode == 0, done.stderr
    header = (words / "out" / "words.h").read_text()
    assert "#define WORDS_INPUT_0_ELEMENTS 100\n" in header
    assert "#define WORDS_OUTPUT_COUNT 2\n" in header
    assert "void words_reset(" in header


@pytest.mark.parametrize(
    ("text", "words_of_it"),
    (
        ("log_mell", "log_mel"),
        ("mfcc,hopp=3", "hopp"),
        ("mfcc,hop=0", "hop"),
        ("mfcc,hop=900", "hop is 900 samples, window 480"),
        ("mfcc,high_hz=9000", "half of the sample rate"),
        ("mfcc,coefficients=50", "50 coefficients of 40 channels"),
    ),
)
def test_what_is_refused_of_a_front_end(words: Path, text: str, words_of_it: str) -> None:
    done = edgepack("inspect", "words.tflite", "--frontend", text, cwd=words)
    refused(2, done, "frontend", words_of_it)


def test_rows_that_do_not_fit_are_a_fault_of_the_model(words: Path) -> None:
    done = edgepack("inspect", "words.tflite", "--frontend", "micro_speech,channels=7", cwd=words)
    refused(3, done, "rows of 7 features do not fill it")


def test_a_model_that_runs_now_and_then_may_begin_with_a_layer(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(pack(cnn()))
    front = FrontEnd("window", hop=4, stride=2)
    result = bench(model, load_board("host"), CompileSpec(front_end=front), DeviceSpec(samples=6))
    assert result.agreement is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
