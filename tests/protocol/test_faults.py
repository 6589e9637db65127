"""Faults on the line: no wrong, lost or repeated result, whatever the line does."""

from __future__ import annotations

import functools
import random
from pathlib import Path

import numpy as np
import pytest

from edgepack.device import link
from edgepack.device.bench import run_samples
from edgepack.device.exchange import Patience
from edgepack.device.session import open_session
from edgepack.program import Port
from tests.protocol import fake_model
from tests.protocol.lockstep import Fault, Firmware, Wire

PATIENCE = Patience(handshake_s=5.0, resend_s=0.0005, deadline_s=5.0)
KINDS_OF_SAMPLE = 40


def dropped(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + 1 :]


def corrupted(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]


def truncated(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    return data[: rng.randrange(len(data))]


def duplicated(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    if rng.random() < 0.5:
        wire.held[lane] = data
        return data
    return data + data


def reordered(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    wire.held[lane] = data
    return b""


def chatter(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    lines = [
        b"*** boot ***\r\n",
        b"name%",
        b"db load 300%db 0011%",
        b"\xff" * 5,
        b"\0",
        b"%",
        b"e-[x]",
    ]
    noise = b"".join(rng.choice([*lines, rng.randbytes(rng.randrange(300))]) for _ in range(3))
    at = rng.choice([0, len(data), rng.randrange(len(data))])
    return data[:at] + noise + data[at:]


def reset(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    """At once, after this frame, or in the middle of the next run."""
    way = rng.randrange(3)
    if way == 0:
        return wire.firmware.restart() + (data if lane == 0 else b"")
    if way == 1:
        wire.firmware.restart_in_run(1, rng.randrange(70))
        return data
    return data + (wire.firmware.restart() if lane == 1 else b"")


def hang(rng: random.Random, data: bytes, wire: Wire, lane: int) -> bytes:
    """Deaf and mute for some frames, until a watchdog bites."""
    wire.firmware.hang(rng.randrange(1, 4))
    return data


FAULTS: list[Fault] = [
    dropped, corrupted, truncated, duplicated, reordered, chatter, reset, hang,
]  # fmt: skip
ONCE = {dropped, corrupted, truncated, duplicated, reordered, chatter}


@functools.cache
def pool() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Inputs and expected outputs of a few samples, as arrays [n, ...]."""
    samples = fake_model.samples(KINDS_OF_SAMPLE)
    answers = [fake_model.answer(sample) for sample in samples]
    inputs = [
        np.stack([np.frombuffer(s[i], dtype) for s in samples])
        for i, dtype in enumerate(["i1", "u1"])
    ]
    outputs = [
        np.stack([np.frombuffer(a[i], dtype) for a in answers])
        for i, dtype in enumerate(["i1", "<i4"])
    ]
    return inputs, outputs


def inject(program: Path, fault: Fault, port: Port, wanted: int, journal: Path) -> dict[str, int]:
    """Run samples until `wanted` faults were injected; counts what went wrong."""
    inputs, expected = pool()
    firmware = Firmware(program)
    chance = 0.005 if fault in (reset, hang) else 0.15
    wire = Wire(firmware, fault, 0.0, seed=len(fault.__name__))
    counts = {"faults": 0, "samples": 0, "wrong": 0, "lost": 0, "repeated": 0}
    with open_session(port, fake_model.IDENTITY, PATIENCE, open_with=lambda _: wire) as session:
        wire.chance = chance
        while wire.faults < wanted:
            journal.unlink(missing_ok=True)
            found = run_samples(session, inputs, journal=journal)
            counts["samples"] += len(inputs[0])
            counts["lost"] += abs(len(inputs[0]) - len(found.ticks))
            wrong = np.zeros(len(inputs[0]), bool)
            for ours, due in zip(found.outputs, expected, strict=True):
                wrong |= (ours != due).any(axis=1)
            counts["wrong"] += int(wrong.sum())
        wire.chance = 0.0
        if fault in ONCE:
            tail = session._read(1, 0, fake_model.ARENA_BYTES - 4, 4)
            counts["repeated"] = int.from_bytes(tail, "little") - counts["samples"]
    counts["faults"] = wire.faults
    assert firmware.close() == ""
    return counts


def check(program: Path, fault: Fault, port: Port, wanted: int, journal: Path) -> None:
    counts = inject(program, fault, port, wanted, journal)
    print(fault.__name__, counts)
    assert (counts["wrong"], counts["lost"], counts["repeated"]) == (0, 0, 0)
    assert counts["faults"] >= wanted


@pytest.fixture(autouse=True)
def fast_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_EMULATED_BYTES_PER_S", 1e9)


PORTS = pytest.mark.parametrize(
    "port", [fake_model.PORT, fake_model.EMULATED], ids=["acked", "streamed"]
)
EACH = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


@PORTS
@EACH
def test_no_wrong_lost_or_repeated_result(
    program: Path, fault: Fault, port: Port, tmp_path: Path
) -> None:
    check(program, fault, port, 600 if fault in ONCE else 150, tmp_path / "journal")


@pytest.mark.long
@PORTS
@EACH
def test_three_thousand_faults_of_a_kind(
    program: Path, fault: Fault, port: Port, tmp_path: Path
) -> None:
    check(program, fault, port, 3000, tmp_path / "journal")
