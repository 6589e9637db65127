from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.device import link
from edgepack.errors import DeviceError
from edgepack.program import Port


def test_time_outs_grow_with_the_payload_and_the_slowness_of_the_line() -> None:
    slow, fast = Port("/dev/ttyX", 9600, ""), Port("/dev/ttyX", 115200, "")
    assert link.wire_seconds(slow, 960) == 1.0
    assert link.wire_seconds(fast, 11520) == 1.0
    assert link.wire_seconds(Port("/dev/pts/1", 115200, "qemu"), 4000) == 2.0


def test_only_terminals_and_emulators_hold_a_sender_back(tmp_path: Path) -> None:
    assert not link.holds_back(Port("/dev/ttyACM0", 115200, ""))
    assert link.holds_back(Port("/dev/pts/3", 115200, ""))
    assert link.holds_back(Port("/dev/ttyACM0", 115200, "qemu"))
    (tmp_path / "board").symlink_to("/dev/pts/3")
    assert link.holds_back(Port(str(tmp_path / "board"), 115200, ""))


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(DeviceError) as error:
        link.open_line(Port("/dev/nothing", 115200, ""))
    assert str(error.value) == (
        "/dev/nothing: no such serial port; is the board plugged in? `edgepack ports` lists them"
    )


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(DeviceError, match="cannot be opened"):
        link.open_line(Port(str(path), 115200, ""))


def test_a_real_port_in_plain_use_is_refused_and_the_program_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "_holders", lambda path: ["screen (pid 17)"])
    with pytest.raises(DeviceError) as error:
        link.open_line(Port("/dev/ttyACM9", 115200, ""))
    assert str(error.value) == "/dev/ttyACM9: in use by screen (pid 17); close that program first"
