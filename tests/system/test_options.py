"""Options with values that are wrong, extreme or at odds: a clear refusal, and no file written."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgepack.cli import main
from tests.tflite_builder import ModelBuilder, pack
from tests.unit.compiler.small_models import cnn, dense, residual

M4 = ("-b", "mps2-an386")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command line in this process, in a folder with models: its code, and all it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *given: None)
    for name, model in (("cnn", cnn()), ("dense", dense(16, 4)), ("residual", residual())):
        Path(f"{name}.tflite").write_bytes(pack(model))

    def call(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert isinstance(end.value.code, int)
        return end.value.code, said.out + said.err

    return call


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (("--frontend", "nope"), 2, "frontend: kind"),
        (("--frontend", "window,hop"), 2, "frontend: hop"),
        (("--frontend", "window,hop=0"), 2, "frontend: hop"),
        (("--frontend", "window,scale=nan"), 2, "frontend: scale"),
        (("--frontend", "micro_speech,foo=1"), 2, "unknown key 'foo'"),
        (("--frontend", "micro_speech,high_hz=inf"), 2, "half of the sample rate"),
        (("--frontend", "micro_speech"), 3, "rows of 40 features do not fill it"),
        (("--frontend", "window,hop=9"), 3, "a hop of at most 8"),
        (("--frontend", "window,hop=4,scale=1e-10"), 3, "ratio must lie"),
        (("--frontend", "window,hop=4", "--stream-input"), 2, "Leave stream_input out"),
        (("--frontend", "window,hop=4,stride=2", "--stream-input"), 2, "Leave stream_input out"),
        (("--place", "arena"), 2, "WHAT=REGION"),
        (("--place", "arena=ram"), 2, "name a board that has memory regions"),
        (("--place", "arena=ram", "-b", "host"), 2, "name a board that has memory regions"),
        (("--place", "arena=flash", *M4), 2, "mps2-an386 has ram, psram for arena"),
        (("--place", "99=flash", *M4), 2, "'99' matches no operator"),
        (("--external", "nope"), 2, "'nope' matches no operator"),
        (("--external", ""), 2, "'' matches no operator"),
        (("--external-slice", "-1"), 2, "--external-slice"),
        (("--shape", "x"), 2, "NAME=SIZE"),
        (("--shape", "x=1,8,8"), 2, "must have as many sizes"),
        (("--shape", "x=1,8,8,99999999999"), 2, "from 1 to 16777216"),
        (("--shape", "y=1"), 2, "no input is called 'y'"),
        (("--shape", "x=2,8,8,1"), 3, "RESHAPE"),
        (("--signature", "nope"), 2, "no signature 'nope'"),
        (("--patches", "1"), 2, "2 or more"),
        (("--patches", "-2"), 2, "2 or more"),
        (("--layer", "0"), 2, "PATTERN=LEVEL"),
        (("--layer", "0=fast"), 2, "PATTERN=LEVEL"),
        (("--layer", "99=size"), 2, "'99' matches no operator"),
        (("--ram", "-1"), 2, "--ram"),
        (("--numerics", "x"), 2, "--numerics"),
        (("--operators", "nope.py"), 2, "no such file"),
        (("--map",), 2, "name a board"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_inspect_refuses(run: Run, arguments: tuple[str, ...], code: int, part: str) -> None:
    found, said = run("inspect", "cnn.tflite", *arguments)
    assert found == code, said
    assert part in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("raise ValueError('boom')", "it fails with ValueError: boom"),
        ("def (:", "it fails with SyntaxError"),
        ("import sys; sys.exit(0)", "it fails with SystemExit: 0"),
        ("x = 1", "ROWS must be a tuple"),
        ("ROWS = (1,)", "ROWS must be a tuple"),
        ("\0", "it fails with"),
    ],
)
def test_operators_files_that_are_none(run: Run, text: str, part: str) -> None:
    Path("ops.py").write_text(text)
    code, said = run("generate", "cnn.tflite", "-o", "c", "--operators", "ops.py")
    assert code == 2
    assert f"ops.py: {part}" in said
    assert not Path("c").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("bench", "cnn.tflite", "-b", "host", "--seed", "-1"), "--seed"),
        (("bench", "cnn.tflite", "-b", "host", "--samples", "-1"), "--samples"),
        (("bench", "cnn.tflite", "-b", "host", "--resume"), "--journal"),
        (("bench", "cnn.tflite", *M4, "--wait-states", "64"), "--wait-states"),
        (("bench", "cnn.tflite", *M4, "--wait-states", "2", "--no-cycles"), "--cycles"),
        (("profile", "cnn.tflite", *M4, "--wait-states", "2", "--no-cycles"), "--cycles"),
        (("profile", "cnn.tflite", "-b", "host", "-q"), "reports no latency"),
        (("infer", "cnn.tflite", "-b", "host", "--inputs", "no.npz", "-o", "y.npz"), "no.npz"),
        (("run", "cnn.tflite"), "--board"),
        (("run", "-c", "none.toml"), "none.toml"),
        (("lab", "conv", "--shape", "4x4x4", "--out", "4", *M4, "--seed", "-5"), "--seed"),
        (("lab", "conv", "--shape", "0x4x4", "--out", "4", *M4), "1 to 32767"),
        (("lab", "conv", "--shape", "4000x4000x1", "--out", "1", *M4), "the limit"),
        (("lab", "dense", "--shape", "4", "--out", "4", "-b", "host"), "counts nothing"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_devices_commands_refuse(run: Run, arguments: tuple[str, ...], part: str) -> None:
    before = sorted(Path().iterdir())
    code, said = run(*arguments)
    assert code == 2, said
    assert part in said
    assert sorted(Path().iterdir()) == before


def test_generate_into_what_is_no_folder(run: Run) -> None:
    for place in ("cnn.tflite", "/dev/null", "/proc/none"):
        code, said = run("generate", "cnn.tflite", "-o", place)
        assert code == 2
        assert place in said
    assert Path("cnn.tflite").read_bytes() == pack(cnn())


@pytest.mark.parametrize("ends", [("y", "x"), ("y", "y"), ("y", "a")])
def test_outputs_that_no_step_makes_or_that_stand_twice(run: Run, ends: tuple[str, ...]) -> None:
    b = ModelBuilder()
    tensors = {
        "x": b.tensor((1, 4), "float32", name="x"),
        "y": b.tensor((1, 4), "float32", name="y"),
        "a": b.tensor((1, 4), "float32", name="a", data=np.ones((1, 4))),
    }
    b.operator("RELU", [tensors["x"]], [tensors["y"]])
    Path("m.tflite").write_bytes(b.build([tensors["x"]], [tensors[end] for end in ends]))
    code, said = run("verify", "m.tflite", "-b", "host", "--samples", "2", "-q")
    assert code == 0, said
    assert "outputs are bit-exact on 2 samples" in said


def test_a_model_that_folding_leaves_empty(run: Run) -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32"), b.tensor((1, 4), "float32")
    a = b.tensor((1, 4), "float32", data=np.ones((1, 4)))
    b.operator("RELU", [a], [y])
    Path("m.tflite").write_bytes(b.build([x], [y]))
    code, said = run("verify", "m.tflite", "-b", "host", "--layers", "--samples", "2", "-q")
    assert code == 0, said


def test_operators_that_edgepack_adds_have_no_number(run: Run) -> None:
    b = ModelBuilder()
    x = b.tensor((1, 8), "uint8", scale=0.1, zero_point=128)
    w = b.tensor((4, 8), "uint8", scale=0.05, zero_point=120, data=np.arange(32).reshape(4, 8))
    y = b.tensor((1, 4), "uint8", scale=0.2, zero_point=128)
    b.operator("FULLY_CONNECTED", [x, w, -1], [y])
    Path("m.tflite").write_bytes(b.build([x], [y]))
    for arguments in (("inspect",), ("verify", "-b", "host", "--layers", "--samples", "2")):
        code, said = run(arguments[0], "m.tflite", *arguments[1:])
        assert code == 0, said
        assert "added  QUANTIZE" in said
        assert "-1" not in said.split("zero point")[-1]


@pytest.mark.parametrize("scale", [None, 0.2])
def test_a_branch_that_scales_its_input_otherwise_than_its_caller(
    run: Run, scale: float | None
) -> None:
    b = ModelBuilder()
    branches = []
    for _ in range(2):
        inner = b.subgraph()
        i, o = (inner.tensor((1, 4), "int8", scale=0.1) for _ in range(2))
        inner.operator("ADD", [i, i], [o])
        branches.append(inner.close([i], [o]))
    p = b.tensor((), "bool")
    x, y = b.tensor((1, 4), "int8", scale=scale), b.tensor((1, 4), "int8", scale=0.1)
    b.operator("IF", [p, x], [y], then_subgraph_index=branches[0], else_subgraph_index=branches[1])
    Path("m.tflite").write_bytes(b.build([p, x], [y]))
    code, said = run("verify", "m.tflite", "-b", "host", "-q")
    assert code == 0, said


@pytest.mark.parametrize(
    ("option", "words"),
    [("--ram", "arena needs"), ("--flash", "weights and tables need")],
)
def test_check_holds_a_model_against_its_budgets(run: Run, option: str, words: str) -> None:
    code, said = run("check", "cnn.tflite", *M4, option, 10)
    assert (code, f"{words} " in said, "the budget is 10 B" in said) == (1, True, True)
    assert run("check", "cnn.tflite", *M4, option, 100_000)[0] == 0
