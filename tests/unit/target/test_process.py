"""Child processes end with their block, with their parent, and say why they failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgepack.errors import ToolchainError
from edgepack.target.process import last_line, running


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_the_whole_group_ends_with_the_block() -> None:
    with (
        pytest.raises(RuntimeError, match="in the block"),
        running(["sh", "-c", "sleep 60 & echo child $!; wait"], "a tree") as process,
    ):
        child = int(process.wait_for("\n", 5).split()[1])
        assert alive(child)
        raise RuntimeError("in the block")
    assert process.process.returncode == -signal.SIGKILL
    assert wait_until_gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_dies_with_a_parent_that_is_killed() -> None:
    code = (
        "from edgepack.target.process import running\n"
        "with running(['sleep', '60'], 'sleep') as p:\n"
        "    print(p.process.pid, flush=True)\n"
        "    __import__('time').sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert wait_until_gone(child)


def test_an_early_end_is_told_with_its_last_words() -> None:
    with (
        running(["sh", "-c", "echo first; echo no such machine >&2; exit 3"], "tool") as process,
        pytest.raises(ToolchainError) as caught,
    ):
        process.wait_for("ready", 5)
    assert str(caught.value) == "tool ended at once: no such machine"


def test_silence_is_told() -> None:
    with (
        running(["sleep", "60"], "tool") as process,
        pytest.raises(ToolchainError) as caught,
    ):
        process.wait_for("ready", 0.1)
    assert str(caught.value) == "tool did not start within 0.1 s: it printed nothing"


def test_a_missing_program_is_told() -> None:
    with (
        pytest.raises(ToolchainError, match=r"^/nowhere/x: cannot start: No such file"),
        running(["/nowhere/x"], "x"),
    ):
        pass


def test_last_line_skips_blanks() -> None:
    assert last_line("a\nb \n\n") == "b"
    assert last_line("\n") == "it printed nothing"
