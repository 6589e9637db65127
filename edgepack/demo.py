"""The demo's data: real recordings that lie inside packages on PyPI, read without importing those.

`watch` is a smartwatch's accelerometer and gyroscope at 50 Hz during seven shoulder exercises,
ten people, 140 recordings (seglearn, BSD); `digits` is 1,797 handwritten digits (scikit-learn,
BSD). Leaving out two people of ten at a time, the watch network scores 72 to 92 % over five
folds, 85 % in the mean: a figure means little without its split.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.errors import ToolchainError, UsageError
from edgepack.store import write_file

Kind = Literal["watch", "digits"]

WINDOW = 100  # samples: two seconds
STEP = 50  # training windows overlap by half; test windows do not overlap
UNSEEN_PEOPLE = (9, 10)  # the last two; nobody chose them by their score
EXERCISES: tuple[str, ...] = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)
DIGITS_TEST = 400


@dataclass(frozen=True, slots=True)
class DemoData:
    """Two `.npz` files of x [n, ...] float32 and y [n] int64, and what they hold."""

    kind: Kind
    train: Path
    test: Path
    labels: tuple[str, ...]
    input_shape: tuple[int, ...]
    train_n: int
    test_n: int
    split: str  # in words, for the table and the report


@dataclass(frozen=True, slots=True)
class _Samples:
    x: NDArray[np.float32]
    y: NDArray[np.int64]


def prepare(kind: Kind, folder: Path, seed: int = 0) -> DemoData:
    """Write `<kind>-train.npz` and `<kind>-test.npz` into `folder`.

    `seed` draws the digits that are kept out, and the order of the test windows, so that the
    first hundred stand for all; who is kept out of the watch data is fixed. Raises ToolchainError
    where the package that carries the data is not installed.
    """
    if kind == "watch":
        train, test = _watch(seed)
        labels = EXERCISES
        split = f"people {' and '.join(map(str, UNSEEN_PEOPLE))} of 10 were never seen in training"
    else:
        train, test = _digits(seed)
        labels = tuple("0123456789")
        split = f"{DIGITS_TEST} images drawn at random were kept out of training"
    paths = {name: folder / f"{kind}-{name}.npz" for name in ("train", "test")}
    write_file(paths["train"], _npz(train))
    write_file(paths["test"], _npz(test))
    return DemoData(
        kind=kind,
        train=paths["train"],
        test=paths["test"],
        labels=labels,
        input_shape=train.x.shape[1:],
        train_n=len(train.y),
        test_n=len(test.y),
        split=split,
    )


def package_file(package: str, *parts: str) -> Path:
    """A file inside an installed package, which is found and not imported."""
    found = importlib.util.find_spec(package)
    roots = [Path(p) for p in (found.submodule_search_locations or [])] if found else []
    for root in roots:
        if root.joinpath(*parts).is_file():
            return root.joinpath(*parts)
    raise ToolchainError(
        f"the demo's data lie in the package {package}, which is not installed (or lacks "
        f"{'/'.join(parts)}): pip install 'edgepack[demo]'"
    )


def load_plain_pickle(content: bytes) -> Any:
    """The object array of a `.npy` file, rebuilt from NumPy arrays and plain values alone.

    Pickle can name any function of any module; this reader knows three, all NumPy's own. Raises
    UsageError for anything else, and runs nothing.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        read(file)
        array = _PlainUnpickler(file, encoding="latin1").load()
    except (pickle.UnpicklingError, ValueError, EOFError, TypeError, AttributeError) as error:
        raise UsageError(f"not a .npy file of plain arrays: {error}") from error
    return array.item() if isinstance(array, np.ndarray) and array.shape == () else array


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known: Mapping[tuple[str, str], Any] = {
            ("numpy.core.multiarray", "_reconstruct"): _empty_array,
            ("numpy._core.multiarray", "_reconstruct"): _empty_array,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): _latin1,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it wants to call {module}.{name}")
        return known[module, name]


def _empty_array(kind: type, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    if kind is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError("it wants to build something other than an array")
    return np.ndarray.__new__(np.ndarray, shape, dtype)


def _latin1(text: str, codec: str) -> bytes:
    if codec != "latin1":
        raise pickle.UnpicklingError(f"it wants the codec {codec}")
    return text.encode("latin1")


def _watch(seed: int) -> tuple[_Samples, _Samples]:
    found = load_plain_pickle(package_file("seglearn", "data", "watch_dataset.npy").read_bytes())
    recordings = list(zip(found["X"], found["y"], found["subject"], strict=True))
    seen = [(x, int(y)) for x, y, person in recordings if int(person) not in UNSEEN_PEOPLE]
    unseen = [(x, int(y)) for x, y, person in recordings if int(person) in UNSEEN_PEOPLE]
    train, test = windows(seen, WINDOW, STEP), windows(unseen, WINDOW, WINDOW)
    mean = train.x.mean((0, 1), dtype=np.float64)
    deviation = train.x.std((0, 1), dtype=np.float64)

    def normalised(samples: _Samples) -> _Samples:
        return _Samples(((samples.x - mean) / deviation).astype(np.float32), samples.y)

    order = np.random.default_rng(seed).permutation(len(test.y))
    return normalised(train), normalised(_Samples(test.x[order], test.y[order]))


def windows(recordings: list[tuple[NDArray[Any], int]], length: int, step: int) -> _Samples:
    """Windows [n, length, axes] of each recording [time, axes], its label repeated."""
    x = [
        recording[start : start + length]
        for recording, _ in recordings
        for start in range(0, len(recording) - length + 1, step)
    ]
    counts = [max(0, (len(recording) - length) // step + 1) for recording, _ in recordings]
    y = np.repeat([label for _, label in recordings], counts)
    return _Samples(np.asarray(x, np.float32), y.astype(np.int64))


def _digits(seed: int) -> tuple[_Samples, _Samples]:
    packed = package_file("sklearn", "datasets", "data", "digits.csv.gz").read_bytes()
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",", dtype=np.float32)
    x = (table[:, :64] / np.float32(16)).reshape(-1, 8, 8, 1)
    y = table[:, 64].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(y))
    test, train = order[:DIGITS_TEST], order[DIGITS_TEST:]
    return _Samples(x[train], y[train]), _Samples(x[test], y[test])


def _npz(samples: _Samples) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=samples.x, y=samples.y)
    return file.getvalue()
