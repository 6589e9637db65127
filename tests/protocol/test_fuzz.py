"""Hostile bytes for the frame parser, the server and the text parser, under ASan and UBSan."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.device.exchange import Exchange, Patience, Request
from edgepack.device.framing import MAGIC, PAYLOAD_BYTES, Deframer, Frame, decode, encode
from tests.protocol import fake_model
from tests.protocol.lockstep import Firmware, Wire

WORDS = [b"name", b"profile", b"db load 300", b"db ", b"0aFF", b"infer 1 1", b"results", b"%", b" "]


def alive(firmware: Firmware, data: bytes = b"alive") -> None:
    wire = Wire(firmware)
    exchange = Exchange(fake_model.PORT, wire, Patience(0.5, 0.001, 0.5))
    exchange.expect(Request.HELLO)
    assert exchange.expect(Request.ECHO, data) == data


def noise(rng: random.Random) -> bytes:
    """Random bytes, of which delimiters, magics and full blocks are likely."""
    size = rng.randrange(1, 600)
    pick = [0, MAGIC, 0xFF, 0x02, rng.randrange(256)]
    weights = [rng.random() for _ in pick]
    return bytes(
        rng.choices(pick, weights)[0] if rng.random() < 0.5 else rng.randrange(256)
        for _ in range(size)
    )


def mutated(rng: random.Random, session: int, sequence: int) -> bytes:
    """A frame that is valid but for a few bytes, before or behind its CRC and COBS."""
    payload = rng.randbytes(rng.choice([0, 4, 8, 12, 16, rng.randrange(PAYLOAD_BYTES + 1)]))
    if rng.random() < 0.5:
        words = [rng.choice([0, 1, 2, 300, 0xFFFFFFFF, 0x7FFFFFFF]) for _ in payload[::4]]
        payload = struct.pack(f"<{len(words)}I", *words)[: len(payload)]
    kind = rng.choice([*Request, rng.randrange(256)])
    body = bytearray(
        struct.pack("<BBBBII", MAGIC, kind, 0, rng.randrange(256), session, sequence) + payload
    )
    if rng.random() < 0.3:
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.1:
        body = body[: rng.randrange(len(body))]
    if rng.random() < 0.1:
        body += rng.randbytes(rng.randrange(300))
    wire = bytearray(cobs.encode(bytes(body) + struct.pack("<I", zlib.crc32(body))))
    if rng.random() < 0.3:
        at = rng.randrange(len(wire))
        wire[at : at + 1] = rng.choice([b"", b"\0", rng.randbytes(1), rng.randbytes(2)])
    return b"\0" + bytes(wire) + rng.choice([b"\0", b"\0", b"\0\0", b""])


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes(firmware: Firmware, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(500):
        firmware.feed(noise(rng))
    alive(firmware)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_frames(firmware: Firmware, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        session = rng.randrange(1, 2**32)
        firmware.feed(encode(Frame(Request.HELLO, 0, 0, session, 1, b"")))
        for sequence in range(2, 20):
            firmware.feed(mutated(rng, session, sequence))
    alive(firmware)


def test_random_text(firmware: Firmware) -> None:
    rng = random.Random(7)
    for _ in range(3000):
        firmware.feed(b"".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 30))))
    alive(firmware)


@pytest.mark.parametrize("size", range(PAYLOAD_BYTES + 1))
def test_every_length_of_zeros_and_ones_comes_back(program_firmware: Firmware, size: int) -> None:
    alive(program_firmware, bytes(size))
    alive(program_firmware, b"\1" * size)


@pytest.fixture(scope="module")
def program_firmware(program):
    running = Firmware(program)
    yield running
    assert running.close() == ""


def test_any_single_cut_or_flip_of_a_frame_is_rejected() -> None:
    body = Frame(Request.ECHO, 0, 0, 0x11002200, 77, b"\0payload\0\0")
    wire = encode(body)
    assert decode(wire[1:-1]) == body
    for at in range(1, len(wire) - 1):
        for flip in range(1, 256):
            changed = wire[1:at] + bytes([wire[at] ^ flip]) + wire[at + 1 : -1]
            assert b"\0" in changed or decode(changed) is None
        assert decode(wire[1:at] + wire[at + 1 : -1]) is None


@given(st.lists(st.binary(max_size=PAYLOAD_BYTES), max_size=5), st.binary(max_size=50), st.data())
@settings(max_examples=100, deadline=None)
def test_frames_are_found_in_any_chunking(
    payloads: list[bytes], between: bytes, data: st.DataObject
) -> None:
    frames = [Frame(3, 1, 2, 9, i, payload) for i, payload in enumerate(payloads)]
    stream = b"".join(between.replace(b"\0", b"") + encode(frame) for frame in frames)
    deframer = Deframer()
    found: list[Frame] = []
    while stream:
        size = data.draw(st.integers(1, 300))
        found += deframer.feed(stream[:size])
        stream = stream[size:]
    assert found == frames


def test_endless_chatter_takes_no_memory() -> None:
    deframer = Deframer()
    for _ in range(100):
        assert deframer.feed(b"x" * 10_000) == []
    assert len(deframer._rest) < 1000
    assert deframer.feed(encode(Frame(1, 0, 0, 1, 1, b""))) == [Frame(1, 0, 0, 1, 1, b"")]
