"""The Python session against the compiled firmware, on a line without faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepack.device.exchange import Patience, Request
from edgepack.device.session import DeviceReset, Identity, Place, Session, open_session
from edgepack.errors import DeviceError
from edgepack.program import Port
from tests.protocol import fake_model
from tests.protocol.lockstep import BOARD, FLAGS, Firmware, Wire, compile_firmware

QUICK = Patience(handshake_s=0.3, resend_s=0.01, deadline_s=0.3)


def opened(firmware: Firmware, expect: Identity | None = fake_model.IDENTITY, **more: object):
    port = more.get("port", fake_model.PORT)
    assert isinstance(port, Port)
    return open_session(port, expect, QUICK, open_with=lambda _: Wire(firmware))


@pytest.fixture
def session(firmware: Firmware):
    with opened(firmware) as session:
        yield session


def test_hello_tells_all(session: Session) -> None:
    hello = session.hello
    assert (hello.board, hello.model, hello.compiler, hello.flags) == (BOARD, "fake", "gcc", FLAGS)
    assert (hello.timer_hz, hello.clock_hz, hello.steps) == (10**6, 10**6, fake_model.STEPS)
    assert hello.runtime_version == 1
    assert hello.arena_bytes == fake_model.ARENA_BYTES and hello.has_hook and hello.nonce
    first, second = hello.inputs
    assert (first.name, first.bytes, first.type, first.scale, first.zero_point) == (
        "first", 300, 9, 0.5, -3,
    )  # fmt: skip
    assert (second.bytes, second.zero_point) == (41, 128)
    assert [t.bytes for t in hello.outputs] == [500, 4]


@pytest.mark.parametrize("port", [fake_model.PORT, fake_model.EMULATED])
def test_infer_is_exact_and_counts_only_the_run(firmware: Firmware, port: Port) -> None:
    with opened(firmware, port=port) as session:
        for inputs in fake_model.samples(5):
            inference = session.infer(inputs)
            assert inference.outputs == fake_model.answer(inputs)
            assert inference.ticks == sum(100 + step for step in range(fake_model.STEPS))


def test_ticks_survive_the_wrap(firmware: Firmware, session: Session) -> None:
    firmware.wrap_soon()
    assert session.infer(fake_model.samples(1)[0]).ticks == sum(100 + s for s in range(70))


def test_profile_needs_two_requests_and_adds_up(session: Session) -> None:
    assert session.profile(fake_model.samples(1)[0]) == [100 + step for step in range(70)]


def test_dumps_read_the_arena_between_steps(session: Session) -> None:
    inputs = fake_model.samples(2)[1]
    places = [Place(0, 0, 841), Place(0, 100, 7), Place(35, 5, 400), Place(69, 840, 1)]
    found = session.dumps(inputs, places)
    for place, data in zip(places, found, strict=True):
        whole = fake_model.arena_after(inputs, place.step)
        assert data == whole[place.offset : place.offset + place.bytes]
    assert session.infer(inputs).outputs == fake_model.answer(inputs)


def test_small_requests(session: Session) -> None:
    assert session.echo(bytes(range(236))) == bytes(range(236))
    assert session.echo(b"") == b""
    assert session.stack_peak() == 1234
    session.init_state()


def test_reset_is_told_and_recovered(firmware: Firmware, session: Session) -> None:
    before = session.hello.nonce
    firmware.restart()
    with pytest.raises(DeviceReset, match="the board restarted"):
        session.infer(fake_model.samples(1)[0])
    session.recover()
    assert session.hello.nonce != before
    session.reset()
    with pytest.raises(DeviceReset):
        session.echo(b"x")


def test_another_program_is_told(firmware: Firmware, session: Session) -> None:
    with opened(firmware), pytest.raises(DeviceReset, match="another program opened a session"):
        session.echo(b"x")


def test_hello_ends_a_paused_run(firmware: Firmware, session: Session) -> None:
    session._run(fake_model.samples(1)[0], 3)
    with pytest.raises(DeviceError, match="refuses STACK: BUSY"):
        session.stack_peak()
    with opened(firmware) as other:
        inputs = fake_model.samples(3)[2]
        assert other.infer(inputs).outputs == fake_model.answer(inputs)


def test_reset_ends_a_paused_run(session: Session) -> None:
    session._run(fake_model.samples(1)[0], 3)
    session.reset()
    session.recover()
    assert session.echo(b"x") == b"x"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"board": "x"}, "fake: another firmware answers: board is fake, expected x. Flash it"),
        ({"model_sha256": "cd" * 32}, f"aabbccddeeff, expected {'cd' * 32}"),
        ({"firmware_identity": "ef" * 32}, f"firmware is {'ab' * 32}, expected {'ef' * 32}"),
    ],
)  # fmt: skip
def test_wrong_identity_is_refused(
    firmware: Firmware, change: dict[str, str], message: str
) -> None:
    due = fake_model.IDENTITY
    fields = {
        "model_sha256": due.model_sha256,
        "firmware_identity": due.firmware_identity,
        "board": due.board,
    }
    with (
        pytest.raises(DeviceError) as error,
        opened(firmware, Identity(**{**fields, **change})),
    ):
        pass
    assert message in str(error.value)


def test_wrong_sizes_and_ranges(session: Session) -> None:
    with pytest.raises(DeviceError, match=r"inputs of \[3\] bytes, the model takes \[300, 41\]"):
        session.infer([b"abc"])
    with pytest.raises(DeviceError, match="refuses READ: BAD_RANGE"):
        session._read(1, 0, fake_model.ARENA_BYTES - 3, 4)
    with pytest.raises(DeviceError, match="refuses READ: BAD_RANGE"):
        session._read(1, 0, 0xFFFF_FFFE, 4)
    with pytest.raises(DeviceError, match="refuses RUN: BAD_RANGE"):
        session._run(fake_model.samples(1)[0], 70)


@pytest.mark.parametrize("request_", [r for r in Request if r != Request.RESET])
@pytest.mark.parametrize("payload", [b"", b"\xff" * 3, b"\xff" * 8, b"\xff" * 16, b"\xff" * 236])
def test_hostile_payloads_get_a_status(session: Session, request_: Request, payload: bytes) -> None:
    answer = session._exchange.ask(request_, payload)
    assert answer.status <= 8
    session.recover()
    assert session.echo(b"alive") == b"alive"


def test_silence_names_the_last_frame(firmware: Firmware, session: Session) -> None:
    firmware.hang(10**6)
    with pytest.raises(DeviceError, match=r"no answer within 1 s to ECHO \(frame \d+, 5 bytes\)"):
        session.echo(b"hello")
    with pytest.raises(DeviceError, match=r"nothing answers the handshake within 0.3 s"):
        session.recover()


def test_without_hook(tmp_path: Path) -> None:
    running = Firmware(compile_firmware(tmp_path, "-DNO_HOOK"))
    with opened(running) as session:
        assert not session.hello.has_hook
        inputs = fake_model.samples(1)[0]
        with pytest.raises(DeviceError, match=r"refuses PROFILE: NO_HOOK. Build the firmware with"):
            session.profile(inputs)
        with pytest.raises(DeviceError, match="refuses RUN: NO_HOOK"):
            session.dump(inputs, 1, 0, 4)
        assert session.infer(inputs).outputs == fake_model.answer(inputs)
    assert running.close() == ""
