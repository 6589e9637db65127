"""What the system tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import DataSpec, FineTuneSpec, Worker
from edgepack.compress.data import Arrays
from tests.system.small_net import N, network


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """The child process in which stages run: TensorFlow is loaded there once."""
    with compress.open_worker() as shared:
        yield shared


@pytest.fixture(scope="session")
def arrays() -> Arrays:
    """Samples of five classes for small_net.py's network."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 8, 8, 4)).astype(np.float32)
    return Arrays((x,), (x.mean((1, 2)) @ rng.normal(size=(4, 5))).argmax(1))


@pytest.fixture(scope="session")
def data(arrays: Arrays, tmp_path_factory: pytest.TempPathFactory) -> DataSpec:
    """`arrays` as a file."""
    path = tmp_path_factory.mktemp("data") / "d.npz"
    np.savez(path, x=arrays.inputs[0], y=arrays.labels)
    return DataSpec(source=str(path))


@pytest.fixture(scope="session")
def trained(arrays: Arrays) -> Any:
    """The small network, trained; tests leave it as it is."""
    from edgepack.compress.tuning.lesson import Lesson, fine_tuned

    spec = FineTuneSpec(data=DataSpec(source="d"), epochs=8, learning_rate=1e-2)
    return fine_tuned(network(), spec, Lesson(arrays))[0]


@pytest.fixture(scope="session")
def saved(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`trained` as a file."""
    path = tmp_path_factory.mktemp("model") / "m.keras"
    trained.save(path)
    return path
