from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from edgepack import compress
from edgepack.compress.filetype import describe, sniff
from edgepack.errors import ModelError, UsageError

WANT = "a .keras or .h5 file or a SavedModel folder is wanted here"


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return path


def test_known_kinds_by_content(tmp_path: Path) -> None:
    keras = zipped(tmp_path / "renamed.h5", "config.json", "model.weights.h5")
    h5 = tmp_path / "renamed.keras"
    h5.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(8))
    saved = tmp_path / "folder"
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"")
    assert [sniff(keras), sniff(h5), sniff(saved)] == ["keras", "h5", "saved_model"]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        (
            "m.tflite",
            b"\x1c\0\0\0TFL3",
            f"is a .tflite file already; {WANT}. Go on with `edgepack run m.tflite`",
        ),
        ("m.onnx", b"\x08\x07", f"is an ONNX model; {WANT}"),
        ("m.keras", b"", f"is empty; {WANT}"),
        ("m.keras", b"hello", f"is of no known type; {WANT}"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        sniff(path)
    assert str(caught.value) == f"{path}: {text}"


def test_missing_empty_folder_and_pytorch(tmp_path: Path) -> None:
    torch = zipped(tmp_path / "m.pt", "archive/data.pkl")
    (tmp_path / "d").mkdir()
    for path, text in [
        (tmp_path / "none.keras", "no such file; name a .keras or .h5 file or a SavedModel folder"),
        (tmp_path / "d", "a folder without saved_model.pb is no SavedModel"),
        (torch, f"is a zip without config.json (a PyTorch file is one, too); {WANT}"),
    ]:
        with pytest.raises((ModelError, UsageError)) as caught:
            sniff(path)
        assert str(caught.value) == f"{path}: {text}"
        assert caught.value.exit_code == (2 if "no such" in text else 3)


def test_stages_refuse_before_any_child_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compress, "open_worker", lambda: pytest.fail("a child was started"))
    with pytest.raises(UsageError):
        compress.prune(tmp_path / "none", compress.PruneSpec(), tmp_path / "out.keras")
    assert list(tmp_path.iterdir()) == []


def test_digest_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    def digest(**files: str) -> str:
        folder = tmp_path / "m"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (folder / name).write_text(text)
        return describe(folder).sha256

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1", b="2"), digest(a="2", b="1"), digest(a="12", b="")}) == 3
