"""Real models: two emulators give one count, two compilers one answer."""

from __future__ import annotations

import dataclasses

import pytest

from edgepack.board import known_boards, load_board
from edgepack.pipeline import DeviceSpec, bench, profile
from edgepack.results import as_json
from tests.system.mlperf import model_path, require_board
from tests.system.target.echo import environment, require_compiler, require_emulator

BOARDS = {name: load_board(name) for name in known_boards()}
PLAYED = [name for name, board in BOARDS.items() if board.unicorn is not None]
EMULATED = [name for name, board in BOARDS.items() if board.flash.driver == "emulator"]
SHORT = ("mps2-an386", "microbit", "riscv-virt")


def on_both(name: str) -> tuple[DeviceSpec, DeviceSpec]:
    require_compiler(BOARDS[name])
    for emulator in ("qemu", "unicorn"):
        require_emulator(BOARDS[name], emulator)
    return DeviceSpec(emulator="qemu", samples=3), DeviceSpec(emulator="unicorn", samples=3)


@pytest.mark.parametrize("name", PLAYED)
def test_bench_is_the_same_under_both(name: str) -> None:
    model = model_path("kws")
    results = [bench(model, BOARDS[name], device=device) for device in on_both(name)]
    emulators = [result.provenance.emulator for result in results]
    assert [words.split()[0][:4] for words in emulators] == ["qemu", "unic"]
    under_qemu, under_unicorn = (
        as_json(
            dataclasses.replace(
                result, provenance=dataclasses.replace(result.provenance, emulator="")
            )
        )
        for result in results
    )
    assert under_unicorn == under_qemu
    assert under_qemu["latency"][0]["mean"] > 1_000_000
    assert under_qemu["agreement"]["bit_exact"]


@pytest.mark.parametrize("name", SHORT)
def test_profile_is_the_same_under_both(name: str) -> None:
    model = model_path("kws")
    results = [profile(model, BOARDS[name], device=device) for device in on_both(name)]
    counts = [[row.count for row in result.steps] for result in results]
    assert counts[0] == counts[1]
    assert len(counts[0]) > 5
    assert min(counts[0]) > 0


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n == "mps3-an547" else pytest.mark.long) for n in EMULATED],
)
def test_zig_gives_the_bits_that_gcc_gives(name: str) -> None:
    model = model_path("kws")
    require_board(name)
    require_compiler(BOARDS[name], "zig")
    with environment(EDGEPACK_COMPILER="zig"):
        result = bench(model, BOARDS[name], device=DeviceSpec(samples=2))
    assert result.provenance.compiler.startswith("zig ")
    assert result.agreement is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
