"""The child process, with TensorFlow replaced by what the test wants to see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgepack import compress
from edgepack.compress.child import Worker
from edgepack.errors import ToolchainError, TrainingError, UsageError

ROOT = Path(__file__).resolve().parents[3]


def a_model(folder: Path) -> Path:
    path = folder / "m.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    return path


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    for name, text in modules.items():
        (folder / "fakes" / name).mkdir(parents=True)
        (folder / "fakes" / name / "__init__.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder / "fakes"))


def converted(folder: Path) -> None:
    compress.convert(a_model(folder), compress.ConvertSpec(), folder / "out.tflite")


def test_tensorflow_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, monkeypatch, tensorflow="raise ImportError('no tensorflow here')")
    with pytest.raises(ToolchainError) as caught:
        converted(tmp_path)
    assert str(caught.value) == (
        "TensorFlow is not installed (no tensorflow here): pip install 'edgepack[keras]', "
        "or 'edgepack[keras-cpu]' where tensorflow-cpu has a wheel"
    )
    assert not list(tmp_path.glob("out*"))


def test_keras_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, monkeypatch, tensorflow="")
    old = tmp_path / "fakes" / "keras-3.12.0.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 3.12.0\n")
    with pytest.raises(ToolchainError) as caught:
        converted(tmp_path)
    assert str(caught.value) == (
        "Keras 3.12.0 runs code that lies in model files; 3.13.2 is the least: "
        "pip install 'keras>=3.13.2'"
    )


def test_a_crash_is_an_error_with_the_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "import os, signal\nos.write(1, b'to stdout\\n')\nos.write(2, b'to stderr\\n')\n"
    fake(tmp_path, monkeypatch, tensorflow=text + "os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(TrainingError) as caught:
        converted(tmp_path)
    assert str(caught.value) == (
        "convert: the process with TensorFlow ended with signal 11; the converter does this "
        "on recurrent layers that stay loops: use unroll=True. Its last words:\n"
        "to stdout\nto stderr"
    )
    assert capfd.readouterr() == ("", "")


def test_killed_for_memory_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    fake(tmp_path, monkeypatch, tensorflow=text)
    with pytest.raises(TrainingError, match="signal 9; the system often does this when memory"):
        converted(tmp_path)


def test_a_module_in_the_users_folder_is_not_taken_for_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, tensorflow="raise ImportError('the right one')")
    here = tmp_path / "here"
    here.mkdir()
    (here / "tensorflow.py").write_text("raise ImportError('the wrong one')")
    (here / "json.py").write_text("raise ImportError('the wrong one')")
    monkeypatch.chdir(here)
    with pytest.raises(ToolchainError, match="the right one"):
        converted(tmp_path)


def test_an_unexpected_exception_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, tensorflow="raise RuntimeError('bad\\nluck')")
    with pytest.raises(TrainingError) as caught:
        converted(tmp_path)
    assert str(caught.value) == "convert: RuntimeError: bad"


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, monkeypatch, tensorflow="raise OSError(28, 'No space left on device')")
    with pytest.raises(UsageError) as caught:
        converted(tmp_path)
    assert str(caught.value) == (
        "convert: [Errno 28] No space left on device; free some space, "
        "or set TMPDIR to a larger disk"
    )


def test_closing_leaves_nothing() -> None:
    with Worker() as worker:
        folder, process = worker.folder, worker._process
        assert folder.is_dir()
    assert process.poll() is not None
    assert not folder.exists()


def test_the_worker_dies_with_its_parent() -> None:
    script = (
        "import sys, time\n"
        "from edgepack.compress.child import Worker\n"
        "w = Worker()\n"
        "print(w._process.pid, w.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        time.sleep(0.5)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _alive(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def test_wrong_file_stops_before_the_worker(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        compress.convert(tmp_path / "none", compress.ConvertSpec(), tmp_path / "o.tflite")
