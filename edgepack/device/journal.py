"""An append-only file of committed samples, so that a run which dies can go on where it was."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from edgepack.device.session import Inference
from edgepack.errors import UsageError

_SYNC_S = 0.5


class Journal:
    """Samples 0, 1, 2, ... of one run, each a line with its own checksum, behind a header.

    A line goes to the operating system at once, so a killed process loses nothing, and to the
    disk at least every half second. A torn last line is cut off when the file is opened again.
    """

    def __init__(self, path: Path, header: Mapping[str, object], *, resume: bool) -> None:
        """Open or make the journal.

        UsageError where the file is another run's or no journal, where it holds samples and
        `resume` is not asked for, and where it cannot be written; the file then stays as it is.
        """
        self._path = path
        self.done: list[Inference] = []
        try:
            keep = self._kept(header, resume)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("r+b" if keep else "wb")
            self._file.truncate(keep)
            self._file.seek(keep)
            self._synced = time.monotonic()
            if keep == 0:
                self._append(_heading(header))
        except OSError as error:
            raise self._failed(error) from error

    def commit(self, sample: Inference) -> None:
        """Append one sample. UsageError on a full disk; what was committed stays."""
        outputs = [data.hex() for data in sample.outputs]
        record = {"sample": len(self.done), "ticks": sample.ticks, "outputs": outputs}
        try:
            self._append(json.dumps(record))
        except OSError as error:
            raise self._failed(error) from error
        self.done.append(sample)

    def close(self) -> None:
        """Bring everything to the disk."""
        if not self._file.closed:
            try:
                self._sync()
            finally:
                self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except OSError as failure:
            if error is None:
                raise self._failed(failure) from failure

    def _append(self, text: str) -> None:
        start = self._file.tell()
        try:
            self._file.write(_line(text))
            self._file.flush()
        except OSError:
            os.ftruncate(self._file.fileno(), start)
            raise
        if time.monotonic() - self._synced > _SYNC_S:
            self._sync()

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _kept(self, header: Mapping[str, object], resume: bool) -> int:
        if not self._path.is_file() or self._path.stat().st_size == 0:
            return 0
        if not resume:
            raise UsageError(
                f"{self._path}: exists; --resume goes on where it ends, or name another journal"
            )
        keep = self._read(header)
        if keep == 0 and not _line(_heading(header)).startswith(self._path.read_bytes()):
            raise UsageError(f"{self._path}: not a journal; name another file")
        return keep

    def _read(self, header: Mapping[str, object]) -> int:
        """Take the committed samples in; returns the bytes of the file that are whole."""
        keep = 0
        for number, line in enumerate(self._path.read_bytes().splitlines(keepends=True)):
            record = _whole(line)
            if record is None:
                break
            if number == 0:
                self._compare(record.get("run"), header)
            else:
                outputs = tuple(bytes.fromhex(text) for text in record["outputs"])
                self.done.append(Inference(outputs, record["ticks"]))
            keep += len(line)
        return keep

    def _compare(self, found: object, due: Mapping[str, object]) -> None:
        if found == dict(due):
            return
        known = found if isinstance(found, dict) else {}
        key = next((k for k in due if known.get(k) != due[k]), "run")
        raise UsageError(
            f"{self._path}: the journal of another run: its {key} is {known.get(key)}, this one's "
            f"is {due.get(key)}; name another journal, or delete this one"
        )

    def _failed(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self._path}: cannot write the journal: {error.strerror or error}; "
            f"{len(self.done)} samples are safe in it. Make room and run again with --resume"
        )


def _heading(header: Mapping[str, object]) -> str:
    return json.dumps({"run": header}, sort_keys=True)


def _line(text: str) -> bytes:
    line = text.encode()
    return b"%08x %s\n" % (zlib.crc32(line), line)


def _whole(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None where it is torn or damaged."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    text = line[9:-1]
    if line[:8] != b"%08x" % zlib.crc32(text):
        return None
    record = json.loads(text)
    return record if isinstance(record, dict) else None
