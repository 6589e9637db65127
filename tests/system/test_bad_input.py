"""What bad input gets: a clear message, the right exit code, nothing half done, nothing running."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.errors import EdgepackError
from edgepack.target import toolchain
from edgepack.target.attach import choose_emulator
from tests.system.command_line import MARK, edgepack, left_running, refused
from tests.tflite_builder import ModelBuilder, pack
from tests.unit.compiler.small_models import cnn


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(cnn()))
    return path


def ready(board: str) -> bool:
    try:
        toolchain.find(load_board(board))
        choose_emulator(load_board(board))
    except EdgepackError:
        return False
    return True


needs_m4 = pytest.mark.skipif(not ready("mps2-an386"), reason="no compiler or emulator for the M4")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.tflite", b"", "empty"),
        ("a.tflite", b"PK\x03\x04" + b"\0" * 60, ".keras"),
        ("a.tflite", b"\x89HDF\r\n\x1a\n" + b"\0" * 60, "HDF5"),
        ("a.tflite", b"hello, this is text\n" * 9, "text"),
        ("a.tflite", b"\x7fELF" + b"\0" * 60, "ELF"),
    ],
    ids=["empty", "zip", "hdf5", "text", "elf"],
)
def test_wrong_file_type(tmp_path: Path, name: str, content: bytes, part: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(3, edgepack("inspect", path), part)


def test_missing_and_folder_models(tmp_path: Path) -> None:
    refused(2, edgepack("inspect", tmp_path / "none.tflite"), "none.tflite", "No such file")
    refused(2, edgepack("inspect", tmp_path), "is a directory; a .tflite", "edgepack quantize")


def test_unsupported_operator_is_named(tmp_path: Path) -> None:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32", name="x"), b.tensor((1, 4), "float32", name="wave")
    b.operator("LSH_PROJECTION", [x], [y])
    path = tmp_path / "lsh.tflite"
    path.write_bytes(b.build([x], [y]))
    refused(3, edgepack("inspect", path), "op 0 LSH_PROJECTION", "wave", "supported")


def test_dynamic_shape(tmp_path: Path) -> None:
    b = ModelBuilder()
    x = b.tensor((1, 1), "float32", name="x", signature=(-1, -1))
    y = b.tensor((1, 1), "float32", name="y", signature=(-1, -1))
    b.operator("LOGISTIC", [x], [y])
    path = tmp_path / "dynamic.tflite"
    path.write_bytes(b.build([x], [y]))
    refused(3, edgepack("inspect", path), "'x'", "dimension 1 is left open", "batch_size")


def test_model_that_does_not_fit_names_the_peak(tmp_path: Path) -> None:
    b = ModelBuilder()
    x = b.tensor((1, 200, 200, 1), scale=0.5, name="x")
    w = b.tensor((3, 3, 3, 1), scale=0.1, data=np.ones((3, 3, 3, 1)), name="w")
    y = b.tensor((1, 200, 200, 3), scale=0.5, name="y")
    b.operator("CONV_2D", [x, w, -1], [y], padding="SAME", stride_w=1, stride_h=1,
               dilation_w_factor=1, dilation_h_factor=1)  # fmt: skip
    path = tmp_path / "large.tflite"
    path.write_bytes(b.build([x], [y]))
    message = refused(1, edgepack("check", path, "-b", "microbit"), "microbit has 16384 B of RAM")
    assert "the peak is op 0 CONV_2D" in message
    assert "B too much" in message
    refused(1, edgepack("generate", path, "-b", "microbit", "-o", tmp_path / "c"))
    assert not (tmp_path / "c").exists()


def test_unknown_board_and_key(model: Path, tmp_path: Path) -> None:
    refused(2, edgepack("check", model, "-b", "mps2-an38"), "'mps2-an38'", "'mps2-an386'")
    boards = tmp_path / "boards"
    boards.mkdir()
    text = Path(load_text("mps2-an386")).read_text()
    mine = boards / "mine.toml"
    mine.write_text(text.replace('"mps2-an386"', '"mine"', 1).replace("clock_hz", "clok_hz"))
    refused(
        2,
        edgepack("check", model, "-b", "mine", cwd=tmp_path),
        "mine.toml",
        "'clok_hz'",
        "clock_hz",
    )


def load_text(board: str) -> Path:
    from edgepack.board import known_boards

    return known_boards()[board]


def test_unknown_configuration_key(tmp_path: Path) -> None:
    (tmp_path / "edgepack.toml").write_text('[model]\npth = "a"\n[board]\nname = "host"\n')
    refused(2, edgepack("run", cwd=tmp_path), "edgepack.toml", "model", "'pth'", "path")
    refused(2, edgepack("run", "-c", "nothing.toml", cwd=tmp_path), "nothing.toml", "init")


@pytest.mark.parametrize(
    ("arrays", "part"),
    [
        ({"x": np.zeros((3, 5, 5, 1), np.int8)}, "[8, 8, 1]"),
        ({"x": np.zeros((3, 8, 8, 1), np.int64)}, "int64"),
        ({"z": np.zeros((3, 8, 8, 1), np.int8)}, "no array for input 0"),
        ({"x": np.zeros((0, 8, 8, 1), np.int8)}, "no sample"),
        ({"x": np.zeros((3, 8, 8, 1), np.int8), "y": np.zeros(2)}, "labels"),
    ],
)
def test_data_that_do_not_fit_the_model(
    model: Path, tmp_path: Path, arrays: dict[str, np.ndarray], part: str
) -> None:
    np.savez(tmp_path / "d.npz", **arrays)
    done = edgepack("bench", model, "-b", "host", "--data", tmp_path / "d.npz")
    refused(2, done, "d.npz", part)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", b"text"])
def test_data_files_that_are_none(model: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    done = edgepack("bench", model, "-b", "host", "--data", tmp_path / "d.npz")
    refused(2, done, "d.npz")
    refused(2, edgepack("bench", model, "-b", "host", "--data", tmp_path / "no.npz"), "no.npz")


def test_pickled_data_are_refused_unopened(model: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    np.save(tmp_path / "d.npy", np.array([Trap(str(trap))], dtype=object), allow_pickle=True)
    refused(2, edgepack("bench", model, "-b", "host", "--data", tmp_path / "d.npy"), "d.npy")
    assert not trap.exists()


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (self.path,))


def no_tools(tmp_path: Path) -> dict[str, str]:
    """An environment in which no compiler, emulator or zig is found."""
    shadow = tmp_path / "shadow"
    for package in ("ziglang", "unicorn"):
        (shadow / package).mkdir(parents=True)
        (shadow / package / "__init__.py").write_text("raise ImportError")
    return {"PATH": str(tmp_path / "empty"), "PYTHONPATH": str(shadow)}


def test_missing_compiler(model: Path, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path), "EDGEPACK_COMPILER": "gcc", "EDGEPACK_CACHE": str(tmp_path / "c")}
    done = edgepack("build", model, "-b", "mps2-an386", env=env)
    refused(4, done, "gcc-arm-none-eabi", "apt-get")


@needs_m4
def test_missing_emulator(model: Path, tmp_path: Path) -> None:
    env = {"PATH": "/nowhere", "EDGEPACK_EMULATOR": "qemu", "EDGEPACK_COMPILER": "zig"}
    done = edgepack("bench", model, "-b", "mps2-an386", env=env)
    refused(4, done, "install")


def test_an_emulator_where_there_is_none(model: Path) -> None:
    done = edgepack("bench", model, "-b", "host", "--emulator", "qemu")
    refused(2, done, "emulator 'qemu': host runs on this machine, without an emulator")


def test_missing_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('none')")
    keras = tmp_path / "m.keras"
    with zipfile.ZipFile(keras, "w") as archive:
        archive.writestr("config.json", "{}")
    done = edgepack(
        "convert", keras, "-o", tmp_path / "m.tflite", env={"PYTHONPATH": str(tmp_path)}
    )
    refused(4, done, "edgepack[keras")
    assert not (tmp_path / "m.tflite").exists()


def test_foreign_files_stop_generate(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    refused(2, edgepack("generate", model, "-o", folder), "notes.txt", "another folder")
    assert sorted(p.name for p in folder.iterdir()) == ["notes.txt"]


def test_generate_replaces_its_own_files_only(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert edgepack("generate", model, "-o", folder).returncode == 0
    first = sorted(p.name for p in folder.iterdir())
    assert edgepack("generate", model, "-o", folder, "--name", "other").returncode == 0
    second = sorted(p.name for p in folder.iterdir())
    assert "other.c" in second
    assert "net.c" in first
    assert "net.c" not in second


def test_full_disk(model: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))

    folder = tmp_path / "out"
    done = edgepack("generate", model, "-o", folder, preexec=small_files)
    refused(2, done, "cannot write")
    assert not [p for p in folder.rglob("*") if p.stat().st_size == 600]


@needs_m4
@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "edgepack: interrupted"),
        (signal.SIGTERM, 143, ""),
        (signal.SIGHUP, 129, ""),
    ],
    ids=["ctrl-c", "terminate", "hang-up"],
)
def test_interrupt_leaves_nothing_running(
    model: Path, tmp_path: Path, number: int, code: int, words: str
) -> None:
    mark = f"interrupt-{os.getpid()}-{number}"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "edgepack", "bench", str(model), "-b", "mps2-an386",
         "--samples", "100000"],
        env={**os.environ, MARK: mark, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(left_running(mark)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert words in err
    assert "Traceback" not in err
    assert out == ""
    time.sleep(0.5)
    assert left_running(mark) == []
    assert list(scratch.iterdir()) == []


def test_a_board_that_does_not_answer(model: Path, tmp_path: Path) -> None:
    try:
        toolchain.find(load_board("nucleo-l4r5zi"))
    except EdgepackError as error:
        pytest.skip(str(error))
    fake = tmp_path / "bin" / "openocd"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho '** Verified OK **'\nexit 0\n")
    fake.chmod(0o755)
    controller, line = os.openpty()
    try:
        done = edgepack(
            "bench", model, "-b", "nucleo-l4r5zi", "--port", os.ttyname(line),
            env={"PATH": f"{fake.parent}:{os.environ['PATH']}"},
        )  # fmt: skip
    finally:
        os.close(controller)
        os.close(line)
    refused(5, done, "nothing answers the handshake")


def test_usage_errors_are_code_2(model: Path) -> None:
    refused(2, edgepack("no-such-command"))
    refused(2, edgepack("bench", model))
    refused(2, edgepack("run", model))
    refused(2, edgepack("compare", model, model), "not JSON")
