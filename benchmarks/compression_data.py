"""The data of the compression table, as `.npz` files of x [n, ...] and y [n] int64.

`digits` and `watch` are the demo's. `spoken` (spoken digits by six speakers) and `images` (CIFAR-10
as JPEG) are read from the folder that EDGEPACK_DATA names.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.demo import prepare
from edgepack.errors import UsageError
from edgepack.frontend import FrontEnd
from edgepack.oracle.frontend import features
from edgepack.store import write_file

Task = Literal["digits", "watch", "spoken", "images"]
Floats = NDArray[np.float32]

FRONT = FrontEnd(
    "log_mel", sample_rate=8000, window=256, hop=200, channels=24, low_hz=60.0, high_hz=3900.0
)
CLIP = 6400  # samples: 0.8 s, 31 frames
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
COPIES = 10  # of each training clip, each altered at random
TUNED: dict[Task, int] = {"digits": 2_000, "watch": 20_000, "spoken": 8_000, "images": 50_000}


@dataclass(frozen=True, slots=True)
class Split:
    """Where the samples for training and for testing lie."""

    train: Path
    test: Path
    tune: Path  # what compression trains on: the first so many of `train`


def split(task: Task, seed: int, folder: Path) -> Split:
    """The files of one split, made where they are missing.

    `seed` chooses the two speakers of six that are left out of `spoken` (their fold), and the
    digits kept out of `digits`; the people kept out of `watch` are fixed, and so are the images.
    """
    made = Split(*(folder / f"{task}{seed}-{part}.npz" for part in ("train", "test", "tune")))
    if not made.tune.is_file():
        if task == "digits" or task == "watch":
            data = prepare(
                "digits" if task == "digits" else "watch", folder / f"{task}{seed}", seed
            )
            pair = [_arrays(path) for path in (data.train, data.test)]
        else:
            pair = list(_spoken(seed) if task == "spoken" else _images())
        for path, (x, y) in zip((made.train, made.test), pair, strict=True):
            write_file(path, _npz(x, y))
        x, y = pair[0]
        write_file(made.tune, _npz(x[: TUNED[task]], y[: TUNED[task]]))
    return made


def measuring_file(name: str) -> Any:
    """The arrays of a file in EDGEPACK_DATA; UsageError where that is not set or lacks it."""
    home = os.environ.get("EDGEPACK_DATA", "")
    path = Path(home) / name
    if not home or not path.is_file():
        raise UsageError(f"EDGEPACK_DATA: {name} is not in {home or 'any folder'}; set it")
    return np.load(path)


def _spoken(fold: int) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """Training clips and test clips of one fold: `[n, 31, 24, 1]`, logarithms less 6."""
    file = measuring_file("fsdd_8k_i16.npz")
    names = [str(name).removesuffix(".wav").split("_") for name in file["names"]]
    away = SPEAKERS[2 * fold : 2 * fold + 2]
    pcm, offsets = file["pcm"], file["offsets"].astype(int)
    clips = [pcm[a:b] for a, b in pairwise(offsets)]
    rng = np.random.default_rng(fold)
    order = rng.permutation(len(clips))
    train = [i for i in order if names[i][1] not in away]
    test = [i for i in order if names[i][1] in away]
    rows = [(_placed(clips[i], rng), int(names[i][0])) for i in train for _ in range(COPIES)]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    heard = _features([clip for clip, _ in rows]) + _tilts(len(rows), rng)
    yield heard, np.array([y for _, y in rows], np.int64)
    yield (
        _features([_placed(clips[i], None) for i in test]),
        np.array([int(names[i][0]) for i in test], np.int64),
    )


def _placed(clip: NDArray[Any], rng: np.random.Generator | None) -> NDArray[np.int16]:
    """`clip` in the middle of CLIP samples.

    With `rng` it is moved by up to 0.1 s, up to 6 dB louder or quieter, up to 15 % faster and
    higher or slower and lower, and heard in more or less noise.
    """
    gain, shift = 1.0, 0
    if rng is not None:
        gain, shift = float(2.0 ** rng.uniform(-1, 1)), int(rng.integers(-800, 801))
        at = np.arange(0, len(clip) - 1, rng.uniform(0.85, 1.15))
        clip = np.interp(at, np.arange(len(clip)), clip)
    whole = np.zeros(CLIP, np.float64)
    clip = clip[:CLIP]
    at = int(np.clip((CLIP - len(clip)) // 2 + shift, 0, CLIP - len(clip)))
    whole[at : at + len(clip)] = clip * gain
    noise = np.random.default_rng(len(clip)).normal(0.0, 4.0, CLIP)
    if rng is not None:
        noise *= 2.0 ** rng.uniform(-1, 4)
    return (whole + noise).round().clip(-(2**15), 2**15 - 1).astype(np.int16)


def _tilts(n: int, rng: np.random.Generator) -> Floats:
    """What `n` other microphones would add to the channels' logarithms: `[n, 1, channels, 1]`."""
    along = np.linspace(0.0, np.pi, FRONT.channels)
    waves = np.cos(along[None, :, None] * np.arange(4))
    return (waves * rng.normal(0.0, 0.4, (n, 1, 4))).sum(-1)[:, None, :, None].astype(np.float32)


def _features(clips: list[NDArray[np.int16]]) -> Floats:
    rows = [features(FRONT, clip).astype(np.float32) * FRONT.feature_scale - 6.0 for clip in clips]
    return np.stack(rows)[..., None].astype(np.float32)


def _images() -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
    """`[n, 32, 32, 3]`, 0 to 255, in random order."""
    import tensorflow as tf

    for name in ("cifar10_train_jpeg.npz", "cifar10_test_jpeg.npz"):
        file = measuring_file(name)
        content, offsets = file["jpeg"].tobytes(), file["offsets"].astype(int)
        order = np.random.default_rng(0).permutation(len(offsets) - 1)
        parts = [content[offsets[i] : offsets[i + 1]] for i in order]
        images = [tf.io.decode_jpeg(part, channels=3).numpy() for part in parts]
        kind = np.uint8 if name.startswith("cifar10_train") else np.float32  # what boards are given
        yield np.stack(images).astype(kind), file["y"][order].astype(np.int64)


def _arrays(path: Path) -> tuple[Floats, NDArray[np.int64]]:
    file = np.load(path)
    return file["x"], file["y"]


def _npz(x: NDArray[Any], y: NDArray[np.int64]) -> bytes:
    out = io.BytesIO()
    np.savez(out, x=x, y=y)
    return out.getvalue()
