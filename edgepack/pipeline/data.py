"""Samples for the board: from .npz or .npy files, or random, as the model's inputs want them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepack.errors import UsageError
from edgepack.graph import DType, Graph, Tensor

Array = NDArray[np.generic]
COUNTS = 10  # below this lie random whole numbers of 32 and 64 bits: indices, turns of loops


@dataclass(frozen=True, slots=True)
class Samples:
    """One array per graph input, each [n, *shape[1:]]; labels [n] or None; group [n] or None.

    `group` joins samples into one item of the metric, such as the windows of one recording.
    """

    inputs: tuple[Array, ...]
    labels: Array | None = None
    group: Array | None = None

    @property
    def n(self) -> int:
        """How many samples there are."""
        return len(self.inputs[0])

    def first(self, n: int) -> Samples:
        """The first n samples; all of them for 0."""
        if n == 0 or n >= self.n:
            return self
        cut = [None if a is None else a[:n] for a in (self.labels, self.group)]
        return Samples(tuple(x[:n] for x in self.inputs), cut[0], cut[1])


def random_samples(graph: Graph, n: int, seed: int) -> Samples:
    """n seeded samples over the whole range of each input's type; floats are standard normal.

    Whole numbers of 32 and 64 bits are small: they are indices, or how often something is done.
    """
    random = np.random.default_rng(seed)
    return Samples(tuple(_random(graph.tensor(i), n, random) for i in graph.inputs))


def load_samples(path: Path, graph: Graph) -> Samples:
    """Samples from `x` (or x0, x1, ..., or one array a tensor name), with labels from `y`.

    uint8 data for an int8 input lose 128, as MLPerf Tiny has it; float data for a quantised input
    are quantised. Raises UsageError where a file, name, shape or type does not fit.
    """
    arrays = _arrays(path)
    inputs = tuple(
        _fit(_pick(arrays, graph, place, path), graph.tensor(index), path)
        for place, index in enumerate(graph.inputs)
    )
    counts = sorted({len(x) for x in inputs})
    if len(counts) != 1:
        raise UsageError(f"{path}: the inputs hold {counts} samples; each needs as many")
    if counts[0] == 0:
        raise UsageError(f"{path}: holds no sample")
    labels = _labels(arrays["y"], path) if "y" in arrays else None
    group = arrays.get("group")
    if group is not None and group.shape != (counts[0],):
        raise UsageError(f"{path}: group is {list(group.shape)}; it names one item a sample")
    if labels is not None and group is None and len(labels) != counts[0]:
        raise UsageError(f"{path}: {len(labels)} labels in y for {counts[0]} samples in x")
    return Samples(inputs, labels, group)


def _labels(values: Array, path: Path) -> Array:
    """Class numbers [n], from [n], [n, 1] or one-hot [n, classes]."""
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or not values.size:
        raise UsageError(
            f"{path}: y is {values.dtype} {list(values.shape)}; labels are class numbers [n] or "
            "one-hot [n, classes]"
        )
    if values.ndim == 2 and values.shape[1] > 1:
        return np.asarray(values.argmax(axis=1))
    labels = values.reshape(len(values))
    if not (labels == np.floor(labels)).all():
        raise UsageError(
            f"{path}: y holds {labels[labels != np.floor(labels)][0]}, no class number"
        )
    return labels


def _arrays(path: Path) -> dict[str, Array]:
    try:
        loaded = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such data file") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path}: not a .npz or .npy file of plain arrays ({error}); "
            "write one with numpy.savez(path, x=..., y=...)"
        ) from error
    if isinstance(loaded, np.ndarray):
        return {"x": loaded}
    try:
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: damaged: {error}") from error


def _pick(arrays: dict[str, Array], graph: Graph, place: int, path: Path) -> Array:
    tensor = graph.tensor(graph.inputs[place])
    known = (graph.end_names("input")[place], tensor.name)
    names = list(dict.fromkeys((f"x{place}", *known, *(["x"] if len(graph.inputs) == 1 else []))))
    for name in names:
        if name in arrays:
            return arrays[name]
    raise UsageError(
        f"{path}: no array for input {place}; it may be called "
        f"{' or '.join(repr(n) for n in names)}; the file has {', '.join(arrays) or 'none'}"
    )


def _fit(values: Array, tensor: Tensor, path: Path) -> Array:
    want = tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape
    if values.ndim == 0 or not _same_order(values.shape[1:], want):
        raise UsageError(
            f"{path}: samples have the shape {list(values.shape[1:])}; "
            f"input {tensor.name!r} takes {list(want)}"
        )
    return _convert(values.reshape(len(values), *want), tensor, path)


def _same_order(shape: tuple[int, ...], want: tuple[int, ...]) -> bool:
    """Whether samples lie in memory as wanted: alike but for axes of 1, or flat."""
    if len(shape) == 1 and shape[0] == int(np.prod(want)):
        return True
    return [d for d in shape if d != 1] == [d for d in want if d != 1]


def _convert(values: Array, tensor: Tensor, path: Path) -> Array:
    dtype = np.dtype(tensor.dtype.numpy)
    if values.dtype == dtype:
        return values
    if values.dtype == np.uint8 and tensor.dtype is DType.INT8:
        return (values.astype(np.int16) - 128).astype(np.int8)
    if values.dtype.kind == "f" and tensor.quantization is not None and dtype.kind in "iu":
        if np.isnan(values).any():
            raise UsageError(
                f"{path}: holds NaN; input {tensor.name!r} takes {tensor.dtype.name.lower()}, "
                "which has none"
            )
        return quantize(values, tensor)
    if values.dtype.kind == "f" and dtype.kind == "f":
        return values.astype(dtype)
    raise UsageError(
        f"{path}: holds {values.dtype}; input {tensor.name!r} takes {tensor.dtype.name.lower()}; "
        "convert it first"
    )


def quantize(values: Array, tensor: Tensor) -> Array:
    """round(x / scale) + zero point, halves away from zero, saturated: as TFLite quantises."""
    limits = np.iinfo(tensor.dtype.numpy)
    scaled = np.asarray(values, np.float32) / np.float32(tensor.scale)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + tensor.zero_point
    clipped: Array = np.clip(rounded, limits.min, limits.max).astype(tensor.dtype.numpy)
    return clipped


def dequantize(values: Array, tensor: Tensor) -> NDArray[np.float64]:
    """The real numbers that an output stands for."""
    if tensor.quantization is None:
        return values.astype(np.float64)
    return (values.astype(np.float64) - tensor.zero_point) * tensor.scale


def _random(tensor: Tensor, n: int, random: np.random.Generator) -> Array:
    shape = (n, *(tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape))
    dtype = np.dtype(tensor.dtype.numpy)
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.itemsize >= 4:
        return random.integers(0, COUNTS, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
