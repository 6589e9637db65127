from __future__ import annotations

import importlib.util
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import demo
from edgepack.errors import ToolchainError, UsageError

needs_watch = pytest.mark.skipif(
    importlib.util.find_spec("seglearn") is None, reason="the package seglearn is not installed"
)
needs_digits = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"
)


def npy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(value, dtype=object), allow_pickle=True)
    return file.getvalue()


def test_plain_arrays_are_read() -> None:
    value = {"x": [np.arange(6.0).reshape(2, 3)], "names": ["a"], "y": np.array([1, 2])}
    found = demo.load_plain_pickle(npy(value))
    np.testing.assert_array_equal(found["x"][0], value["x"][0])
    np.testing.assert_array_equal(found["y"], [1, 2])
    assert found["names"] == ["a"]


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, (str(Evil.where),)

    where: Path


@pytest.mark.parametrize("nested", [False, True])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, nested: bool) -> None:
    Evil.where = tmp_path / "ran"
    content = npy({"x": [Evil()]} if nested else Evil())
    with pytest.raises(
        UsageError, match=r"not a .npy file of plain arrays: it wants to call posix"
    ):
        demo.load_plain_pickle(content)
    assert not Evil.where.exists()


def test_broken_pickle() -> None:
    for content in (b"", b"\x93NUMPY", npy({"x": 1})[:-4]):
        with pytest.raises(UsageError):
            demo.load_plain_pickle(content)


def test_windows() -> None:
    first, second = np.arange(20.0).reshape(10, 2), np.arange(6.0).reshape(3, 2)
    found = demo.windows([(first, 4), (second, 5)], 3, 2)
    np.testing.assert_array_equal(found.y, [4, 4, 4, 4, 5])
    np.testing.assert_array_equal(found.x[1], first[2:5])
    np.testing.assert_array_equal(found.x[4], second)


def test_missing_package_names_the_command() -> None:
    with pytest.raises(ToolchainError) as caught:
        demo.package_file("no_such_package", "data", "x.npy")
    assert str(caught.value) == (
        "the demo's data lie in the package no_such_package, which is not installed "
        "(or lacks data/x.npy): pip install 'edgepack[demo]'"
    )


@needs_watch
def test_watch_splits_by_person(tmp_path: Path) -> None:
    found = demo.prepare("watch", tmp_path)
    train, test = np.load(found.train), np.load(found.test)
    assert train["x"].shape == (found.train_n, 100, 6) == (3675, 100, 6)
    assert test["x"].shape == (found.test_n, 100, 6) == (506, 100, 6)
    assert train["x"].dtype == np.float32
    np.testing.assert_allclose(train["x"].mean((0, 1), dtype=float), 0, atol=1e-4)
    np.testing.assert_allclose(train["x"].std((0, 1), dtype=float), 1, atol=1e-4)
    assert np.unique(test["y"][:100]).tolist() == list(range(len(found.labels)))
    seen = {window.tobytes() for window in train["x"]}
    assert not any(window.tobytes() in seen for window in test["x"])


@needs_digits
def test_digits_are_split_by_seed(tmp_path: Path) -> None:
    first = demo.prepare("digits", tmp_path / "a", seed=1)
    again = demo.prepare("digits", tmp_path / "b", seed=1)
    other = demo.prepare("digits", tmp_path / "c", seed=2)
    assert (first.train_n, first.test_n, first.input_shape) == (1397, 400, (8, 8, 1))
    assert first.train.read_bytes() == again.train.read_bytes()
    assert first.train.read_bytes() != other.train.read_bytes()
    x = np.load(first.train)["x"]
    assert (x.min(), x.max()) == (0.0, 1.0)
