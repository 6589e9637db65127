"""A run that dies goes on where it stopped, and gives the same figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.system.command_line import MARK, edgepack, left_running, refused
from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

SAMPLES = 3000


def test_a_killed_bench_resumes(tmp_path: Path) -> None:
    require_board("mps2-an386")
    model, journal = tmp_path / "net.tflite", tmp_path / "run.journal"
    model.write_bytes(pack(cnn()))
    arguments = ["bench", model, "-b", "mps2-an386", "--samples", SAMPLES, "--journal", journal]
    mark = f"resume-{os.getpid()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "edgepack", *map(str, arguments)],
        env={**os.environ, MARK: mark},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while (not journal.exists() or journal.stat().st_size < 2000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done_before = journal.read_bytes().count(b"\n")
    assert 1 < done_before < SAMPLES
    time.sleep(1.0)
    assert left_running(mark) == []

    refused(2, edgepack(*arguments), "--resume")
    resumed = edgepack(*arguments, "--resume", "--json")
    assert resumed.returncode == 0, resumed.stderr
    result = json.loads(resumed.stdout)
    assert result["latency"][0]["n"] == SAMPLES
    assert result["agreement"]["bit_exact"]
    assert result["agreement"]["n"] == SAMPLES

    fresh = json.loads(edgepack(*arguments[:-2], "--json").stdout)
    assert fresh["latency"] == result["latency"]


def test_a_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    require_board("mps2-an386")
    model, journal = tmp_path / "net.tflite", tmp_path / "run.journal"
    model.write_bytes(pack(cnn()))
    common = ["bench", model, "-b", "mps2-an386", "--journal", journal]
    assert edgepack(*common, "--samples", 3).returncode == 0
    refused(2, edgepack(*common, "--samples", 4, "--resume"), "run.journal")
