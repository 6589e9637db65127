"""Estimated cycles beside emulated instructions: asked for, labelled, and of every instruction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgepack.board import load_board
from edgepack.errors import UsageError
from edgepack.pipeline import DeviceSpec, bench, compile_model
from edgepack.pipeline.cycles import cycle_estimate
from edgepack.pipeline.device import choose_samples, sample_bytes
from edgepack.pipeline.firmware import build_image
from edgepack.target import unicorn_emulator
from edgepack.target.cycles import CORES
from tests.system.command_line import edgepack
from tests.system.mlperf import require_board
from tests.system.target.echo import require_emulator
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

M4 = "mps2-an386"
CYCLES_PER_INSTRUCTION = {
    "mps2-an385-m0": (1.2, 1.8),
    "mps2-an385": (1.2, 2.2),
    M4: (1.1, 1.8),
    "mps2-an500": (0.5, 1.1),
    "mps2-an505": (0.9, 1.7),
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(cnn()))
    return path


def require_unicorn(name: str) -> None:
    require_board(name)
    require_emulator(load_board(name), "unicorn")


@pytest.mark.parametrize("name", CYCLES_PER_INSTRUCTION)
def test_every_instruction_is_priced(name: str, model: Path) -> None:
    require_unicorn(name)
    board, device = load_board(name), DeviceSpec(samples=1)
    compiled = compile_model(model, board)
    inputs = sample_bytes(choose_samples(compiled.original, device), 0)
    found = cycle_estimate(compiled, build_image(compiled, board), board, inputs)
    emulated = bench(model, board, device=device).latency[0].mean
    assert found.instructions - emulated == 1  # the return of the empty call that is subtracted
    low, high = CYCLES_PER_INSTRUCTION[name]
    assert low < found.cycles.likely / found.instructions < high
    assert 0 < found.cycles.low <= found.cycles.likely <= found.cycles.high
    assert found.model.startswith(CORES[board.core].model)
    slower = cycle_estimate(compiled, build_image(compiled, board), board, inputs, wait_states=4)
    assert slower.cycles.likely > found.cycles.likely


def test_bench_adds_cycles_and_their_time_where_asked(model: Path) -> None:
    require_unicorn(M4)
    board = load_board(M4)
    plain = bench(model, board, device=DeviceSpec(samples=2))
    asked = bench(model, board, device=DeviceSpec(samples=2, cycles=True))
    assert asked.latency[:1] == plain.latency
    assert len(plain.latency) == 1
    cycles, time = asked.latency[1:]
    assert [cycles.kind, cycles.unit] == ["estimated", "cycles"]
    assert [time.kind, time.unit] == ["estimated", "us"]
    assert cycles.min < cycles.mean < cycles.max
    assert time.mean == pytest.approx(cycles.mean / 25)
    assert "Cortex-M4" in cycles.model
    slow = DeviceSpec(samples=2, cycles=True, wait_states=5)
    slower = bench(model, board, device=slow).latency[1]
    assert slower.mean > cycles.mean
    assert slower.model.endswith("wait states: 5")
    with pytest.raises(UsageError, match="--cycles"):
        bench(model, board, device=DeviceSpec(samples=2, wait_states=5))


def test_without_unicorn_there_is_none(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_board(M4)
    monkeypatch.setattr(unicorn_emulator, "version", lambda: None)
    require_emulator(load_board(M4), "qemu")
    said: list[str] = []
    device = DeviceSpec(samples=1, emulator="qemu", cycles=True)
    result = bench(model, load_board(M4), device=device, progress=lambda w, d, o: said.append(w))
    assert [v.kind for v in result.latency] == ["emulated"]
    assert any("no cycle estimate: unicorn is missing" in line for line in said)


def test_the_command_prints_it_apart_and_says_why_there_is_none(model: Path) -> None:
    require_unicorn(M4)
    done = edgepack("bench", model, "-b", M4, "--samples", 1, "--cycles", "-q")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "instructions (emulated)" in lines["latency"]
    assert "cycles" in lines["estimate"]
    assert "us at 25 MHz, estimated: Cortex-M4" in lines["estimate"]
    riscv = "riscv-virt"
    require_board(riscv)
    done = edgepack("bench", model, "-b", riscv, "--samples", 1, "--cycles", "--json")
    assert done.returncode == 0, done.stderr
    assert [v["kind"] for v in json.loads(done.stdout)["latency"]] == ["emulated"]
    assert "no cycle estimate" in done.stderr
