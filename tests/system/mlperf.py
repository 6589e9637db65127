"""The MLPerf Tiny reference models and their evaluation data, where the environment has them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepack.board import load_board
from edgepack.errors import EdgepackError
from edgepack.target import toolchain
from edgepack.target.attach import choose_emulator

MODELS = {
    "ad01": "ad01_int8.tflite",
    "kws": "kws_ref_model.tflite",
    "resnet8": "pretrainedResnet_quant.tflite",
    "vww": "vww_96_int8.tflite",
}
DATA = {
    "ad01": "ad01_62.npz",
    "kws": "kws01_500.npz",
    "resnet8": "ic01_100.npz",
    "vww": "vww01_200.npz",
}
WHERE = "the public files are in mlcommons/tiny, see the README"


def model_path(name: str) -> Path:
    return _folder("EDGEPACK_MODELS") / MODELS[name]


def _folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} is not set; {WHERE}")
    return Path(folder)


@cache
def evaluation(name: str) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.generic]]:
    """Inputs [n, ...], labels a group, and the group of each input."""
    with np.load(_folder("EDGEPACK_DATA") / DATA[name]) as file:
        x, y = file["x"], file["y"]
    if name != "ad01":
        return x, y, np.arange(len(x))
    frames = x.reshape(len(x), 200, 128)
    windows = np.stack([frames[:, i : i + 5].reshape(len(x), 640) for i in range(196)], axis=1)
    return windows.reshape(-1, 640), y, np.repeat(np.arange(len(x)), 196)


def write_samples(name: str, path: Path, n: int = 0) -> Path:
    """A .npz as `--data` takes it; n = 0 is all, else samples spread over the set."""
    x, y, group = evaluation(name)
    if n:
        picked = np.linspace(0, len(x) - 1, n).astype(int)
        np.savez(path, x=x[picked])
    elif name == "ad01":
        np.savez(path, x=x, y=y, group=group)
    else:
        np.savez(path, x=x, y=y)
    return path


def require_board(name: str) -> None:
    """Skip where the board's compiler or emulator is not installed."""
    board = load_board(name)
    try:
        toolchain.find(board)
        if board.kind == "emulated":
            choose_emulator(board)
    except EdgepackError as error:
        pytest.skip(str(error))
