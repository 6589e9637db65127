"""A conversation with one device: inputs, runs, memory; every request is safe to resend."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from edgepack.device.exchange import (
    Answer,
    DeviceReset,
    Exchange,
    NoAnswer,
    Patience,
    Request,
    Status,
)
from edgepack.device.framing import PAYLOAD_BYTES
from edgepack.device.hello import Hello, Identity, check_identity, shake_hands
from edgepack.device.link import (
    Line,
    LineLost,
    holds_back,
    open_line,
    usb_serial_number,
    wait_for_usb,
)
from edgepack.errors import DeviceError
from edgepack.program import Port

__all__ = [
    "DeviceReset",
    "Hello",
    "Identity",
    "Inference",
    "Patience",
    "Place",
    "Session",
    "open_session",
]

END = 0xFFFF_FFFF
_QUIET = 1
_SET_BYTES = PAYLOAD_BYTES - 8
_PROFILE_STEPS = PAYLOAD_BYTES // 4
_OUTPUT, _ARENA = 0, 1
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Inference:
    """The outputs' bytes in graph order, and the ticks of the device's counter that it took."""

    outputs: tuple[bytes, ...]
    ticks: int


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes of the arena as they are after a step."""

    step: int
    offset: int
    bytes: int


@contextmanager
def open_session(
    port: Port,
    expect: Identity | None,
    patience: Patience | None = None,
    *,
    open_with: Callable[[Port], Line] = open_line,
    restart: Callable[[], None] | None = None,
) -> Iterator[Session]:
    """A session with the device at `port`, refused unless it is what `expect` says.

    `restart` restarts a board that hangs, where something can (a debug probe, an emulator).
    DeviceError where nothing answers, or where protocol, board, model or firmware differ.
    """
    session = Session(port, expect, patience or Patience(), open_with, restart)
    try:
        session.connect()
        yield session
    finally:
        session.close()


