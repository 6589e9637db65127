from __future__ import annotations

import errno
import os
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


def test_without_resume_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "j"
    before = write(path, ONE)
    with pytest.raises(UsageError) as error:
        Journal(path, HEADER, resume=False)
    assert str(error.value) == (
        f"{path}: exists; --resume goes on where it ends, or name another journal"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"my thesis\n", b"\0" * 40, b"ffffffff {}\n"])
def test_a_file_that_is_no_journal_is_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a journal; name another file"):
        Journal(path, HEADER, resume=True)
    assert path.read_bytes() == content


def test_every_torn_or_damaged_tail_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    whole = write(path, ONE, TWO)
    path.unlink()
    one = len(write(path, ONE))
    path.unlink()
    header = len(write(path))
    for size in [*range(header, len(whole), 7), one - 1, one, one + 1, header, len(whole) - 1]:
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
        "name another journal, or delete this one"
    )


@pytest.mark.parametrize("size", [1, 8, 20])
def test_a_torn_header_starts_over(tmp_path: Path, size: int) -> None:
    path = tmp_path / "j"
    whole = write(path, ONE)
    path.write_bytes(whole[:size])
    with Journal(path, HEADER, resume=True) as journal:
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
