"""Boards that hang or are unplugged in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgepack.device import link, session
from edgepack.device.bench import run_samples
from edgepack.device.exchange import NoAnswer, Patience
from edgepack.device.link import Line, LineLost
from edgepack.errors import DeviceError
from edgepack.program import Port
from tests.protocol import fake_model
from tests.protocol.lockstep import Firmware, Wire

PATIENCE = Patience(handshake_s=1.0, resend_s=0.005, deadline_s=0.1)
SAMPLES = fake_model.samples(6)
ARRAYS = [
    np.stack([np.frombuffer(s[i], dtype) for s in SAMPLES]) for i, dtype in enumerate(["i1", "u1"])
]


class Pluggable(Wire):
    """A line that is lost while `plugged` is false."""

    plugged = True

    def write(self, data: bytes) -> None:
        if not self.plugged:
            raise LineLost("fake: the serial line is gone")
        super().write(data)


def right(outputs: tuple[np.ndarray, ...]) -> bool:
    return all(
        tuple(out[i].tobytes() for out in outputs) == fake_model.answer(sample)
        for i, sample in enumerate(SAMPLES)
    )


def pull_after(count: int, line: Pluggable) -> Callable[[int, int], None]:
    def progress(done: int, of: int) -> None:
        if done == count:
            line.plugged = False

    return progress


def test_plugged_in_again_it_goes_on(firmware: Firmware, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Pluggable] = []
    ports: list[str] = []

    def open_with(port: Port) -> Line:
        ports.append(port.path)
        lines.append(Pluggable(firmware))
        return lines[-1]

    def came_back(serial_number: str, timeout_s: float) -> str:
        assert serial_number == "SN42"
        firmware.restart()
        return "/dev/other"

    monkeypatch.setattr(session, "usb_serial_number", lambda path: "SN42")
    monkeypatch.setattr(session, "wait_for_usb", came_back)
    with session.open_session(
        fake_model.PORT, fake_model.IDENTITY, PATIENCE, open_with=open_with
    ) as opened:
        found = run_samples(opened, ARRAYS, progress=pull_after(3, lines[0]))
        assert ports == ["fake", "/dev/other"] and opened.port.path == "/dev/other"
    assert right(found.outputs) and found.resets == 1


def test_not_plugged_in_again_the_journal_keeps_what_was_done(
    firmware: Firmware, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session, "usb_serial_number", lambda path: "SN42")
    monkeypatch.setattr(session, "wait_for_usb", lambda serial_number, timeout_s: None)
    line = Pluggable(firmware)
    journal = tmp_path / "journal"
    with session.open_session(
        fake_model.PORT, fake_model.IDENTITY, PATIENCE, open_with=lambda port: line
    ) as opened:
        with pytest.raises(DeviceError, match=r"SN42\) was unplugged and did not come back within"):
            run_samples(opened, ARRAYS, journal=journal, progress=pull_after(4, line))
        line.plugged = True
        opened.recover()
        seen: list[int] = []
        found = run_samples(
            opened, ARRAYS, journal=journal, resume=True, progress=lambda n, of: seen.append(n)
        )
    assert seen == [5, 6] and right(found.outputs)


def test_a_hang_ends_at_its_deadline_or_in_a_restart(firmware: Firmware) -> None:
    with session.open_session(
        fake_model.PORT, fake_model.IDENTITY, PATIENCE, open_with=lambda port: Wire(firmware)
    ) as opened:
        firmware.hang(10**6)
        with pytest.raises(NoAnswer, match=r"no answer within 1 s to SET \(frame 13, 236 bytes\)"):
            run_samples(opened, ARRAYS)
        restarts: list[bytes] = []
        opened.restart = lambda: restarts.append(firmware.restart())
        found = run_samples(opened, ARRAYS)
    assert right(found.outputs) and found.resets == 1 and len(restarts) == 1


@dataclass
class Listed:
    device: str
    serial_number: str | None


def test_a_board_is_found_by_its_usb_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools import list_ports

    there: list[Listed] = [Listed("/dev/a", None), Listed("/dev/b", "SN42")]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    assert link.usb_serial_number("/dev/b") == "SN42"
    assert link.usb_serial_number("/dev/a") is None
    assert link.wait_for_usb("SN42", 1) == "/dev/b"
    assert link.wait_for_usb("SN43", 0.01) is None
