"""The parent's side of the process that holds TensorFlow.

One request is one line of JSON on the worker's standard input, answered by lines of JSON: any
number of progress events, then a result or an error. The worker ends when its standard input
closes, so it dies with its parent; it sits in a session of its own, so Ctrl-C reaches the parent
alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from edgepack import errors
from edgepack.compress.spec import OnProgress, Progress

_STOP_TIMEOUT_S = 5.0
_ROOT = str(Path(__file__).resolve().parents[2])
# Like `-m edgepack.compress.worker`, but a tensorflow.py or random.py that lies in the user's
# folder is not taken for the real one.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; root = sys.argv.pop(); "
    "root in sys.path or sys.path.insert(0, root); "
    "from edgepack.compress.worker import main; main()"
)


class Worker:
    """A running child process; use as a context manager. Calls are answered one at a time."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edgepack-"))
        self._log = self.folder / "log.txt"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(self.folder), _ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.open("wb"),
                env=_environment(self.folder),
                start_new_session=True,
                text=True,
            )
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, request: dict[str, Any], on_progress: OnProgress | None) -> dict[str, Any]:
        """The worker's result for `request`; an error event is raised as its class in errors.py.

        Whatever else ends the call, Ctrl-C for one, ends the worker too.
        """
        try:
            return self._call(request, on_progress)
        except errors.EdgepackError:
            raise
        except BaseException:
            self.close()
            raise

    def _call(self, request: dict[str, Any], on_progress: OnProgress | None) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._died(request["stage"]) from None
        for event in self._events():
            if event["event"] == "progress" and on_progress is not None:
                on_progress(
                    Progress(request["stage"], event["done"], event["total"], event["text"])
                )
            elif event["event"] == "result":
                result: dict[str, Any] = event["value"]
                return result
            elif event["event"] == "error":
                error = _error(event["class"], event["message"])
                if isinstance(error, errors.TrainingError) and "file" in event:
                    error.last_good = Path(event["file"])
                raise error
        raise self._died(request["stage"])

    def close(self) -> None:
        """End the process and remove its folder; nothing is left behind."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(0.2)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.kill()
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_TIMEOUT_S)
            if self._process.stdout is not None:
                self._process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _events(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield json.loads(line)

    def _died(self, stage: str) -> errors.EdgepackError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_TIMEOUT_S)
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        hint = "; the system often does this when memory runs out" if code == -9 else ""
        if code == -11 and stage in ("quantize", "convert"):
            hint = "; the converter does this on recurrent layers that stay loops: use unroll=True"
        tail = self._log_tail()
        return errors.TrainingError(
            f"{stage}: the process with TensorFlow ended with {how}{hint}"
            + (f". Its last words:\n{tail}" if tail else "")
        )

    def _log_tail(self, lines: int = 12) -> str:
        try:
            text = self._log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])


def _environment(folder: Path) -> dict[str, str]:
    """The parent's environment, TensorFlow quiet and on the CPU, temporary files in `folder`.

    NumPy multiplies in one thread: the small products of rounding lose more than they gain by
    more, twenty times on a busy machine, and results are the same on any number of cores.
    """
    quiet = {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_USE_LEGACY_KERAS": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
    }
    return {**os.environ, **quiet}


def _error(name: str, message: str) -> errors.EdgepackError:
    known = getattr(errors, name, None)
    if isinstance(known, type) and issubclass(known, errors.EdgepackError):
        return known(message)
    return errors.TrainingError(message)
