"""The firmware on the host port: a real pseudo-terminal, through pyserial."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import serial

from edgepack.device.bench import run_samples
from edgepack.device.exchange import Patience
from edgepack.device.link import LineLost, open_line
from edgepack.device.session import open_session
from edgepack.errors import DeviceError
from edgepack.program import Port
from edgepack.resources import folder
from tests.protocol import fake_model
from tests.protocol.lockstep import HERE, compile_firmware

PATIENCE = Patience(handshake_s=5.0, resend_s=1.0, deadline_s=10.0)
HOLDER = """
import serial, sys, time
line = serial.Serial(sys.argv[1], exclusive=True)
print("ok", flush=True)
time.sleep(60)
"""
DYING = """
import os, sys
from pathlib import Path
from edgepack.device.bench import run_samples
from edgepack.device.session import open_session
from edgepack.program import Port
from tests.protocol.test_line import arrays
from tests.protocol import fake_model

def die(done, of):
    if done == 7:
        os._exit(9)

with open_session(Port(sys.argv[1], 115200, ""), fake_model.IDENTITY) as session:
    run_samples(session, arrays(20), journal=Path(sys.argv[2]), progress=die)
"""


def arrays(count: int) -> list[np.ndarray]:
    samples = fake_model.samples(count)
    return [
        np.stack([np.frombuffer(s[i], dtype) for s in samples])
        for i, dtype in enumerate(["i1", "u1"])
    ]


@pytest.fixture(scope="module")
def host_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    port = folder("firmware_templates") / "ports" / "host" / "ep_port.c"
    return compile_firmware(
        tmp_path_factory.mktemp("host"), board=[port, HERE / "stand_in.c"], sanitize=False
    )


@pytest.fixture
def board(host_program: Path) -> Iterator[tuple[subprocess.Popen[str], Port]]:
    process = subprocess.Popen([str(host_program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    path = process.stdout.readline().split(": ")[1].strip()
    yield process, Port(path, 115200, "")
    process.kill()
    process.wait()
    process.stdout.close()


def test_samples_over_a_terminal(board, tmp_path: Path) -> None:
    _, port = board
    inputs = arrays(30)
    seen: list[tuple[int, int]] = []
    with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
        for streams in (True, False):
            session._streams = streams
            seen.clear()
            found = run_samples(session, inputs, progress=lambda *at: seen.append(at))
            assert seen[-1] == (30, 30) and len(seen) == 30
            for i, sample in enumerate(fake_model.samples(30)):
                due = fake_model.answer(sample)
                assert tuple(out[i].tobytes() for out in found.outputs) == due
            assert found.outputs[0].dtype == np.int8 and found.outputs[1].dtype == np.int32


def test_the_line_can_be_opened_again_and_again(board) -> None:
    _, port = board
    for _ in range(5):
        with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
            assert session.echo(b"again") == b"again"


def test_another_process_is_named(board) -> None:
    _, port = board
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, port.path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "ok\n"
        with pytest.raises(DeviceError) as error:
            open_line(port)
        assert f"{port.path}: in use by " in str(error.value)
        assert f"(pid {holder.pid})" in str(error.value)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    open_line(port).close()


def test_a_line_that_goes_away(board) -> None:
    process, port = board
    with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
        process.kill()
        process.wait()
        started = time.monotonic()
        with pytest.raises(LineLost, match="the serial line is gone"):
            run_samples(session, arrays(1))
        assert time.monotonic() - started < 2
    with pytest.raises(DeviceError, match="no such serial port; is the board plugged in"):
        open_line(port)


def test_a_killed_host_resumes_where_it_was(board, tmp_path: Path) -> None:
    _, port = board
    journal = tmp_path / "journal"
    child = subprocess.run(
        [sys.executable, "-c", DYING, port.path, str(journal)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        check=False,
    )
    assert child.returncode == 9
    seen: list[int] = []
    with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
        found = run_samples(
            session, arrays(20), journal=journal, resume=True, progress=lambda n, of: seen.append(n)
        )
    assert seen == list(range(8, 21))
    for i, sample in enumerate(fake_model.samples(20)):
        assert tuple(out[i].tobytes() for out in found.outputs) == fake_model.answer(sample)


def test_wrong_inputs_are_refused_before_anything_runs(board) -> None:
    _, port = board
    first, second = arrays(3)
    with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
        for wrong, message in [
            ([first], "1 inputs given, the device's model has 2"),
            ([first, second[:2]], r"different numbers of samples: \[2, 3\]"),
            ([first, first], "input 'second': int8 given, the device's model takes uint8"),
            ([first[:, :9], second], "input 'first': 9 bytes a sample given, .* takes 300"),
        ]:
            with pytest.raises(DeviceError, match=message):
                run_samples(session, wrong)
        assert run_samples(session, [first[:0], second[:0]]).ticks == ()


def test_the_runners_text_over_a_terminal(board) -> None:
    _, port = board
    with serial.Serial(port.path, port.baud, timeout=5) as line:
        line.write(b"name%profile%")
        text = b""
        while text.count(b"m-ready\r\n") < 2:
            text += line.readline()
    assert text.endswith(
        b"m-name-dut-[edgepack]\r\nm-ready\r\n"
        b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[fake]\r\nm-ready\r\n"
    )
    with open_session(port, fake_model.IDENTITY, PATIENCE) as session:
        assert session.hello.model == "fake"
