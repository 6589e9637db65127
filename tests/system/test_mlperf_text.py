"""The MLPerf Tiny runner's conversation with an emulated board, on the reference models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import serial

from edgepack.board import Board, load_board
from edgepack.compiler.generate import descriptor
from edgepack.device.session import open_session
from edgepack.oracle import run_reference
from edgepack.pipeline.compile import compile_model
from edgepack.pipeline.source import source_tree
from edgepack.target.attach import attach
from edgepack.target.build import build
from tests.system.mlperf import evaluation, model_path, require_board

BOARD = "mps2-an386"
CHUNK = 31
LAP = re.compile(r"^m-lap-us-([0-9]+)$")
RESULTS = re.compile(r"^m-results-\[([^]]+)\]$")


class Runner:
    """Sends a command and reads lines until `m-ready`, each within the runner's patience."""

    def __init__(self, line: serial.Serial) -> None:
        self.line = line

    def meet(self) -> None:
        """The first answer; opening the port may have cut the board's greeting in front of it."""
        self.line.write(b"name%")
        while (raw := self.line.readline()) != b"m-ready\r\n":
            assert raw, "the board said nothing in time"

    def ask(self, command: str) -> list[str]:
        self.line.write(command.encode() + b"%")
        found: list[str] = []
        while not found or found[-1] != "m-ready":
            raw = self.line.readline()
            assert raw.endswith(b"\r\n"), (command, found, raw)
            found.append(raw.decode("ascii").removesuffix("\r\n"))
        return found[:-1]

    def load(self, data: bytes) -> None:
        assert f"m-[Expecting {len(data)} bytes]" in self.ask(f"db load {len(data)}")
        last: list[str] = []
        for at in range(0, len(data), CHUNK):
            last = self.ask(f"db {data[at : at + CHUNK].hex()}")
        assert last == ["m-load-done"]

    def infer(self, loops: int, warmups: int) -> tuple[list[float], int]:
        found = self.ask(f"infer {loops} {warmups}")
        laps = [int(match[1]) for match in map(LAP.match, found) if match]
        [values] = [match[1] for match in map(RESULTS.match, found) if match]
        return [float(value) for value in values.split(",")], laps[-1] - laps[0]


@contextmanager
def running(name: str, board: Board, folder: Path) -> Iterator[Runner]:
    """The board as the runner meets it; afterwards it still talks in frames."""
    compiled = compile_model(model_path(name), board)
    tree = source_tree(compiled).merged(descriptor(compiled.program, compiled.plan))
    with attach(board, build(tree, board, folder)) as port:
        with serial.Serial(port.path, port.baud, timeout=30) as line:
            runner = Runner(line)
            runner.meet()
            yield runner
        with open_session(port, None) as session:
            assert session.hello.model_sha256 == compiled.graph.sha256


def reference(name: str, inputs: np.ndarray) -> np.ndarray:
    return run_reference(model_path(name).read_bytes(), [inputs]).outputs[0]


@pytest.mark.parametrize("name", ["kws", "resnet8"])
def test_closed_division_models(name: str, tmp_path: Path) -> None:
    require_board(BOARD)
    board = load_board(BOARD)
    inputs = evaluation(name)[0][:2]
    with running(name, board, tmp_path / "firmware") as runner:
        ident = {"kws": "kws01", "resnet8": "ic01"}[name]
        assert f"m-model-[{ident}]" in runner.ask("profile")
        assert runner.ask("name") == ["m-name-dut-[edgepack]"]
        signed = inputs if inputs.dtype == np.int8 else (inputs ^ 0x80).view(np.int8)
        for raw, due in zip(inputs, reference(name, signed), strict=True):
            runner.load(raw.tobytes())
            values, elapsed = runner.infer(3, 1)
            shares = [(int(v) + 128) / 256 for v in due.reshape(-1)]
            assert values == pytest.approx(shares, abs=1e-6) and elapsed > 0


def test_anomaly_detection(tmp_path: Path) -> None:
    require_board(BOARD)
    plain = load_board(BOARD)
    defines = {**plain.toolchain.defines, "EP_MLPERF_BUFFER_BYTES": 2560}
    board = plain.model_copy(
        update={"toolchain": plain.toolchain.model_copy(update={"defines": defines})}
    )
    compiled = compile_model(model_path("ad01"), board)
    [entry] = [compiled.graph.tensor(i).quantization for i in compiled.graph.inputs]
    [leave] = [compiled.graph.tensor(i).quantization for i in compiled.graph.outputs]
    windows = evaluation("ad01")[0][:2].astype(np.float32)
    scaled = windows / np.float32(entry.scales[0])
    whole = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled) + entry.zero_points[0]
    quantised = np.clip(whole, -128, 127).astype(np.int8)
    answers = reference("ad01", quantised).astype(np.float32)
    with running("ad01", board, tmp_path / "firmware") as runner:
        for window, answer in zip(windows, answers, strict=True):
            runner.load(window.tobytes())
            back = (answer.reshape(-1) - leave.zero_points[0]) * leave.scales[0]
            [score], _ = runner.infer(2, 1)
            assert score == pytest.approx(float(np.mean((back - window) ** 2)), rel=1e-4)
