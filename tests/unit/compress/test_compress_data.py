from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack.compress.data import InputFacts, load_arrays
from edgepack.compress.spec import DataSpec
from edgepack.errors import UsageError

ONE = (InputFacts("image", (4, 2)),)
TWO = (InputFacts("left", (3,)), InputFacts("right", (2,)))


def saved(path: Path, **arrays: Any) -> DataSpec:
    np.savez(path, **arrays)
    return DataSpec(source=str(path))


def message(spec: DataSpec, inputs: tuple[InputFacts, ...] = ONE) -> str:
    with pytest.raises(UsageError) as caught:
        load_arrays(spec, inputs)
    return str(caught.value)


def test_npz_with_labels_is_scaled(tmp_path: Path) -> None:
    x = np.arange(24, dtype=np.uint8).reshape(3, 4, 2)
    saved(tmp_path / "d.npz", x=x, y=[1, 0, 2])
    found = load_arrays(DataSpec(source=str(tmp_path / "d.npz"), scale=0.5, offset=-1), ONE)
    assert found.n == 3
    assert found.inputs[0].dtype == np.float32
    np.testing.assert_array_equal(found.inputs[0], x * 0.5 - 1)
    np.testing.assert_array_equal(found.labels, [1, 0, 2])
    picked = found.take(np.array([2, 0]))
    np.testing.assert_array_equal(picked.inputs[0], (x * 0.5 - 1)[[2, 0]])
    np.testing.assert_array_equal(picked.labels, [2, 1])


def test_npy_holds_x(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.zeros((5, 4, 2)))
    found = load_arrays(DataSpec(source=str(tmp_path / "d.npy")), ONE)
    assert (found.n, found.labels) == (5, None)


def test_integers_stay_exact_for_an_integer_input(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.array([[5, 7]]))
    found = load_arrays(spec, (InputFacts("words", (2,), "int32"),))
    assert found.inputs[0].dtype == np.int32
    np.testing.assert_array_equal(found.inputs[0], [[5, 7]])


@pytest.mark.parametrize("names", [("left", "right"), ("x0", "x1")])
def test_two_inputs_by_name_or_number(tmp_path: Path, names: tuple[str, str]) -> None:
    arrays = {names[0]: np.zeros((2, 3)), names[1]: np.ones((2, 2))}
    found = load_arrays(saved(tmp_path / "d.npz", **arrays), TWO)
    assert [x.shape for x in found.inputs] == [(2, 3), (2, 2)]


def test_wrong_shape(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.zeros((3, 2, 4)))
    assert message(spec) == (
        f"{spec.source}: 'image' is [3, 2, 4], the model takes [n, 4, 2]; "
        "samples lie along the first axis"
    )


def test_wrong_names(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", pictures=np.zeros((3, 4, 2)))
    assert message(spec) == f"{spec.source}: holds pictures; the model's inputs are x"
    assert message(spec, TWO) == (
        f"{spec.source}: holds pictures; the model's inputs are x0, x1 (or left, right)"
    )


def test_text_is_no_number(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.full((3, 4, 2), "a"))
    assert message(spec) == f"{spec.source}: 'image' is of type <U1; give numbers"


def test_labels_of_another_length(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.zeros((3, 4, 2)), y=[1, 2])
    assert message(spec) == f"{spec.source}: y is [2], x holds 3 samples"


def test_nan_is_refused(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.full((3, 4, 2), np.nan))
    assert message(spec) == f"{spec.source}: x holds NaN or infinity; clean the samples first"


def test_no_sample(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x=np.zeros((0, 4, 2)))
    assert message(spec) == f"{spec.source}: 'image' holds no sample"


def test_inputs_of_different_length(tmp_path: Path) -> None:
    spec = saved(tmp_path / "d.npz", x0=np.zeros((3, 3)), x1=np.zeros((4, 2)))
    assert message(spec, TWO).startswith(f"{spec.source}: inputs hold different numbers")


def test_missing_file(tmp_path: Path) -> None:
    spec = DataSpec(source=str(tmp_path / "none.npz"))
    assert message(spec) == (
        f"{spec.source}: no such file; name a .npz or .npy file, or module:function"
    )


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    text = message(DataSpec(source=str(tmp_path / "d.npy")))
    assert "it holds Python objects" in text
    assert "numpy.savez" in text


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x93NUMPY\x01\x00", b"x,y\n1,2\n"])
def test_broken_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.npz"
    path.write_bytes(content)
    assert "not a readable .npz or .npy file" in message(DataSpec(source=str(path)))


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_samples.py").write_text(
        "import numpy as np\n"
        "X = np.arange(24).reshape(3, 4, 2)\n"
        "def plain(): return X\n"
        "def pair(): return X, [0, 1, 2]\n"
        "def named(): return {'image': X, 'y': [0, 1, 2]}\n"
        "def stream():\n"
        "    for x in X: yield [x[None].astype('float32')]\n"
        "def stream_named():\n"
        "    for x in X: yield {'image': x[None]}\n"
        "def broken(): return 1 / 0\n"
        "def empty(): return iter(())\n"
        "def wrong(): return 7\n"
    )
    monkeypatch.chdir(tmp_path)
    return "my_samples"


@pytest.mark.parametrize("function", ["plain", "pair", "named", "stream", "stream_named"])
def test_functions(user_module: str, function: str) -> None:
    found = load_arrays(DataSpec(source=f"{user_module}:{function}"), ONE)
    np.testing.assert_array_equal(found.inputs[0], np.arange(24).reshape(3, 4, 2))
    if function in ("pair", "named"):
        np.testing.assert_array_equal(found.labels, [0, 1, 2])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("my_samples:broken", "my_samples:broken: raised ZeroDivisionError: division by zero"),
        ("my_samples:empty", "my_samples:empty: yielded no sample"),
        ("my_samples:none", "my_samples:none: 'my_samples' has no 'none'"),
        (
            "no_samples:none",
            "no_samples:none: cannot import 'no_samples' (No module named 'no_samples'); "
            "run where the module lies",
        ),
        (
            "my_samples:wrong",
            "my_samples:wrong: returned int; return x, (x, y), a dict of arrays, "
            "or yield [x] with a leading 1",
        ),
        ("nothing", "nothing: no such file; name a .npz or .npy file, or module:function"),
    ],
)
def test_function_errors(user_module: str, source: str, text: str) -> None:
    assert message(DataSpec(source=source)) == text


def test_a_text_is_no_file_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("hello")
    with pytest.raises(UsageError, match="it begins like neither"):
        load_arrays(DataSpec(source=str(tmp_path / "x.npz")), ())
