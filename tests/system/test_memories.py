"""Arena, weights and code in several memories of emulated boards: the same bits."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.board import Board, load_board, parse_board
from edgepack.errors import GateError, UsageError
from edgepack.pipeline import CompileSpec, bench, build_model, check_model, compile_model
from edgepack.pipeline.places import parse_places
from edgepack.resources import folder
from edgepack.target.sections import symbol_addresses
from tests.system.mlperf import require_board
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

M4 = (folder("boards") / "mps2-an386.toml").read_text()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(cnn()))
    return path


def require_exact(model: Path, board: Board, *places: str) -> dict[str, int]:
    """Run it; the addresses of its symbols."""
    spec = CompileSpec(places=parse_places(places))
    result = bench(model, board, spec)
    assert result.agreement is not None
    assert result.agreement.bit_exact
    return symbol_addresses(Path(build_model(model, board, spec).firmware.elf))


def lies_in(board: Board, region: str, address: int) -> bool:
    assert board.memory is not None
    where = board.memory.region(region)
    return where.origin <= address < where.end


def test_an_arena_in_psram_and_code_in_ram(model: Path) -> None:
    require_board("mps2-an386")
    board = load_board("mps2-an386")
    found = require_exact(model, board, "arena=psram", "code=ram")
    hot = [name for name, at in found.items() if at & 1 and lies_in(board, "ram", at)]
    assert {"ep_chain_band_s8", "ep_chain_window", "ep_depthwise_taps_s8", "ep_taps"} <= {*hot}
    assert lies_in(board, "psram", found["net_arena"])
    constants = [at for name, at in found.items() if name.startswith("net_op")]
    assert constants
    assert all(lies_in(board, "flash", at) for at in (*constants, found["main"]))


def test_four_memories_of_a_cortex_m55(model: Path) -> None:
    require_board("mps3-an547")
    board = load_board("mps3-an547")
    found = require_exact(model, board, "arena=ddr", "weights=ssram", "0=flash", "code=sram")
    assert lies_in(board, "ddr", found["net_arena"])
    assert lies_in(board, "flash", found["net_op0_weights"])
    assert lies_in(board, "ssram", found["net_op1_weights"])
    assert any(at & 1 and lies_in(board, "sram", at) for at in found.values())
    assert lies_in(board, "ram", require_exact(model, board)["net_arena"])


def small_flash(flash: int) -> Board:
    """An M4 with little flash, and more of it behind a slow bus."""
    text = M4.replace("bytes = 0x40_0000", f"bytes = {flash}", 1)
    return parse_board(text.replace('kind = "ram"', 'kind = "flash"'), "mps2-an386.toml")


def test_cold_weights_lie_in_external_flash(tmp_path: Path) -> None:
    require_board("mps2-an386")
    from tests.unit.compiler.small_models import dense

    path = tmp_path / "net.tflite"
    path.write_bytes(pack(dense(400, 200)))
    board = small_flash(49_152)
    found = require_exact(path, board)
    assert lies_in(board, "psram", found["net_op0_weights"])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "arena=psrm",
            "--place arena=psrm: 'psrm' is unknown; did you mean 'psram'? mps2-an386 has ram, "
            "psram for arena",
        ),
        (
            "weights=psram",
            "--place weights=psram: 'psram' is no place for that; mps2-an386 has flash for weights",
        ),
        (
            "arena",
            "--place 'arena': write WHAT=REGION, such as arena=psram; WHAT is arena, weights, "
            "code, or an operator as for --layer",
        ),
    ],
)
def test_places_that_cannot_be(model: Path, place: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        compile_model(model, load_board("mps2-an386"), CompileSpec(places=parse_places([place])))
    assert str(caught.value) == message


def test_a_place_needs_a_board(model: Path) -> None:
    with pytest.raises(UsageError, match="--place arena: name a board that has memory regions"):
        compile_model(model, None, CompileSpec(places=(("arena", "ram"),)))


def test_a_memory_too_small_is_named(model: Path) -> None:
    board = parse_board(M4.replace("0x100_0000", "64"), "mps2-an386.toml")
    with pytest.raises(GateError, match=r"mps2-an386 has 64 B of RAM in psram; the peak is op"):
        check_model(model, board, CompileSpec(places=(("arena", "psram"),)))
