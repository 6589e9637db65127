from __future__ import annotations

import pytest

from edgepack.board import load_board
from edgepack.errors import GateError
from edgepack.pipeline import firmware
from edgepack.pipeline.firmware import Image, require_stack
from edgepack.program import Firmware
from edgepack.results import Flash, Harness

IMAGE = Image(Firmware("f.elf", "", "", "", "", False), Flash(0, 0, 0, 0), Harness(0, 0), 0)


def test_a_stack_that_reaches_static_data_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware, "stack_room", lambda image: 500)
    board = load_board("microbit")
    require_stack(IMAGE, 500, board)
    with pytest.raises(GateError, match="needs 501 B and microbit has 500 B left"):
        require_stack(IMAGE, 501, board)


def test_a_host_program_has_a_stack_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware, "stack_room", lambda image: None)
    require_stack(IMAGE, 10**9, load_board("host"))
