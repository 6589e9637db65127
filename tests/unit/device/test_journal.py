from __future__ import annotations

import errno
import json
import os
import zlib
from pathlib import Path

import pytest

from edgepack.device.journal import Journal
from edgepack.device.session import Inference
from edgepack.errors import UsageError

HEADER = {"board": "b", "model": "m", "samples": 3}
ONE, TWO = Inference((b"\0\1", b""), 5), Inference((b"\2\3", b""), 6)


def write(path: Path, *samples: Inference) -> bytes:
    with Journal(path, HEADER, resume=False) as journal:
        for sample in samples:
            journal.commit(sample)
    return path.read_bytes()


def test_resume_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal"
    write(path, ONE)
    with Journal(path, HEADER, resume=True) as journal:
        assert journal.done == [ONE]
        journal.commit(TWO)
    with Journal(path, HEADER, resume=True) as journal:
        assert journal.done == [ONE, TWO]


def test_without_resume_it_starts_over(tmp_path: Path) -> None:
    write(tmp_path / "j", ONE)
    with Journal(tmp_path / "j", HEADER, resume=False) as journal:
        assert journal.done == []


def test_every_torn_or_damaged_tail_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    whole = write(path, ONE, TWO)
    one = len(write(path, ONE))
    header = len(write(path))
    for size in [*range(0, len(whole), 7), one - 1, one, one + 1, header, len(whole) - 1]:
        for tail in (whole[:size], whole[:size] + b"\xff" + whole[size + 1 :]):
            path.write_bytes(tail)
            with Journal(path, HEADER, resume=True) as journal:
                due = [ONE] if size >= one else []
                assert journal.done == due
                journal.commit(TWO)
            with Journal(path, HEADER, resume=True) as journal:
                assert journal.done == [*due, TWO]
    assert header < one < len(whole)


def test_another_runs_journal_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "j", ONE)
    with pytest.raises(UsageError) as error:
        Journal(tmp_path / "j", {**HEADER, "model": "n"}, resume=True)
    assert str(error.value) == (
        f"{tmp_path / 'j'}: the journal of another run: its model is m, this one's is n; "
        "run without --resume to start over"
    )
    text = json.dumps([1]).encode()
    (tmp_path / "k").write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    with Journal(tmp_path / "k", HEADER, resume=True) as journal:
        assert journal.done == []


def test_a_full_disk_keeps_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    with Journal(path, HEADER, resume=False) as journal:
        journal.commit(ONE)
        real = journal._file

        class Full:
            closed = False

            def write(self, data: bytes) -> int:
                real.write(data[:5])
                real.flush()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

        monkeypatch.setattr(journal, "_file", Full())
        with pytest.raises(
            UsageError, match=r"cannot write the journal: No space left .*; 1 sampl"
        ):
            journal.commit(TWO)
        monkeypatch.undo()
    with Journal(path, HEADER, resume=True) as journal:
        assert journal.done == [ONE]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the journal"):
        Journal(tmp_path / "file" / "j", HEADER, resume=False)