class Session:
    """A handshaken device. Made by `open_session`; not to be shared between threads."""

    hello: Hello

    def __init__(
        self,
        port: Port,
        expect: Identity | None,
        patience: Patience,
        open_with: Callable[[Port], Line] = open_line,
        restart: Callable[[], None] | None = None,
    ) -> None:
        self.port = port
        self.restart = restart
        self._expect = expect
        self._patience = patience
        self._open_with = open_with
        self._line = open_with(port)
        self._exchange = Exchange(port, self._line, patience)
        self._streams = holds_back(port)
        self._usb = None if port.emulator else usb_serial_number(port.path)

    def close(self) -> None:
        """Let the line go."""
        self._line.close()

    # ---- connecting

    def connect(self) -> None:
        """Open a new session on the line and read what the device is; DeviceError as above."""
        for attempt in range(_ATTEMPTS):
            self._exchange = Exchange(self.port, self._line, self._patience)
            try:
                self.hello = shake_hands(self._exchange, self.port.path)
                break
            except NoAnswer as error:
                raise DeviceError(
                    f"{self.port.path}: nothing answers the handshake within "
                    f"{self._patience.handshake_s:g} s; is this the board's port, at its baud "
                    "rate, and was edgepack's firmware flashed?"
                ) from error
            except DeviceReset:
                if attempt == _ATTEMPTS - 1:
                    raise
        self._exchange.nonce = self.hello.nonce
        if self._expect is not None:
            check_identity(self.hello, self._expect, self.port.path)

    def recover(self, wait_s: float = 30.0) -> None:
        """A new session after DeviceReset, or on the device plugged in again after LineLost."""
        try:
            self.connect()
        except LineLost:
            self._reopen(wait_s)
            self.connect()

    def _reopen(self, wait_s: float) -> None:
        if self._usb is None:
            raise LineLost(f"{self.port.path}: the serial line is gone, and the board with it")
        self._line.close()
        path = wait_for_usb(self._usb, wait_s)
        if path is None:
            raise LineLost(
                f"{self.port.path}: the board (USB serial number {self._usb}) was unplugged and "
                f"did not come back within {wait_s:g} s. Run again with --resume"
            )
        self.port = replace(self.port, path=path)
        self._line = self._open_with(self.port)

    # ---- what a device can do

    def infer(self, inputs: Sequence[bytes]) -> Inference:
        """One inference; `inputs` are the bytes of each input in graph order."""
        answer = self._run(inputs, END)
        return Inference(self._outputs(answer), int.from_bytes(answer[:8], "little"))

    def dumps(self, inputs: Sequence[bytes], places: Sequence[Place]) -> list[bytes]:
        """One inference, paused after each step that `places` names, to read the arena there.

        Returns the bytes in the order of `places`, whose steps must not fall. Needs a firmware
        built with the hook.
        """
        assert all(a.step <= b.step for a, b in pairwise(places))
        found: list[bytes] = []
        paused_at = None
        for place in places:
            if paused_at is None:
                self._run(inputs, place.step)
            elif place.step != paused_at:
                onward = struct.pack("<II", 0, place.step)
                self._exchange.expect(Request.RUN, onward, Status.PAUSED)
            paused_at = place.step
            found.append(self._read(_ARENA, 0, place.offset, place.bytes))
        if paused_at is not None:
            self._exchange.expect(Request.RUN, struct.pack("<II", 0, END))
        return found

    def dump(self, inputs: Sequence[bytes], step: int, offset: int, length: int) -> bytes:
        """`length` bytes of the arena from `offset` on, as they are after `step`."""
        return self.dumps(inputs, [Place(step, offset, length)])[0]

    def profile(self, inputs: Sequence[bytes]) -> list[int]:
        """Ticks of each step. Needs a firmware built with the hook."""
        ticks: list[int] = []
        while len(ticks) < self.hello.steps:
            count = min(_PROFILE_STEPS, self.hello.steps - len(ticks))
            extra = struct.pack("<II", len(ticks), count)
            answer = self._with_inputs(inputs, Request.PROFILE, extra, Status.OK)
            ticks += struct.unpack(f"<{count}I", answer)
        return ticks

    def stack_peak(self) -> int:
        """Bytes of stack at the deepest point of an inference; the model's state starts anew."""
        return int.from_bytes(self._exchange.expect(Request.STACK), "little")

    def init_state(self) -> None:
        """Put the model's state to what it is after boot."""
        self._exchange.expect(Request.INIT)

    def echo(self, data: bytes) -> bytes:
        """The same bytes, back from the device; at most 236."""
        return self._exchange.expect(Request.ECHO, data)

    def reset(self) -> None:
        """Restart the board; `recover` opens a session with it again."""
        with suppress(DeviceReset):  # its answer may be lost with the restart
            self._exchange.expect(Request.RESET)

    # ---- runs

    def _run(self, inputs: Sequence[bytes], stop: int) -> bytes:
        due = Status.OK if stop == END else Status.PAUSED
        return self._with_inputs(inputs, Request.RUN, struct.pack("<I", stop), due)

    def _with_inputs(
        self, inputs: Sequence[bytes], request: Request, extra: bytes, due: Status
    ) -> bytes:
        """Send the inputs, then a request that uses them up; the device checks that they are whole.

        Where the line holds a sender back, all frames go at once and a lost one shows in that
        check; elsewhere, and after such a loss, each is acknowledged.
        """
        self._check_inputs(inputs)
        payload = struct.pack("<I", zlib.crc32(b"".join(inputs))) + extra
        streams = self._streams
        answer = Answer(Status.BAD_INPUT, b"")
        for _ in range(_ATTEMPTS):
            answer = self._exchange.ask(request, payload, self._send_inputs(inputs, streams))
            if answer.status != Status.BAD_INPUT:
                break
            streams = False
        if answer.status != due:
            raise self._exchange.refused(request, answer)
        return answer.payload

    def _check_inputs(self, inputs: Sequence[bytes]) -> None:
        sizes = [len(data) for data in inputs]
        due = [tensor.bytes for tensor in self.hello.inputs]
        if sizes != due:
            raise DeviceError(f"{self.port.path}: inputs of {sizes} bytes, the model takes {due}")

    def _send_inputs(self, inputs: Sequence[bytes], streams: bool) -> bytes:
        """Have all inputs acknowledged; or, to stream them, the frames that the caller sends."""
        frames = []
        for index, data in enumerate(inputs):
            for offset in range(0, len(data), _SET_BYTES):
                payload = struct.pack("<II", index, offset) + data[offset : offset + _SET_BYTES]
                if streams:
                    frames.append(self._exchange.frame(Request.SET, payload, _QUIET))
                else:
                    self._exchange.expect(Request.SET, payload)
        return b"".join(frames)

    def _outputs(self, answer: bytes) -> tuple[bytes, ...]:
        """All outputs: those in the answer of a run, the rest read, and the whole checked."""
        crc = int.from_bytes(answer[12:16], "little")
        got = answer[16:]
        for _ in range(_ATTEMPTS):
            outputs = []
            for index, tensor in enumerate(self.hello.outputs):
                head, got = got[: tensor.bytes], got[tensor.bytes :]
                rest = self._read(_OUTPUT, index, len(head), tensor.bytes - len(head))
                outputs.append(head + rest)
            if zlib.crc32(b"".join(outputs)) == crc:
                return tuple(outputs)
            got = b""
        raise DeviceError(f"{self.port.path}: the outputs changed while they were read")

    def _read(self, space: int, index: int, offset: int, count: int) -> bytes:
        data = b""
        while len(data) < count:
            wanted = min(PAYLOAD_BYTES, count - len(data))
            place = struct.pack("<IIII", space, index, offset + len(data), wanted)
            data += self._exchange.expect(Request.READ, place)
        return data
