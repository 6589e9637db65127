"""What sequences cost by the manuals' tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.errors import ToolchainError
from edgepack.target import block_counts
from edgepack.target.cycles import (
    CORES,
    CORTEX_M0,
    CORTEX_M0_SMALL,
    CORTEX_M3,
    CORTEX_M4,
    Block,
    CoreCosts,
    Cycles,
    estimate,
    penalty,
    straight,
)
from edgepack.target.thumb import decode

LDR_R0_R1, LDR_R2_R3, LDR_R2_R0 = "0868", "1a68", "0268"
STR_R0_R1, STR_R0_R1_R2, ADDS = "0860", "8850", "8918"
LDM_3, PUSH_3, MULS = "0ecb", "30b5", "4843"
SMULL, SMLAD, SDIV, MLA = "82fb0301", "21fb0230", "91fbf2f0", "01fb0230"
BNE, B, BL, BX, POP_PC = "fed1", "fee7", "fff7feff", "7047", "30bd"
LITERAL = "0248"


def once(costs: CoreCosts, *codes: str, wait_states: int = 0) -> Cycles:
    return straight(costs, decode(bytes.fromhex("".join(codes))), wait_states)


def taken(costs: CoreCosts, code: str, wait_states: int = 0) -> Cycles:
    return penalty(costs, decode(bytes.fromhex(code)), wait_states)


@pytest.mark.parametrize(
    ("codes", "cycles"),
    [
        ((ADDS,), 1),
        ((LDR_R0_R1,), 2),
        ((LDR_R0_R1, ADDS), 3),
        ((LDR_R0_R1, LDR_R2_R3), 3),
        ((LDR_R0_R1, LDR_R2_R3, LDR_R0_R1), 4),
        ((LDR_R0_R1, LDR_R2_R0), 4),
        ((LDR_R0_R1, ADDS, LDR_R2_R3), 5),
        ((STR_R0_R1,), 1),
        ((STR_R0_R1_R2,), 2),
        ((LDR_R2_R3, STR_R0_R1), 3),
        ((STR_R0_R1, LDR_R2_R3), 3),
        ((LDM_3,), 4),
        ((PUSH_3,), 4),
        ((LDR_R0_R1, LDM_3), 6),
        ((SMLAD, SMLAD), 2),
        ((SMULL,), 1),
        ((MULS,), 1),
    ],
)
def test_m4_sequences(codes: tuple[str, ...], cycles: int) -> None:
    assert once(CORTEX_M4, *codes) == Cycles(cycles, cycles, cycles)


def test_m3_long_products_and_quotients_have_a_range() -> None:
    assert once(CORTEX_M3, SMULL) == Cycles(3, 4, 5)
    assert once(CORTEX_M3, SDIV) == Cycles(2, 7, 12)
    assert once(CORTEX_M3, MLA) == Cycles(2, 2, 2)
    assert once(CORTEX_M4, SDIV) == Cycles(2, 7, 12)


def test_m0_does_not_pipeline_and_may_multiply_slowly() -> None:
    assert once(CORTEX_M0, LDR_R0_R1, LDR_R2_R3, STR_R0_R1).likely == 6
    assert once(CORTEX_M0, MULS).likely == 1
    assert once(CORTEX_M0_SMALL, MULS).likely == 32


def test_jumps() -> None:
    for code in (BNE, B, BX, BL, POP_PC):
        assert taken(CORTEX_M4, code) == Cycles(1, 2, 3)
    figures = [once(CORTEX_M0, c).likely + taken(CORTEX_M0, c).likely for c in (BNE, B, BL, BX)]
    assert figures == [3, 3, 4, 3]
    assert once(CORTEX_M0, POP_PC).likely + taken(CORTEX_M0, POP_PC).likely == 4 + 3
    assert taken(CORTEX_M4, ADDS) == Cycles(0, 0, 0)
    assert penalty(CORTEX_M4, ()) == Cycles(0, 0, 0)


def test_wait_states_are_paid_at_jumps_and_literals() -> None:
    assert once(CORTEX_M4, LITERAL, ADDS, wait_states=5).likely == 2 + 1 + 5
    assert taken(CORTEX_M4, BNE, wait_states=5) == Cycles(6, 7, 8)


def test_a_loop_is_its_blocks() -> None:
    code = bytes.fromhex(LDM_3 + SMLAD + ADDS + BNE)
    found = estimate(CORTEX_M4, [Block(0x100, len(code), 10, 9)], lambda a, n: code[:n])
    assert found.instructions == 40
    assert found.cycles == Cycles(10 * 7 + 9, 10 * 7 + 18, 10 * 7 + 27)
    assert found.model == f"{CORTEX_M4.model}; flash wait states: 0"


@pytest.mark.parametrize(
    ("core", "scale", "error"), [("cortex-m7", 0.6, 0.3), ("cortex-m33", 0.9, 0.2)]
)
def test_models_scale_the_m4_and_state_their_error(core: str, scale: float, error: float) -> None:
    code = bytes.fromhex(LDM_3 + ADDS + BNE)
    block = [Block(0, len(code), 100, 50)]
    m4 = estimate(CORTEX_M4, block, lambda a, n: code).cycles
    found = estimate(CORES[core], block, lambda a, n: code)
    assert found.cycles.likely == pytest.approx(scale * m4.likely)
    assert found.cycles.low == pytest.approx(scale * (1 - error) * m4.low)
    assert found.cycles.high == pytest.approx(scale * (1 + error) * m4.high)
    assert f"within {round(100 * error)} %" in found.model


def test_cores_without_a_model_have_none() -> None:
    assert sorted(CORES) == ["cortex-m0", "cortex-m3", "cortex-m33", "cortex-m4", "cortex-m7"]


def test_counts_are_read_as_they_are_laid_out(tmp_path: Path) -> None:
    file = tmp_path / "counts"
    block_counts.prepare(file)
    empty = file.read_bytes()
    assert block_counts.read(file) == block_counts.Counted(0, ())
    tally = (0x1234).to_bytes(4, "little") + (6).to_bytes(4, "little")
    tally += (2**40).to_bytes(8, "little") + (7).to_bytes(8, "little")
    head = (1).to_bytes(8, "little") + bytes(8)
    file.write_bytes((head + bytes(24) + tally).ljust(len(empty), b"\0"))
    assert block_counts.read(file) == block_counts.Counted(1, (Block(0x1234, 6, 2**40, 7),))


def test_too_many_blocks_are_no_estimate(tmp_path: Path) -> None:
    file = tmp_path / "counts"
    file.write_bytes(bytes(8) + (3).to_bytes(8, "little") + bytes(48))
    with pytest.raises(ToolchainError, match="at most 2 blocks"):
        block_counts.read(file)
