"""One request, one answer: resent until it comes, and never taken for another's."""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import dataclass
from enum import IntEnum

from edgepack.device.framing import Deframer, Frame, encode
from edgepack.device.link import Line, wire_seconds
from edgepack.errors import DeviceError
from edgepack.program import Port

_ANSWER = 0x80
_MAX_PAUSE_S = 10.0
_REQUEST_BYTES = 600  # a frame and its answer, rounded up


class Request(IntEnum):
    """What a host may ask; the firmware's ep_server.h has the payloads."""

    HELLO = 1
    TEXT = 2
    TENSOR = 3
    SET = 4
    RUN = 5
    READ = 6
    STACK = 7
    PROFILE = 8
    INIT = 9
    RESET = 10
    ECHO = 11


class Status(IntEnum):
    """How a request went."""

    OK = 0
    PAUSED = 1
    NO_SESSION = 2
    BAD_TYPE = 3
    BAD_LENGTH = 4
    BAD_RANGE = 5
    BAD_INPUT = 6
    NO_HOOK = 7
    BUSY = 8


_RUNNING = (Request.RUN, Request.PROFILE, Request.STACK)  # these take as long as the model does


class DeviceReset(DeviceError):
    """The device restarted, or another program opened a session: what was under way is lost."""


class NoAnswer(DeviceError):
    """The deadline of a request passed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: for a first answer, before a resend, and for one request in all."""

    handshake_s: float = 10.0
    resend_s: float = 1.0
    deadline_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what came with it; `status` is a number where the device invents one."""

    status: int
    payload: bytes


class Exchange:
    """Requests of one session over one line, numbered so that the device runs each once."""

    def __init__(self, port: Port, line: Line, patience: Patience) -> None:
        self._port = port
        self._line = line
        self._patience = patience
        self._deframer = Deframer()
        self._session = secrets.randbelow(0xFFFF_FFFF) + 1
        self._sequence = 0
        self.nonce: int | None = None  # the boot nonce that the device told, when known

    def frame(self, request: Request, payload: bytes, flags: int = 0) -> bytes:
        """The next request as it goes onto the line, for `ask` to send ahead."""
        self._sequence += 1
        return encode(Frame(request, 0, flags, self._session, self._sequence, payload))

    def ask(self, request: Request, payload: bytes = b"", ahead: bytes = b"") -> Answer:
        """The answer to a request; the frames in `ahead` are sent before it, once.

        DeviceReset where the device does not know the session, NoAnswer after the deadline.
        """
        wire = self.frame(request, payload)
        transfer_s = wire_seconds(self._port, len(ahead) + _REQUEST_BYTES)
        greets = request is Request.HELLO
        limit_s = self._patience.handshake_s if greets else self._patience.deadline_s
        pause_s = self._patience.resend_s / (1 if request in _RUNNING else 4)
        end = time.monotonic() + limit_s + transfer_s
        self._line.write(ahead + wire)
        while (left := end - time.monotonic()) > 0:
            frame = self._await(request, min(pause_s + transfer_s, left))
            if frame is not None:
                return Answer(frame.status, frame.payload)
            pause_s = pause_s if greets else min(2 * pause_s, _MAX_PAUSE_S)
            self._line.write(wire)
        why = ", or the model has a loop that does not end" if request in _RUNNING else ""
        raise NoAnswer(
            f"{self._port.path}: no answer within {math.ceil(limit_s + transfer_s)} s to "
            f"{request.name} (frame {self._sequence}, {len(payload)} bytes); the board hangs or "
            f"was unplugged{why}. Reset it and run again with --resume"
        )

    def expect(self, request: Request, payload: bytes = b"", due: Status = Status.OK) -> bytes:
        """The payload of the answer; DeviceError where its status is not the one due."""
        answer = self.ask(request, payload)
        if answer.status != due:
            raise self.refused(request, answer)
        return answer.payload

    def refused(self, request: Request, answer: Answer) -> DeviceError:
        """The error for an answer that is not what was due."""
        known = answer.status in Status.__members__.values()
        status = Status(answer.status).name if known else f"status {answer.status}"
        hint = ". Build the firmware with its hook" if answer.status == Status.NO_HOOK else ""
        return DeviceError(f"{self._port.path}: the device refuses {request.name}: {status}{hint}")

    def _await(self, request: Request, timeout_s: float) -> Frame | None:
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            for frame in self._deframer.feed(self._line.read(left)):
                if frame.session != self._session or not frame.type & _ANSWER:
                    continue
                if frame.status == Status.NO_SESSION:
                    raise self._lost(frame)
                if (frame.type, frame.sequence) == (request | _ANSWER, self._sequence):
                    return frame
        return None

    def _lost(self, frame: Frame) -> DeviceReset:
        nonce = int.from_bytes(frame.payload[:4], "little")
        if nonce == self.nonce:
            return DeviceReset(
                f"{self._port.path}: another program opened a session with the board"
            )
        return DeviceReset(f"{self._port.path}: the board restarted (boot nonce {nonce:08x})")
