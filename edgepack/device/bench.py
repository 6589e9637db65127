"""Many samples through one device, every answer once, whatever the line does meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepack.device.exchange import DeviceReset, NoAnswer
from edgepack.device.journal import Journal
from edgepack.device.link import LineLost
from edgepack.device.session import Inference, Session
from edgepack.errors import DeviceError

_DTYPES = {
    0: "<f4", 1: "<f2", 2: "<i4", 3: "u1", 4: "<i8", 6: "?", 7: "<i2", 9: "i1", 10: "<f8",
    15: "<u4", 16: "<u2",
}  # fmt: skip
_RECOVERIES = 5  # in a row, without a sample committed between them


@dataclass(frozen=True, slots=True)
class Samples:
    """What the device answered: outputs[i] is [n, elements] of output i; ticks[n] of its counter.

    `resets` counts the times the device restarted meanwhile and the sample was run again.
    """

    outputs: tuple[NDArray[np.generic], ...]
    ticks: tuple[int, ...]
    resets: int = 0


def run_samples(
    session: Session,
    inputs: Sequence[NDArray[np.generic]],
    *,
    journal: Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
    warmups: int = 0,
    init_each: bool = False,
    stateful: bool = False,
) -> Samples:
    """Run each of n samples once, in order; `inputs` hold one array [n, ...] for each input.

    Every finished sample is committed to the journal; with `resume`, those already there are not
    run again. After a reset of the device the sample under way is run again in a new session, and
    so it is after `Session.restart` where the device hangs.
    The model's state starts anew with the first sample, and before each with `init_each`. A
    `stateful` model that carries it from sample to sample runs the samples before one again where
    a reset, or a journal that is resumed, has lost it. `warmups` runs of sample 0 come first and
    are dropped. `progress(done, n)` is called after each sample. Raises DeviceError
    where the device does not come back, UsageError where the journal cannot be used.
    """
    samples = list(_rows(session, inputs))
    header = _header(session, samples)
    resets = 0
    book = Journal(journal, header, resume=resume) if journal is not None else None
    with book or nullcontext():
        done: list[Inference] = book.done if book is not None else []
        for _ in range(warmups if len(done) < len(samples) else 0):
            _, failed = _run_one(session, samples[0], init_each)
            resets += failed
        carries = stateful and not init_each
        known = False  # whether the device's state is that of the samples before
        for index in range(len(done), len(samples)):
            before = samples[:index] if carries else None
            answer, failed = _run_one(
                session, samples[index], init_each or (carries and not known), before
            )
            known = carries
            resets += failed
            if book is not None:
                book.commit(answer)
            else:
                done.append(answer)
            if progress is not None:
                progress(index + 1, len(samples))
    return Samples(_columns(session, done), tuple(a.ticks for a in done), resets)


def _run_one(
    session: Session, sample: list[bytes], init: bool, before: Sequence[list[bytes]] | None = None
) -> tuple[Inference, int]:
    """The answer, and how often the device was lost on the way to it.

    With `before`, the device's state is that of having run these samples; `init`, or the loss of
    the device, makes it so.
    """
    for lost in range(_RECOVERIES):
        try:
            if init or (lost and before is not None):
                session.init_state()
                for earlier in before or ():
                    session.infer(earlier)
            return session.infer(sample), lost
        except (DeviceReset, LineLost, NoAnswer) as error:
            last = error
            if isinstance(error, NoAnswer):
                if session.restart is None:
                    raise
                session.restart()
            session.recover()
    raise DeviceError(f"{last}; {_RECOVERIES} times in a row at the same sample") from last


def _rows(session: Session, inputs: Sequence[NDArray[np.generic]]) -> Iterator[list[bytes]]:
    facts = session.hello.inputs
    if len(inputs) != len(facts):
        raise DeviceError(f"{len(inputs)} inputs given, the device's model has {len(facts)}")
    counts = {len(array) for array in inputs}
    if len(counts) != 1:
        raise DeviceError(f"the inputs hold different numbers of samples: {sorted(counts)}")
    for array, tensor in zip(inputs, facts, strict=True):
        row_bytes = array[:1].nbytes if len(array) else tensor.bytes
        if array.dtype.newbyteorder("<") != np.dtype(_dtype(tensor.type)):
            raise DeviceError(
                f"input {tensor.name!r}: {array.dtype} given, the device's model takes "
                f"{np.dtype(_dtype(tensor.type)).name}"
            )
        if row_bytes != tensor.bytes:
            raise DeviceError(
                f"input {tensor.name!r}: {row_bytes} bytes a sample given, the device's model "
                f"takes {tensor.bytes}"
            )
    for index in range(counts.pop()):
        yield [
            np.ascontiguousarray(array[index]).astype(_dtype(tensor.type)).tobytes()
            for array, tensor in zip(inputs, facts, strict=True)
        ]


def _columns(session: Session, done: Sequence[Inference]) -> tuple[NDArray[np.generic], ...]:
    columns = []
    for index, tensor in enumerate(session.hello.outputs):
        whole = b"".join(answer.outputs[index] for answer in done)
        array = np.frombuffer(whole, dtype=_dtype(tensor.type))
        columns.append(array.reshape(len(done), -1) if done else array.reshape(0, 0))
    return tuple(columns)


def _dtype(tensor_type: int) -> str:
    """The NumPy type of a TFLite TensorType; bytes for those NumPy does not have."""
    return _DTYPES.get(tensor_type, "u1")


def _header(session: Session, samples: Sequence[Sequence[bytes]]) -> dict[str, object]:
    digest = hashlib.sha256()
    for sample in samples:
        for data in sample:
            digest.update(data)
    return {
        "board": session.hello.board,
        "model": session.hello.model_sha256,
        "firmware": session.hello.firmware_identity,
        "samples": len(samples),
        "inputs": digest.hexdigest(),
    }
