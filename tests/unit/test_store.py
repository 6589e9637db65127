from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgepack.errors import UsageError
from edgepack.store import MANIFEST, Tree, cached, write_file, write_tree


def test_digest_sees_names_and_bytes_and_not_the_order() -> None:
    one = Tree({"a": b"1", "b": b"2"})
    assert one.digest == Tree({"b": b"2", "a": b"1"}).digest
    assert one.digest != Tree({"a": b"12", "b": b""}).digest
    assert one.digest != Tree({"a": b"2", "b": b"1"}).digest


def test_merged_refuses_two_opinions() -> None:
    assert Tree({"a": b"1"}).merged(Tree({"a": b"1", "b": b"2"})).files["b"] == b"2"
    with pytest.raises(AssertionError, match="disagree"):
        Tree({"a": b"1"}).merged(Tree({"a": b"2"}))


def test_a_tree_replaces_its_own_files_and_leaves_unchanged_ones_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_tree(Tree({"a.c": b"1", "sub/b.c": b"2"}), folder)
    before = (folder / "a.c").stat().st_mtime_ns
    write_tree(Tree({"a.c": b"1", "c.c": b"3"}), folder)
    assert (folder / "a.c").stat().st_mtime_ns == before
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [MANIFEST, "a.c", "c.c"]


def test_foreign_files_are_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        write_tree(Tree({"a.c": b"1"}), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "x", b"1")
    (tmp_path / "y").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write_file(tmp_path / "y", b"1")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", "y"]


def test_cache_makes_once_and_forgets_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path))
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "x").write_text("1")

    first = cached("stage/1", {"a": 1}, make)
    assert cached("stage/1", {"a": 1}, make) == first
    assert cached("stage/1", {"a": 2}, make) != first
    assert cached("stage/2", {"a": 1}, make) != first
    assert len(calls) == 3

    def fail(folder: Path) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cached("stage/1", {"a": 3}, fail)
    assert not list(tmp_path.glob("*/.making-*"))


def test_cache_survives_two_makers_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path))
    barrier = threading.Barrier(2)

    def make(folder: Path) -> None:
        (folder / "x").write_text("1")
        barrier.wait(timeout=10)

    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(cached("s/1", {}, make))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert (found[0] / "x").read_text() == "1"


MAKES = """
import time
from edgepack.store import cached

def make(folder):
    (folder / "x").write_text("1")
    print("making", flush=True)
    time.sleep(60)

cached("s/1", {"a": 1}, make)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of folders")
def test_what_a_killed_maker_left_goes_at_the_next_use_and_that_of_a_live_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path))
    command = [sys.executable, "-c", MAKES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "making\n"
        (left,) = tmp_path.glob("s/.making-*")
        os.utime(left, (0, 0))
        cached("s/1", {"a": 2}, lambda folder: None)
        assert (left / "x").is_file()
        maker.send_signal(signal.SIGKILL)
    cached("s/1", {"a": 3}, lambda folder: None)
    assert not left.exists()
    assert len(list(tmp_path.glob("s/*"))) == 2


def test_a_cache_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGEPACK_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="EDGEPACK_CACHE"):
        cached("s/1", {}, lambda folder: None)


def test_a_list_of_files_that_leads_out_of_the_folder_deletes_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / MANIFEST).write_bytes(f"../mine.txt\n{mine}\n\xff\n".encode("latin-1"))
    write_tree(Tree({"a.c": b"1"}), folder)
    assert mine.read_text() == "mine"
    assert sorted(p.name for p in folder.iterdir()) == [MANIFEST, "a.c"]
