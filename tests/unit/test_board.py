"""Board files: every shipped one holds, and each named check says file, key and next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.board import known_boards, load_board, parse_board
from edgepack.errors import UsageError
from edgepack.resources import folder

SHIPPED = sorted(known_boards())
M4 = (folder("boards") / "mps2-an386.toml").read_text()
NUCLEO = (folder("boards") / "nucleo-l4r5zi.toml").read_text()
HOST = (folder("boards") / "host.toml").read_text()


def test_the_shipped_boards() -> None:
    assert SHIPPED == [
        "host",
        "microbit",
        "mps2-an385",
        "mps2-an385-m0",
        "mps2-an386",
        "mps2-an500",
        "mps2-an505",
        "mps3-an547",
        "netduinoplus2",
        "nucleo-l4r5zi",
        "riscv-virt",
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_board_holds(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.status == ("compiled" if name == "nucleo-l4r5zi" else "emulated")
    assert (board.kind == "measured") == (board.flash.driver == "openocd")
    assert ("mve" in board.isa) == (board.core == "cortex-m55")
    assert (board.unicorn is None) == (name in ("host", "nucleo-l4r5zi", "mps3-an547"))


@pytest.mark.parametrize("name", [n for n in SHIPPED if load_board(n).qemu])
@pytest.mark.parametrize("instructions", [1, 2, 3, 1000, 123_456_789])
@pytest.mark.parametrize("phase", [0.0, 0.49, 0.99])
def test_ticks_round_to_the_exact_count(name: str, instructions: int, phase: float) -> None:
    board = load_board(name)
    assert board.qemu is not None
    ticks_each = board.timer.hz * (1 << board.qemu.icount_shift) / 1e9
    before = int(phase)
    after = int(phase + instructions * ticks_each)
    assert board.count(after - before) == instructions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            M4.replace("icount_shift = 8", "icount_shift = 8\nicount_shft = 8"),
            "b.toml: qemu: unknown key 'icount_shft'; did you mean 'icount_shift'? known: args, "
            "icount_shift, machine, pc, system",
        ),
        (
            M4.replace('driver = "emulator"', 'driver = "jlink"'),
            "b.toml: flash.driver: 'jlink' is not known; known: 'copy', 'emulator' or 'openocd'",
        ),
        (
            M4.replace('driver = "emulator"', 'driver = "emulater"'),
            "b.toml: flash.driver: 'emulater' is not known; known: 'copy', 'emulator' or "
            "'openocd'; did you mean 'emulator'?",
        ),
        (
            M4.replace("icount_shift = 8", 'icount_shift = "eight"'),
            "b.toml: qemu.icount_shift: must be a whole number; it is 'eight'",
        ),
        (
            M4.replace('port = "mps2"', 'port = "msp2"'),
            "b.toml: port: 'msp2' is unknown; did you mean 'mps2'? known: host, mps2, nrf51, "
            "riscv_virt, stm32f4, stm32l4",
        ),
        (
            M4.replace("0x2000_0000", "0x0030_0000"),
            "b.toml: memory: flash and ram overlap",
        ),
        (
            M4.replace("[memory.flash]", "[memory]\nstack_bytes = 99_999_999\n\n[memory.flash]"),
            "b.toml: memory.stack_bytes: 99999999 does not fit 4194304 B of ram",
        ),
        (
            M4.split("[qemu]")[0],
            "b.toml: flash.driver is 'emulator' but there is no [qemu] or [unicorn]",
        ),
        (
            M4.replace('driver = "emulator"', 'driver = "copy"'),
            "b.toml: flash.driver: 'copy' is for toolchain.family 'host', and for it alone",
        ),
        (
            NUCLEO.replace("args = [", "args = []\n# ["),
            "b.toml: flash.args: missing; openocd needs '-f' and a configuration",
        ),
        (
            NUCLEO.replace('unit = "cycles"', 'unit = "instructions"'),
            "b.toml: timer.unit: a real board counts 'cycles', not 'instructions'",
        ),
        (
            HOST.replace('unit = "none"', 'unit = "cycles"'),
            "b.toml: timer.hz: 0 is for unit 'none', and for it alone",
        ),
        (
            HOST.replace('family = "host"', 'family = "arm"'),
            "b.toml: memory: missing; only a host board has none",
        ),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_board(text, "b.toml")
    assert str(caught.value) == message


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^b\.toml: not TOML: "):
        parse_board("name = ", "b.toml")


def test_an_unknown_board_gets_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        load_board("mps2-an368")
    assert str(caught.value) == (
        "board 'mps2-an368' is unknown; did you mean 'mps2-an386'? `edgepack boards` lists them"
    )


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    mine = tmp_path / "boards" / "mine.toml"
    mine.write_text(M4.replace('name = "mps2-an386"', 'name = "mine"'))
    assert load_board("mine", tmp_path).name == "mine"
    assert load_board(str(mine)).name == "mine"
    mine.write_text(M4)
    with pytest.raises(UsageError, match=r"name is 'mps2-an386'; it must be the file's, 'mine'"):
        load_board("mine", tmp_path)


def test_a_board_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(b'name = "\xff"\n')
    with pytest.raises(UsageError, match=r"odd\.toml: cannot read the board: 'utf-8' codec"):
        load_board(str(path))
