"""Child processes that never outlive their parent and never outlive their `with` block."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from edgepack.errors import ToolchainError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LOG_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Running:
    """A child process and what it printed."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]
    name: str

    def text(self) -> str:
        """What it printed so far on both streams, the last 20,000 bytes."""
        end = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), _LOG_LIMIT, max(0, end - _LOG_LIMIT)).decode(
            errors="replace"
        )

    def wait_for(self, sign: str, timeout_s: float) -> str:
        """The text once it contains `sign`; ToolchainError where it ends or stays silent."""
        deadline = time.monotonic() + timeout_s
        while sign not in (text := self.text()):
            if self.process.poll() is not None:
                text = self.text()
                if sign in text:
                    return text
                raise ToolchainError(f"{self.name} ended at once: {last_line(text)}")
            if time.monotonic() > deadline:
                raise ToolchainError(
                    f"{self.name} did not start within {timeout_s:g} s: {last_line(text)}"
                )
            time.sleep(0.002)
        return text

    def ending(self, timeout_s: float = 0.2) -> str:
        """How it ended, "by signal 11" or "with status 1"; "" where it is still running."""
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return ""
        return f"by signal {-status}" if status < 0 else f"with status {status}"


def last_line(text: str) -> str:
    """The last line that is not blank, or "it printed nothing"."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


@contextlib.contextmanager
def running(
    command: Sequence[str],
    name: str,
    *,
    pass_fds: Sequence[int] = (),
    terminal: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Start `command` in a group of its own; on exit the whole group is killed.

    What it prints is kept, only its errors where its input and output are the file `terminal`.
    On Linux the kernel kills it too where this process dies without a chance to clean up.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=output if terminal is None else terminal,
                stderr=output,
                start_new_session=True,
                pass_fds=pass_fds,
                env=environment,
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as error:
            raise ToolchainError(f"{command[0]}: cannot start: {error.strerror}") from error
        try:
            yield Running(process, output, name)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the process's group and reap it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _die_with(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
