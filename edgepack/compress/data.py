"""Samples from a `.npz` or `.npy` file or from a user's function, checked against a model."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.spec import DataSpec
from edgepack.errors import UsageError

_YIELDED_MAX = 1_000_000
_LABELS = ("y", "labels", "targets")


@dataclass(frozen=True, slots=True)
class Arrays:
    """Inputs in the model's order and types, each [n, ...]; labels [n] or [n, ...], or None."""

    inputs: tuple[NDArray[Any], ...]
    labels: NDArray[Any] | None

    @property
    def n(self) -> int:
        """The number of samples."""
        return int(self.inputs[0].shape[0])

    def drawn(self, n: int, seed: int) -> Arrays:
        """`n` of the samples (all, where there are fewer) in random order."""
        return self.take(np.random.default_rng(seed).permutation(self.n)[:n])

    def take(self, chosen: NDArray[Any]) -> Arrays:
        """The samples of these indices, in this order."""
        labels = None if self.labels is None else self.labels[chosen]
        return Arrays(tuple(x[chosen] for x in self.inputs), labels)


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One input of a model: its name, its shape without the batch, its type."""

    name: str
    shape: tuple[int, ...]
    type: str = "float32"


def load_arrays(spec: DataSpec, inputs: Sequence[InputFacts]) -> Arrays:
    """The samples `spec` names, checked against the model's `inputs`.

    A `.npz` holds x (or x0, x1, ..., or the inputs' names) and, where labels are wanted, y. A
    function takes nothing and returns x, (x, y), a dict like a `.npz`, or yields samples with a
    leading 1, as TensorFlow's representative data sets do. Raises UsageError with what was found.
    """
    return _arrays(_load(spec.source), spec, inputs)


def arrays_of(value: Any, inputs: Sequence[InputFacts], source: str) -> Arrays:
    """The same of what a function would return, in memory; `source` is for messages."""
    return _arrays(_returned(source, value), DataSpec(source=source), inputs)


def _arrays(
    found: Mapping[str, NDArray[Any]], spec: DataSpec, inputs: Sequence[InputFacts]
) -> Arrays:
    arrays = [_checked(spec.source, *pair) for pair in _select(spec.source, found, inputs)]
    counts = {x.shape[0] for x in arrays}
    if len(counts) > 1:
        raise UsageError(f"{spec.source}: inputs hold different numbers of samples: {counts}")
    labels = _labels(spec.source, found, arrays[0].shape[0])
    pairs = zip(arrays, inputs, strict=True)
    scaled = tuple(_scaled(x, spec).astype(facts.type) for x, facts in pairs)
    return Arrays(scaled, labels)


def _scaled(x: NDArray[Any], spec: DataSpec) -> NDArray[Any]:
    real = x.astype(np.float32)
    if (spec.scale, spec.offset) != (1.0, 0.0):
        real = real * np.float32(spec.scale) + np.float32(spec.offset)
    if not np.isfinite(real).all():
        raise UsageError(f"{spec.source}: x holds NaN or infinity; clean the samples first")
    return real


def require_source(source: str) -> None:
    """Raise UsageError where `source` is neither a file that is there nor module:function."""
    path = Path(source)
    module, colon, function = source.partition(":")
    named = path.suffix in (".npz", ".npy") or not (colon and module and function)
    if named and not path.is_file():
        raise UsageError(f"{path}: no such file; name a .npz or .npy file, or module:function")


def _load(source: str) -> Mapping[str, NDArray[Any]]:
    require_source(source)
    if Path(source).is_file():
        return _load_file(Path(source))
    module, _, function = source.partition(":")
    return _load_function(source, module, function)


def _load_file(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                return {name: loaded[name] for name in loaded.files}
        return {"x": np.asarray(loaded)}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        why = "it holds Python objects" if "Object arrays" in str(error) else str(error)
        why = "it begins like neither" if "pickled" in why else why
        raise UsageError(
            f"{path}: not a readable .npz or .npy file of plain arrays ({why}); "
            "write it with numpy.savez(path, x=..., y=...)"
        ) from error


def _load_function(source: str, module: str, function: str) -> Mapping[str, NDArray[Any]]:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        target: Callable[[], Any] = getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise UsageError(
            f"{source}: cannot import {module!r} ({error}); run where the module lies"
        ) from error
    except AttributeError as error:
        raise UsageError(f"{source}: {module!r} has no {function!r}") from error
    try:
        return _returned(source, target())
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{source}: raised {type(error).__name__}: {error}") from error


def _returned(source: str, value: Any) -> Mapping[str, NDArray[Any]]:
    if isinstance(value, Mapping):
        return {str(name): np.asarray(array) for name, array in value.items()}
    if isinstance(value, np.ndarray):
        return {"x": value}
    if isinstance(value, tuple) and len(value) == 2:
        x, y = value
        return {**_named(x if isinstance(x, (list, tuple)) else [x]), "y": np.asarray(y)}
    if isinstance(value, Iterable):
        return _stacked(source, value)
    raise UsageError(
        f"{source}: returned {type(value).__name__}; return x, (x, y), a dict of arrays, "
        "or yield [x] with a leading 1"
    )


def _stacked(source: str, rows: Iterable[Any]) -> Mapping[str, NDArray[Any]]:
    taken: list[list[NDArray[Any]]] = []
    names: list[str] | None = None
    for row in rows:
        if isinstance(row, Mapping):
            names = [str(name) for name in row]
            row = list(row.values())
        parts = row if isinstance(row, (list, tuple)) else [row]
        taken.append([np.asarray(part) for part in parts])
        if len(taken) > _YIELDED_MAX:
            raise UsageError(f"{source}: yields more than {_YIELDED_MAX} samples; it must end")
    if not taken:
        raise UsageError(f"{source}: yielded no sample")
    columns = [np.concatenate(column) for column in zip(*taken, strict=True)]
    return dict(zip(names, columns, strict=True)) if names else _named(columns)


def _named(arrays: Sequence[Any]) -> dict[str, NDArray[Any]]:
    if len(arrays) == 1:
        return {"x": np.asarray(arrays[0])}
    return {f"x{i}": np.asarray(array) for i, array in enumerate(arrays)}


def _select(
    source: str, found: Mapping[str, NDArray[Any]], inputs: Sequence[InputFacts]
) -> list[tuple[InputFacts, NDArray[Any]]]:
    by_name = [facts.name for facts in inputs]
    numbered = [f"x{i}" for i in range(len(inputs))]
    for names in (by_name, numbered, ["x"]):
        if len(names) == len(inputs) and all(name in found for name in names):
            return [(facts, found[name]) for facts, name in zip(inputs, names, strict=True)]
    wanted = "x" if len(inputs) == 1 else f"{', '.join(numbered)} (or {', '.join(by_name)})"
    raise UsageError(
        f"{source}: holds {', '.join(sorted(found)) or 'nothing'}; the model's inputs are {wanted}"
    )


def _checked(source: str, facts: InputFacts, x: NDArray[Any]) -> NDArray[Any]:
    if x.dtype.kind not in "fiub":
        raise UsageError(f"{source}: {facts.name!r} is of type {x.dtype}; give numbers")
    if x.ndim == 0 or x.shape[0] == 0:
        raise UsageError(f"{source}: {facts.name!r} holds no sample")
    if x.shape[1:] != facts.shape:
        want = ", ".join(["n", *map(str, facts.shape)])
        raise UsageError(
            f"{source}: {facts.name!r} is {list(x.shape)}, the model takes [{want}]; "
            "samples lie along the first axis"
        )
    return x


def _labels(source: str, found: Mapping[str, NDArray[Any]], n: int) -> NDArray[Any] | None:
    for name in _LABELS:
        if name not in found:
            continue
        y = found[name]
        if y.ndim == 0 or y.shape[0] != n:
            raise UsageError(f"{source}: {name} is {list(y.shape)}, x holds {n} samples")
        if y.dtype.kind not in "fiub":
            raise UsageError(f"{source}: {name} is of type {y.dtype}; give class indices")
        return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return None
