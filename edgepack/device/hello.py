"""The handshake: what a device tells of itself, and whether that is what was expected."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from edgepack.device.exchange import Exchange, Request
from edgepack.errors import DeviceError

PROTOCOL_VERSION = 1
_HELLO = struct.Struct("<10I")
_OUTPUT, _INPUT = 0, 2


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device must be, so that its answers mean what we think."""

    model_sha256: str
    firmware_identity: str
    board: str


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """An input or output as the device tells it; `type` is TFLite's TensorType."""

    name: str
    bytes: int
    type: int
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class Hello:
    """What the device tells of itself."""

    runtime_version: int
    nonce: int  # differs from boot to boot
    timer_hz: int
    clock_hz: int
    steps: int
    arena_bytes: int
    overhead_ticks: int  # of timing an empty function; already taken off every run
    has_hook: bool
    board: str
    model: str
    model_sha256: str
    firmware_identity: str
    compiler: str
    flags: str
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]


def shake_hands(exchange: Exchange, where: str) -> Hello:
    """Open the session and read what the device is; DeviceError where it speaks otherwise."""
    answer = exchange.expect(Request.HELLO)
    protocol = int.from_bytes(answer[:2], "little")
    if protocol != PROTOCOL_VERSION:
        raise DeviceError(
            f"{where}: the firmware speaks protocol {protocol}, edgepack speaks "
            f"{PROTOCOL_VERSION}. Build and flash it again"
        )
    if len(answer) != _HELLO.size:
        raise DeviceError(f"{where}: a HELLO of {len(answer)} bytes, {_HELLO.size} are due")
    _, nonce, timer, clock, steps, arena, overhead, counts, features, runtime = _HELLO.unpack(
        answer
    )
    board, model, model_sha256, firmware, compiler, flags = (
        _text(exchange, what) for what in range(6)
    )
    return Hello(
        runtime_version=runtime,
        nonce=nonce,
        timer_hz=timer,
        clock_hz=clock,
        steps=steps,
        arena_bytes=arena,
        overhead_ticks=overhead,
        has_hook=bool(features & 1),
        board=board,
        model=model,
        model_sha256=model_sha256,
        firmware_identity=firmware,
        compiler=compiler,
        flags=flags,
        inputs=tuple(_tensor(exchange, _INPUT, i) for i in range(counts & 0xFFFF)),
        outputs=tuple(_tensor(exchange, _OUTPUT, i) for i in range(counts >> 16)),
    )


def check_identity(hello: Hello, expect: Identity, where: str) -> None:
    """DeviceError that prints what the device is and what was expected, where they differ."""
    pairs = (
        ("board", hello.board, expect.board),
        ("model", hello.model_sha256, expect.model_sha256),
        ("firmware", hello.firmware_identity, expect.firmware_identity),
    )
    wrong = [
        f"{what} is {found or 'none'}, expected {due or 'none'}"
        for what, found, due in pairs
        if found != due
    ]
    if wrong:
        raise DeviceError(f"{where}: another firmware answers: {'; '.join(wrong)}. Flash it again")


def _text(exchange: Exchange, what: int) -> str:
    text = b""
    while True:
        answer = exchange.expect(Request.TEXT, struct.pack("<II", what, len(text)))
        text += answer[4:]
        if len(text) >= int.from_bytes(answer[:4], "little") or len(answer) <= 4:
            return text.decode("utf-8", "replace")


def _tensor(exchange: Exchange, space: int, index: int) -> TensorFacts:
    answer = exchange.expect(Request.TENSOR, struct.pack("<II", space, index))
    count, kind, scale, zero_point = struct.unpack_from("<IIfi", answer)
    return TensorFacts(answer[16:].decode("utf-8", "replace"), count, kind, scale, zero_point)
